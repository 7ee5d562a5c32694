"""Who is asked next, of many remotes on some servers; nothing here asks anybody, or the time."""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

# A question that waits so many seconds is no load, to us or to its server.
PATIENCE = 2.0
# More questions than may be at work may wait at once: each is a process.
MOST_WAITING = 32
# Seconds that a busy server is left alone, and how long it may be busy for everybody.
REST = 1.0
MOST_BUSY = 10.0
# How often one question is asked of a server that has no time for it.
MOST_TRIES = 5


class _Server(msgspec.Struct):
    waiting: deque[int] = msgspec.field(default_factory=deque)
    asked: int = 0
    last_answer: float = -1.0
    most: float = math.inf
    busy_since: float | None = None
    rests_until: float = -1.0

    def takes(self, most: int, now: float) -> bool:
        """Whether it may be asked one more question now."""
        return self.asked + 1 <= min(most, self.most) and now >= self.rests_until


class Schedule(msgspec.Struct):
    """The order of questions: ``parallel`` at work at once, ``per_server`` at one server.

    One that waits long does not count among those at work, so that servers which let everybody
    wait cost the others nothing.  A server that has answered nobody while a question ran to
    its end is given up: what else would be asked of it is never asked.

    One that is busy is asked half as much at once, and that question again; one that is busy for
    everybody, one at a time.  As it answers it is asked more, and given up if it does not.
    """

    parallel: int
    per_server: int
    _servers: dict[str, _Server] = msgspec.field(default_factory=dict)
    _turn: deque[str] = msgspec.field(default_factory=deque)
    _running: dict[int, tuple[str, float]] = msgspec.field(default_factory=dict)
    _short: int = sys.maxsize
    _tries: dict[int, int] = msgspec.field(default_factory=dict)

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
            if server.takes(self.per_server, now):
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
        server = self._ended(number)
        server.last_answer, server.busy_since = now, None
        server.most = min(self.per_server, server.most + 1 / server.most)

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
        return self._given_up(name)

    def busy(self, number: int, now: float, seconds: float) -> tuple[int, ...]:
        """A server has no time for a question, which may take ``seconds``.

        It is asked again, unless it is among those that are given: they are not asked any more.
        """
        name, began = self._running[number]
        server = self._ended(number)
        server.most = max(1.0, min(self.per_server, server.most) / 2)
        if server.last_answer < began:
            server.most, server.rests_until = 1.0, now + REST
            server.busy_since = now if server.busy_since is None else server.busy_since
        self._tries[number] = self._tries.get(number, 0) + 1
        if self._tries[number] < MOST_TRIES:
            if not server.waiting:
                self._turn.append(name)
            server.waiting.append(number)
            over: tuple[int, ...] = ()
        else:
            over = (number,)
        since = server.busy_since
        if since is None or now - since < min(seconds, MOST_BUSY):
            return over
        return over + self._given_up(name)

    def impatient_in(self, now: float) -> float:
        """In how many seconds one of those at work no longer counts, or a server has rested."""
        left = [PATIENCE - (now - began) for _, began in self._running.values()]
        left += [self._servers[name].rests_until - now for name in self._turn]
        return min((each for each in left if each > 0), default=PATIENCE)

    @property
    def running(self) -> Mapping[int, float]:
        """When each question that is asked now was begun with."""
        return {number: began for number, (_, began) in self._running.items()}

    def _given_up(self, name: str) -> tuple[int, ...]:
        server = self._servers[name]
        if not server.waiting:
            return ()
        never = tuple(server.waiting)
        server.waiting.clear()
        self._turn.remove(name)
        return never

    def _ended(self, number: int) -> _Server:
        server = self._servers[self._running.pop(number)[0]]
        server.asked -= 1
        return server
