"""Who is asked next, of many remotes on some servers; nothing here asks anybody, or the time."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# A question that waits so many seconds is no load, to us or to its server.
PATIENCE = 2.0
# More questions than may be at work may wait at once: each is a process.
MOST_WAITING = 32


@dataclass(slots=True)
class _Server:
    waiting: deque[int] = field(default_factory=deque)
    asked: int = 0
    last_answer: float = -1.0


@dataclass(slots=True)
class Schedule:
    """The order of questions: ``parallel`` at work at once, ``per_server`` at one server.

    One that waits long does not count among those at work, so that servers which let everybody
    wait cost the others nothing.  A server that has answered nobody while a question ran to
    its end is given up: what else would be asked of it is never asked.
    """

    parallel: int
    per_server: int
    _servers: dict[str, _Server] = field(default_factory=dict)
    _turn: deque[str] = field(default_factory=deque)
    _running: dict[int, tuple[str, float]] = field(default_factory=dict)
    _short: int = sys.maxsize

    def add(self, servers: Sequence[str]) -> None:
        """Questions by their number; what they have in ``servers`` is whom they ask."""
        for number, name in enumerate(servers):
            server = self._servers.setdefault(name, _Server())
            if not server.waiting:
                self._turn.append(name)
            server.waiting.append(number)

    @property
    def is_done(self) -> bool:
        """Whether nothing is asked, nor to be asked."""
        return not self._running and not self._turn

    def next(self, now: float) -> int | None:
        """The question that is to be asked now, if any may be; it counts as asked."""
        if len(self._running) >= min(self._short, self.parallel + MOST_WAITING):
            return None
        if sum(now - began < PATIENCE for _, began in self._running.values()) >= self.parallel:
            return None
        for _ in range(len(self._turn)):
            name = self._turn.popleft()
            server = self._servers[name]
            if server.asked < self.per_server:
                number = server.waiting.popleft()
                server.asked += 1
                self._running[number] = (name, now)
                if server.waiting:
                    self._turn.append(name)
                return number
            self._turn.append(name)
        return None

    def answered(self, number: int, now: float) -> None:
        """A question has its answer, whatever that is."""
        self._ended(number).last_answer = now

    def put_back(self, number: int) -> None:
        """Nobody more can be had to ask a question: it waits until one that is asked has ended."""
        name, _ = self._running[number]
        server = self._ended(number)
        self._short = len(self._running)
        if not server.waiting:
            self._turn.append(name)
        server.waiting.appendleft(number)

    def late(self, number: int) -> tuple[int, ...]:
        """A question has come to its deadline; those that are therefore never asked."""
        name, began = self._running[number]
        server = self._ended(number)
        if server.last_answer >= began or not server.waiting:
            return ()
        never = tuple(server.waiting)
        server.waiting.clear()
        self._turn.remove(name)
        return never

    def impatient_in(self, now: float) -> float:
        """In how many seconds one of those at work no longer counts among them."""
        left = (PATIENCE - (now - began) for _, began in self._running.values())
        return min((each for each in left if each > 0), default=PATIENCE)

    @property
    def running(self) -> Mapping[int, float]:
        """When each question that is asked now was begun with."""
        return {number: began for number, (_, began) in self._running.items()}

    def _ended(self, number: int) -> _Server:
        server = self._servers[self._running.pop(number)[0]]
        server.asked -= 1
        return server
