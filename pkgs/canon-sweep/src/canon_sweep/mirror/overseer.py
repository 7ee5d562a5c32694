"""The process that has the survey's workers: it hands out questions and ends who is late.

It does nothing else and has no threads, so that it may fork at any moment; a worker that is
ended at its deadline costs nobody else anything.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from canon_sweep import forked
from canon_sweep.core.address import read_address
from canon_sweep.errors import HostFault, SyncFault
from canon_sweep.forked import Child
from canon_sweep.mirror import asker, scratch
from canon_sweep.mirror.address import redacted
from canon_sweep.mirror.deadline import Deadline
from canon_sweep.mirror.question import Answer, Question, broken
from canon_sweep.mirror.schedule import Schedule
from canon_sweep.settings.records import Credential

NUMBER = 4
_QUESTIONS = msgspec.msgpack.Decoder(tuple[Question, ...])
# A worker's own time-outs end it at the deadline; this lets their error come first.
_GRACE = 0.3
# More than some hundred thousand refs take; less than what a host would miss.
_MOST_MEMORY = 2**30


@dataclass(slots=True)
class Overseer:
    """Asks what comes on ``line``, a batch of questions at a time, and gives each answer there.

    An answer comes behind the number of its question in the batch.
    """

    line: socket.socket
    credentials: Mapping[str, Credential]
    tmp: Path
    parallel: int
    per_server: int
    _asked: tuple[Question, ...] = ()
    _schedule: Schedule = field(default_factory=lambda: Schedule(1, 1))
    _at_work: dict[int, Child] = field(default_factory=dict)
    _idle: list[Child] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _killed: bool = False

    def serve(self) -> None:
        """Until the other end is closed."""
        for message in forked.messages(self.line):
            self._asked = _QUESTIONS.decode(message)
            self._schedule = Schedule(self.parallel, self.per_server)
            self._schedule.add([_server_of(question.url) for question in self._asked])
            self._selector.register(self.line, selectors.EVENT_READ)
            while not self._schedule.is_done:
                self._hand_out()
                if not self._hear():
                    self._rest()
                    return
                self._end_late()
            self._selector.unregister(self.line)
            self._rest()

    def _hand_out(self) -> None:
        while (number := self._schedule.next(time.monotonic())) is not None:
            question = self._asked[number]
            try:
                worker = self._idle.pop() if self._idle else self._worker()
                worker.say(msgspec.msgpack.encode(question))
            except (HostFault, OSError) as error:
                self._schedule.answered(number, time.monotonic())
                self._give(number, _not_asked(question, error))
            else:
                self._at_work[number] = worker
                self._selector.register(worker.line, selectors.EVENT_READ, number)

    def _worker(self) -> Child:
        serve = partial(asker.serve, credentials=self.credentials, tmp=self.tmp)
        return forked.forked(serve, most_memory=_MOST_MEMORY)

    def _hear(self) -> bool:
        """Take what was answered; False if nobody wants to know any more."""
        now = time.monotonic()
        ends = (began + self._most(number) for number, began in self._schedule.running.items())
        soon = min((end - now for end in ends), default=0.0)
        for key, _ in self._selector.select(max(0.0, min(soon, self._schedule.impatient_in(now)))):
            number: int | None = key.data
            if number is None:
                return False
            said = self._at_work[number].hear()
            answer = next(said, None) if said is not None else _ended(self._asked[number])
            if answer is not None:
                worker = self._freed(number)
                if said is None:
                    self._end(worker)
                else:
                    self._idle.append(worker)
                self._give(number, answer)
                if time.monotonic() - self._schedule.running[number] < self._asked[number].seconds:
                    self._schedule.answered(number, time.monotonic())
                else:
                    self._give_up(number)
        return True

    def _end_late(self) -> None:
        now = time.monotonic()
        for number, began in self._schedule.running.items():
            if now >= began + self._most(number):
                self._end(self._freed(number))
                self._give(number, _late(self._asked[number]))
                self._give_up(number)

    def _give_up(self, late: int) -> None:
        for never in self._schedule.late(late):
            self._give(never, _given_up(self._asked[never]))

    def _most(self, number: int) -> float:
        return self._asked[number].seconds + _GRACE

    def _freed(self, number: int) -> Child:
        worker = self._at_work.pop(number)
        self._selector.unregister(worker.line)
        return worker

    def _end(self, worker: Child) -> None:
        worker.end()
        self._killed = True

    def _give(self, number: int, answer: bytes) -> None:
        forked.say(self.line, number.to_bytes(NUMBER, "big") + answer)

    def _rest(self) -> None:
        """Nobody is asked any more: no process and no folder stays for it."""
        for number in list(self._at_work):
            self._end(self._freed(number))
        for worker in self._idle:
            worker.end()
        self._idle.clear()
        if self._killed:
            # what ssh needs at home goes with who needed it
            with suppress(SyncFault):
                if scratch.dead(self.tmp):
                    scratch.clear(self.tmp)
        self._killed = False


def _server_of(url: str) -> str:
    """Whom a question asks; a folder of this machine is its own server."""
    try:
        where = read_address(url)
    except ValueError:
        return url
    return f"{where.scheme}://{where.host}:{where.port}" if where.host else url


def _not_asked(question: Question, error: Exception) -> bytes:
    why = error.what if isinstance(error, HostFault) else os.strerror(getattr(error, "errno", 0))
    what = f"{redacted(question.url)} cannot be asked: {why}"
    return _encoded(SyncFault(what, do="the next run tries again"))


def _ended(question: Question) -> bytes:
    what = f"{redacted(question.url)} cannot be read: whoever asked it was ended by this machine"
    return _encoded(
        SyncFault(what, do="see whether it runs out of memory; the next run asks again")
    )


def _late(question: Question) -> bytes:
    deadline = Deadline(question.seconds)
    deadline.waiting_for = redacted(question.url)
    return _encoded(deadline.fault(), late=True)


def _given_up(question: Question) -> bytes:
    shown = redacted(question.url)
    what = f"{shown} was not asked: its server let all others wait for {question.seconds:g} s"
    do = "see whether it answers, or allow a sync more time"
    return _encoded(SyncFault(what, do=do), late=True)


def _encoded(fault: SyncFault, *, late: bool = False) -> bytes:
    return msgspec.msgpack.encode(Answer(broken=broken(fault, late=late)))
