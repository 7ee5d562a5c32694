"""A file in a clone with what need not be found out again; it goes with the clone.

It is not flushed to the disk: one that a power loss has cut, or emptied, is not whole, and then
there is none.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

SIZE = 16
# what is kept of a hundred thousand tags is a fifth of it
_MOST = 64 * 1024 * 1024


def digest(content: bytes) -> bytes:
    """What another content does not have."""
    return hashlib.blake2b(content, digest_size=SIZE).digest()


def read(file: Path) -> bytes | None:
    """What was written, or None if that is not there, or not whole."""
    content = _content(file)
    if content is None or content[:SIZE] != digest(content[SIZE:]):
        return None
    return content[SIZE:]


def write(file: Path, content: bytes) -> None:
    """Keep this; whoever cannot goes without.  A draft that is left is written over."""
    draft = file.with_name(f"{file.name}.new")
    try:
        draft.write_bytes(digest(content) + content)
        draft.replace(file)
    except OSError:
        drop(file)


def renew(file: Path) -> None:
    """Note that what was kept has just been found to be so."""
    with suppress(OSError):
        os.utime(file, follow_symlinks=False)


def age(file: Path) -> float:
    """Seconds since it was written or renewed, or until then, by a clock that was set back."""
    try:
        return abs(time.time() - file.lstat().st_mtime)
    except OSError:
        return float("inf")


def drop(file: Path) -> None:
    """Keep nothing any more."""
    with suppress(OSError):
        file.unlink()


def _content(file: Path) -> bytes | None:
    try:
        # whatever lies there, nobody waits for it
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        about = os.fstat(opened)
        if not stat.S_ISREG(about.st_mode) or about.st_size > _MOST:
            return None
        with open(opened, "rb", closefd=False) as stream:
            return stream.read()
    except OSError:
        return None
    finally:
        os.close(opened)
