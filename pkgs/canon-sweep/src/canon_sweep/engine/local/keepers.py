"""Has keepers started, by a starter of this process's own: see `starter`."""

from __future__ import annotations

import marshal
import os
import resource
import select
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

import msgspec

from canon_sweep import process
from canon_sweep.engine.local import keeper, starter
from canon_sweep.engine.local.keeper import Order

# the kernel's bound of one text that a program is given, and how many limits it knows
_LONGEST_TEXT = 128 * 1024
_LIMITS = 16
# no path is longer, and the starter's own arguments have room for the rest
_ROOM = 4096 + 64
# it writes no bytecode: the folder may be anybody's
STARTER = (sys.executable, "-I", "-S", "-B", str(Path(starter.__file__).resolve()))
# what a keeper says at once
_WORD = 4096
# seconds: a Python starts in less on any host that is of use
PATIENCE = 60.0


class Ordered(msgspec.Struct, frozen=True):
    """A keeper that has been started.  `bury` gives up what it says."""

    pid: int
    start: int
    word: int

    def told(self) -> int | OSError | None:
        """Its program's exit code, or why there was none; None for one that could not, as killed.

        Only the first call is answered.
        """
        word = os.read(self.word, _WORD) if _is_answered(self.word, 0) else b""
        if word.removeprefix(b"-").isdigit():
            return int(word)
        # anything else is an app's, which can get at it as we can
        return keeper.refused(word)

    def bury(self) -> None:
        """To be called exactly once."""
        os.close(self.word)


class Starter(msgspec.Struct):
    """A starter, started when it is first needed."""

    orders: socket.socket | None = None
    # kept: Python complains of a child that is let go before it ends
    child: process.Child | None = None
    lock: Lock = msgspec.field(default_factory=Lock)

    def order(self, order: Order, gate: int, output: int) -> Ordered:
        """Have a keeper started that waits at ``gate``, for what says its program ``output``.

        Raises:
            OSError: no process can be started, or not in time.
        """
        with ExitStack() as if_it_fails, ExitStack() as handed:
            said, word = os.pipe()
            handed.callback(os.close, word)
            if_it_fails.callback(os.close, said)
            text = os.memfd_create("canon-sweep-order")
            handed.callback(os.close, text)
            with open(text, "wb", closefd=False) as file:
                marshal.dump(tuple(order), file)
            os.lseek(text, 0, os.SEEK_SET)
            asked = self._give([text, gate, output, word])
            if_it_fails.pop_all()
        if not _is_answered(said, PATIENCE):
            # somebody has stopped it, or its keeper; the next order starts another
            asked.kill()
            os.close(said)
            raise OSError(0, "what starts it does not answer")
        return _started(said)

    def forget(self) -> None:
        """In a fork of ours: the starter is our parent's, who may be talking to it."""
        if self.orders is not None:
            self.orders.close()
        self.orders = None
        self.lock = Lock()

    def _give(self, handed: list[int]) -> process.Child:
        with self.lock:
            if self.orders is None:
                self.orders = self._start()
            try:
                socket.send_fds(self.orders, [b"k"], handed)
            except (BrokenPipeError, ConnectionResetError):
                # somebody has killed it
                self.orders.close()
                self.orders = self._start()
                socket.send_fds(self.orders, [b"k"], handed)
            assert self.child is not None
            return self.child

    def _start(self) -> socket.socket:
        ours, its = socket.socketpair()
        number = its.fileno()
        command = [*STARTER, str(number), " " * _ROOM]
        with its, Path(os.devnull).open("wb") as nowhere:
            self.child = process.start(
                command, env={}, cwd=Path("/"), output=nowhere, pass_fds=[number]
            )
        return ours


OURS = Starter()
os.register_at_fork(after_in_child=OURS.forget)


def _started(said: int) -> Ordered:
    """The keeper, once it has said that it is there.

    Raises:
        OSError: it could not be.
    """
    word = os.read(said, _WORD)
    pid, _, start = word.partition(b" ")
    if pid.isdigit() and start.isdigit():
        return Ordered(int(pid), int(start), said)
    os.close(said)
    raise keeper.refused(word) or OSError(0, "what starts it has ended")


def _is_answered(said: int, seconds: float) -> bool:
    poller = select.poll()
    poller.register(said, select.POLLIN)
    return bool(poller.poll(seconds * 1000))


def limits() -> dict[int, tuple[int, int]]:
    """Ours, which a keeper is to have as if we had started it."""
    return {number: resource.getrlimit(number) for number in range(_LIMITS)}


def is_too_long(command: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether the kernel would not take it: a text of it, or all of them with a pointer each."""
    texts = [*command, *(f"{name}={value}" for name, value in env.items())]
    lengths = [len(os.fsencode(text)) + 1 for text in texts]
    whole = sum(lengths) + 8 * len(lengths)
    return max(lengths) > _LONGEST_TEXT or whole > os.sysconf("SC_ARG_MAX")
