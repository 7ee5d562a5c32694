"""The process that has the survey's workers: it hands out questions and ends who is late.

It does nothing else and has no threads, so that it may fork at any moment; a worker that is
ended at its deadline costs nobody else anything.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial

import msgspec

from canon_sweep import forked
from canon_sweep.core.address import read_address
from canon_sweep.errors import HostFault, SyncFault
from canon_sweep.forked import Child
from canon_sweep.mirror import asker, scratch
from canon_sweep.mirror.address import redacted
from canon_sweep.mirror.advertisement import BusyFault
from canon_sweep.mirror.deadline import Deadline
from canon_sweep.mirror.disk import DiskFault
from canon_sweep.mirror.question import HEAD, Answer, Question, Terms, broken
from canon_sweep.mirror.schedule import PATIENCE, Schedule

_ANSWER = msgspec.msgpack.Decoder(Answer)
_QUESTIONS = msgspec.msgpack.Decoder(tuple[Question, ...])
# A worker's own time-outs end it at the deadline; this lets their error come first.
_GRACE = 0.3
# More than some hundred thousand refs take; less than what a host would miss.
_MOST_MEMORY = 2**30


class _Worker(msgspec.Struct):
    """A process, and the number of the question that it is asked, if it is."""

    child: Child
    number: int | None = None


class Overseer(msgspec.Struct):
    """Asks what comes on ``line``, a batch of questions at a time, and gives each answer there.

    An answer comes behind the number of its question in the batch.  Whoever is slow to hear
    the answers keeps nobody from being asked: what is not heard yet waits here.
    """

    line: socket.socket
    messages: Iterator[bytes]
    terms: Terms
    _asked: tuple[Question, ...] = ()
    _schedule: Schedule = msgspec.field(default_factory=lambda: Schedule(1, 1))
    _workers: list[_Worker] = msgspec.field(default_factory=list)
    _selector: selectors.BaseSelector = msgspec.field(default_factory=selectors.DefaultSelector)
    _busy: dict[int, bytes] = msgspec.field(default_factory=dict)
    _unheard: bytearray = msgspec.field(default_factory=bytearray)
    _killed: bool = False

    def serve(self) -> None:
        """Until the other end is closed."""
        self._clear()
        for message in self.messages:
            self._asked = _QUESTIONS.decode(message)
            self._schedule = Schedule(self.terms.parallel, self.terms.per_server)
            self._busy = {}
            self._schedule.add([_server_of(question.url) for question in self._asked])
            self._selector.register(self.line, selectors.EVENT_READ)
            is_wanted = self._ask_all()
            self._selector.unregister(self.line)
            self._rest()
            if not is_wanted:
                return
            # nobody is asked meanwhile, so this may take its time
            self.line.sendall(self._unheard)
            self._unheard.clear()

    def _ask_all(self) -> bool:
        """Until there is an answer to each; False if nobody wants to know any more."""
        while True:
            self._hand_out()
            # nothing is heard then: what comes on the line is the next batch
            if self._schedule.is_done:
                return True
            if not self._hear():
                return False
            self._end_late()

    def _hand_out(self) -> None:
        while (number := self._schedule.next(time.monotonic())) is not None:
            question = self._asked[number]
            try:
                worker = next((each for each in self._workers if each.number is None), None)
                worker = worker or self._made()
                worker.number = number
                worker.child.say(msgspec.msgpack.encode(question))
            except HostFault as fault:
                if self._workers:
                    self._schedule.put_back(number)
                    return
                self._schedule.answered(number, time.monotonic())
                self._give(number, _not_asked(question, fault))
            except OSError:
                pass  # it has ended, which is heard next

    def _made(self) -> _Worker:
        serve = partial(asker.serve, credentials=self.terms.credentials, tmp=self.terms.tmp)
        worker = _Worker(forked.forked(serve, most_memory=_MOST_MEMORY))
        self._workers.append(worker)
        self._selector.register(worker.child.line, selectors.EVENT_READ, worker)
        return worker

    def _hear(self) -> bool:
        """Take what was answered; False if nobody wants to know any more."""
        now = time.monotonic()
        ends = (began + self._most(number) for number, began in self._schedule.running.items())
        soon = min((end - now for end in ends), default=PATIENCE)
        patience = max(0.0, min(soon, self._schedule.impatient_in(now)))
        for key, ready in self._selector.select(patience):
            if key.data is not None:
                self._hear_worker(key.data)
            elif ready & selectors.EVENT_READ:
                return False
            else:
                self._tell()
        return True

    def _hear_worker(self, worker: _Worker) -> None:
        said, number = worker.child.hear(), worker.number
        if said is None:
            self._end(worker)
            answer = None if number is None else _ended(self._asked[number])
        else:
            answer = next(said, None)
        if answer is None or number is None:
            return
        worker.number = None
        self._take(number, answer)

    def _take(self, number: int, answer: bytes) -> None:
        now, told = time.monotonic(), _ANSWER.decode(answer)
        if now - self._schedule.running[number] >= self._asked[number].seconds:
            self._give(number, answer)
            self._give_each(self._schedule.late(number), _given_up)
        elif told.is_busy:
            self._busy[number] = answer
            over = self._schedule.busy(number, now, self._asked[number].seconds)
            self._give_each(over, _left_alone)
        elif told.wants_rest:
            self._give(number, answer)
            self._give_each(self._schedule.late(number), _left_alone)
        else:
            self._give(number, answer)
            self._schedule.answered(number, now)

    def _end_late(self) -> None:
        now, running = time.monotonic(), self._schedule.running
        for worker in list(self._workers):
            number = worker.number
            if number is not None and now >= running[number] + self._most(number):
                self._end(worker)
                self._give(number, _late(self._asked[number]))
                self._give_each(self._schedule.late(number), _given_up)

    def _give_each(self, over: Iterable[int], why: Callable[[Question], bytes]) -> None:
        """What was asked once is told with its own answer, and all else with why it was not."""
        for number in over:
            self._give(number, self._busy.get(number) or why(self._asked[number]))

    def _most(self, number: int) -> float:
        return self._asked[number].seconds + _GRACE

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        self._selector.unregister(worker.child.line)
        worker.child.end()
        self._killed = self._killed or worker.number is not None

    def _give(self, number: int, answer: bytes) -> None:
        self._unheard += forked.framed(HEAD.pack(number, time.monotonic()) + answer)
        self._tell()

    def _tell(self) -> None:
        """Say as much as is heard at once, and the rest when there is somebody who hears it."""
        # whoever wants to know no more has closed the line, which is heard next
        with suppress(BlockingIOError, ConnectionError):
            del self._unheard[: self.line.send(self._unheard, socket.MSG_DONTWAIT)]
        waits = selectors.EVENT_WRITE if self._unheard else 0
        self._selector.modify(self.line, selectors.EVENT_READ | waits)

    def _rest(self) -> None:
        """Nobody is asked any more: no process and no folder stays for it."""
        for worker in list(self._workers):
            self._end(worker)
        if self._killed:
            self._clear()
        self._killed = False

    def _clear(self) -> None:
        """What ssh needs at home goes with who needed it, here or in a run that was killed."""
        with suppress(SyncFault):
            if scratch.dead(self.terms.tmp):
                scratch.clear(self.terms.tmp)


def oversee(line: socket.socket) -> None:
    """Be an overseer, on the terms that come first on ``line``; until its other end is closed."""
    messages = forked.messages(line)
    told = next(messages, None)
    if told is not None:
        Overseer(line, messages, Terms.decoded(told)).serve()


def _server_of(url: str) -> str:
    """Whom a question asks; a folder of this machine is its own server."""
    try:
        where = read_address(url)
    except ValueError:
        return url
    return f"{where.scheme}://{where.host}:{where.port}" if where.host else url


def _not_asked(question: Question, fault: HostFault) -> bytes:
    return _encoded(
        DiskFault(f"{redacted(question.url)} cannot be asked: {fault.what}", do=fault.do)
    )


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


def _left_alone(question: Question) -> bytes:
    shown = redacted(question.url)
    what = f"{shown} was not asked: its server was too busy for all others"
    return _encoded(BusyFault(what, do="it cannot answer now; the next run tries again"))


def _encoded(fault: SyncFault, *, late: bool = False) -> bytes:
    return msgspec.msgpack.encode(Answer(broken=broken(fault, late=late)))
