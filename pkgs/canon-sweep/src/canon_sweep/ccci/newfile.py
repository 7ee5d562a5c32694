"""Writes what an import makes: new files, and never over what somebody else has written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from canon_sweep.errors import UsageFault

SECRET = 0o600
READABLE = 0o644


def write_new(path: Path, text: str, mode: int) -> None:
    """Write a file that is not there yet, or says the same already; its folder is made.

    Raises:
        UsageFault: it says something else, or cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700 if mode == SECRET else 0o755, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, mode)
        except FileExistsError:
            _check_same(path, text, mode)
            return
        _fill(path, descriptor, text)
    except OSError as error:
        raise UsageFault(f"{path} cannot be written: {error.strerror}") from None


def _fill(path: Path, descriptor: int, text: str) -> None:
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        # half a file would be taken for another one the next time
        path.unlink(missing_ok=True)
        raise


def _check_same(path: Path, text: str, mode: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        wanted = text.encode()
        if not is_file or file.read(len(wanted) + 1) != wanted:
            raise UsageFault(f"{path} says something else already", do="move it, or name another")
        if mode == SECRET:
            os.fchmod(descriptor, mode)
