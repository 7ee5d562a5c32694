"""One sweep at a time.  The kernel frees a lock whose holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canon_sweep.errors import DeferredFault, StateFault


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock, or give up at once.

    Raises:
        DeferredFault: another process holds it.
        StateFault: the lock's file cannot be made.
    """
    descriptor = _open(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise DeferredFault(
                f"another canon-sweep (process {holder}) is at work",
                do="try again when it has ended",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StateFault(f"{path} cannot be opened: {error.strerror}") from error
