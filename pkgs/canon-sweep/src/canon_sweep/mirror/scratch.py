"""Folders for the length of one conversation, which a kill must not leave for ever."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from canon_sweep import tree
from canon_sweep.mirror import disk

_PREFIX = "run-"
_HELD = "held"


def beside(clone: Path) -> Path:
    """Where the folders of a clone's conversations are made: on the cache's disk."""
    return clone.with_name("tmp")


@contextmanager
def scratch(below: Path) -> Iterator[Path]:
    """An empty folder of one's own in ``below``, which goes afterwards.

    Those of processes that are dead go first; those in use, here or in another
    process, are locked, and the kernel frees the lock of whoever dies.

    Raises:
        DiskFault: it cannot be made.
    """
    try:
        lock, folder = _made(below)
    except OSError as error:
        raise disk.uncached(below, error) from error
    try:
        yield folder
    finally:
        _remove(folder.parent)
        os.close(lock)


def dead(below: Path) -> tuple[Path, ...]:
    """The folders in ``below`` that processes left which are dead.

    Raises:
        DiskFault: it cannot be read.
    """
    try:
        return tuple(sorted(entry for entry in below.iterdir() if _is_dead(entry)))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise disk.unusable(below, error.strerror or str(error)) from error


def clear(below: Path) -> str:
    """Remove them; gives what could not be removed, empty if nothing is left.

    Raises:
        DiskFault: it cannot be read or written.
    """
    try:
        # as in `_made`: one that is not locked yet is not dead
        with (below / "lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            for entry in dead(below):
                _remove(entry)
            return ", ".join(map(str, dead(below)))
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise disk.unusable(below, error.strerror or str(error)) from error


def _made(below: Path) -> tuple[int, Path]:
    below.mkdir(mode=0o700, parents=True, exist_ok=True)
    # One at a time: nobody may take a folder that is not locked yet for a dead one's.
    with (below / "lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for entry in below.iterdir():
            if _is_dead(entry):
                _remove(entry)
        own = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=below))
        folder = own / "folder"
        folder.mkdir()
        lock = os.open(own / _HELD, os.O_WRONLY | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock, folder


def _remove(folder: Path) -> None:
    # what stays is nobody's, and tried again by whoever comes next
    with suppress(OSError):
        tree.remove(folder)


def _is_dead(entry: Path) -> bool:
    return entry.name.startswith(_PREFIX) and not _in_use(entry)


def _in_use(entry: Path) -> bool:
    try:
        lock = os.open(entry / _HELD, os.O_WRONLY)
    except FileNotFoundError:
        return False  # its maker died before it was locked
    except OSError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
