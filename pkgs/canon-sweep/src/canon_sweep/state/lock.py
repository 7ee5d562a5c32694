"""One sweep at a time, one change of a file at a time.  The kernel frees a dead holder's lock.

Who waits for his turn has the queue's lock together with the others who do, and so the
holder can see that anybody waits: the kernel promises no order among those who want a lock,
and whoever lets go of it for a moment would most often have it back at once.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from canon_sweep import interrupt
from canon_sweep.core.denial import EXHAUSTED
from canon_sweep.errors import DeferredFault, StateFault
from canon_sweep.settings.duration import written
from canon_sweep.state import folders, storage

PATIENCE = 10.0
"""How long to wait for somebody else's change, in seconds: far longer than one takes."""
UNCLAIMED = 10.0
"""How long a turn may be nobody's while somebody waits for it: he looks ten times a second."""
_PAUSE = 0.01
# somebody else's turn takes minutes
_TURN_PAUSE = 0.1


class Turn(msgspec.Struct):
    """The right to act on the state; ``is_ours`` is false while somebody else has it."""

    path: Path
    descriptor: int
    queue: int
    is_ours: bool = True

    def let_in(self, time_left: Callable[[], float], say: Callable[[str], None]) -> bool:
        """Let those who queue have their turn, then take ours again.

        False if there was no time to wait for the end of theirs: the turn is not ours then,
        and nothing may be done any more that needs it.  A turn that nobody takes, as who
        waits for it may have been stopped, is ours again after `UNCLAIMED` seconds.

        Raises:
            StateFault: a lock cannot be had.
        """
        if _is_taken(self.queue, self.path):
            fcntl.flock(self.queue, fcntl.LOCK_UN)
            return True
        say("somebody waits for his turn: the sweep goes on after him")
        self.is_ours = False
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        if not self._is_back(time_left, say):
            return False
        fcntl.flock(self.queue, fcntl.LOCK_UN)
        self.is_ours = True
        _sign(self.descriptor, self.path)
        return True

    def _is_back(self, time_left: Callable[[], float], say: Callable[[str], None]) -> bool:
        """Take the turn when all who wait have had theirs, or as soon as none of them does."""
        free_since = None
        # who has got his turn leaves the queue; and when the queue is empty, it is ours next
        while not _is_taken(self.queue, self.path):
            if not _is_taken(self.descriptor, self.path):
                free_since = None
            elif free_since is not None and time.monotonic() - free_since >= UNCLAIMED:
                say("whoever waits for his turn does not take it: the sweep goes on")
                return True
            else:
                fcntl.flock(self.descriptor, fcntl.LOCK_UN)
                free_since = free_since or time.monotonic()
            if time_left() <= 0:
                return False
            time.sleep(_TURN_PAUSE)
        while not _is_taken(self.descriptor, self.path):
            if time_left() <= 0:
                return False
            time.sleep(_TURN_PAUSE)
        return True


@contextmanager
def held(
    path: Path, patience: float = 0.0, say: Callable[[str], None] = lambda _: None
) -> Iterator[Turn]:
    """Hold the lock; while another process has it, queue for ``patience`` seconds, or give up.

    Raises:
        DeferredFault: another process holds it.
        StateFault: the lock's file cannot be made or written.
    """
    with ExitStack() as files:
        descriptor, queue = _open(path), _open(path.with_name(f"{path.name}.queue"))
        files.callback(os.close, descriptor)
        files.callback(os.close, queue)
        if not _is_taken(descriptor, path):
            fault = DeferredFault(
                f"another canon-sweep (process {_holder(descriptor)}) is at work",
                do="try again when it has ended",
            )
            if patience <= 0:
                raise fault
            say(f"waiting for a turn, at most {written(patience)}: {fault.what}")
            _queue(descriptor, queue, path, patience, fault)
        _sign(descriptor, path)
        yield Turn(path, descriptor, queue)


def _queue(descriptor: int, queue: int, path: Path, patience: float, fault: DeferredFault) -> None:
    end = time.monotonic() + patience
    is_queued = False
    # a signal ends the waiting: nothing has been done yet
    with interrupt.LetThrough():
        while not _is_taken(descriptor, path):
            if time.monotonic() > end:
                raise fault
            is_queued = is_queued or _is_taken(queue, path, fcntl.LOCK_SH)
            time.sleep(_TURN_PAUSE)
    fcntl.flock(queue, fcntl.LOCK_UN)


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"


@contextmanager
def changing(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Read a file, change it and write it back, while nobody else does.

    The lock is a file of its own beside it: the file itself is replaced, and a sweep
    that is on does not keep a hold from being put.

    Raises:
        StateFault: somebody else is still at it after ``patience`` seconds, or the
            lock's file cannot be made.
    """
    descriptor = _open(path.with_name(f"{path.name}.lock"))
    try:
        wait(descriptor, path, patience)
        yield
    finally:
        os.close(descriptor)


def wait(descriptor: int, path: Path, patience: float = PATIENCE) -> None:
    """Take the lock of an open file, which is told as ``path``.

    Raises:
        StateFault: somebody else has it, for longer than ``patience`` seconds.
    """
    end = time.monotonic() + patience
    while not _is_taken(descriptor, path):
        if time.monotonic() > end:
            raise StateFault(
                f"{path} is being changed by another process, for {written(patience)} by now",
                do="try again, or end that process",
            )
        time.sleep(_PAUSE)


def is_taken(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Take the lock of an open file if nobody has it, and say whether it is ours.

    Several may have one of the kind ``LOCK_SH`` together.

    Raises:
        OSError: the file system has no locks, or too many.
    """
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_taken(descriptor: int, path: Path, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        return is_taken(descriptor, kind)
    except OSError as error:
        raise storage.denied(f"{path} cannot be locked", error) from error


def _sign(descriptor: int, path: Path) -> None:
    """Say in the lock's file who holds it."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise storage.denied(f"{path} cannot be written", error) from error


def _open(path: Path) -> int:
    try:
        folders.make(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in EXHAUSTED and (found := folders.hindrance(path.parent)):
            raise storage.unmade("stateDir", found) from error
        raise storage.denied(f"{path} cannot be opened", error) from error
