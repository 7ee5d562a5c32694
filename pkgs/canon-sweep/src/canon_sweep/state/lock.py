"""One sweep at a time, one change of a file at a time.  The kernel frees a dead holder's lock."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canon_sweep.errors import DeferredFault, StateFault
from canon_sweep.state import folders, storage

PATIENCE = 10.0
"""How long to wait for somebody else's change, in seconds: far longer than one takes."""
_PAUSE = 0.01


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock, or give up at once.

    Raises:
        DeferredFault: another process holds it.
        StateFault: the lock's file cannot be made or written.
    """
    descriptor = _open(path)
    try:
        if not _is_taken(descriptor, path):
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise DeferredFault(
                f"another canon-sweep (process {holder}) is at work",
                do="try again when it has ended",
            )
        _sign(descriptor, path)
        yield
    finally:
        os.close(descriptor)


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
                f"{path} is being changed by another process, for {patience:g} s by now",
                do="try again, or end that process",
            )
        time.sleep(_PAUSE)


def is_taken(descriptor: int) -> bool:
    """Take the lock of an open file if nobody has it, and say whether it is ours.

    Raises:
        OSError: the file system has no locks, or too many.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_taken(descriptor: int, path: Path) -> bool:
    try:
        return is_taken(descriptor)
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
        raise storage.denied(f"{path} cannot be opened", error) from error
