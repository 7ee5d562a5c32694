"""Folders of the state: ours alone, and flushed when a name in them has changed."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from canon_sweep import tree
from canon_sweep.errors import StateFault
from canon_sweep.state import storage
from canon_sweep.state.owner import viewer

_OTHERS = 0o077


def make(folder: Path, mode: int = 0o700) -> None:
    """Make a folder, and whatever is missing above it, for nobody but us.

    Apps say passwords in their logs, and their last words are in the ledger.  A folder
    that is there keeps its mode.

    Raises:
        OSError: it cannot be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        # FileExistsError only if it is no folder: somebody else may have made it meanwhile
        path.mkdir(mode=mode, exist_ok=True)


def hindrance(folder: Path) -> tuple[str, str] | None:
    """Why we cannot make a folder that is missing, and the next step; None if we can.

    What is missing may be above it.  None also where nobody can tell, as above a folder that
    we may not look into: the kernel says then what it can.
    """
    first, there = None, folder
    try:
        while not _is_there(there):
            first, there = there, there.parent
        if not there.is_dir():
            return f"{there} is no folder", "remove it, or set another folder"
    except OSError:
        return None
    if first is None or os.access(there, os.W_OK | os.X_OK):
        return None
    me = viewer().name
    what = f"{first} is not there, and {me} cannot make it in {there}"
    return what, f"make it, and let it belong to {me}"


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def flush(folder: Path) -> None:
    """Make sure that a folder's names survive a power loss.

    Raises:
        StateFault: the disk does not say so.
    """
    try:
        flush_names(folder)
    except OSError as error:
        raise storage.denied(f"{folder} cannot be flushed", error) from error


def flush_names(folder: Path) -> None:
    """As `flush`, for who has more to do than to flush.

    Raises:
        OSError: the disk does not say so.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def narrow(path: Path) -> bool:
    """Take everybody else's rights from a file or folder of ours; True if there were any.

    Raises:
        StateFault: they cannot be taken.
    """
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode) or not found.st_mode & _OTHERS:
            return False
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise storage.denied(
            f"{path} is open to other users, and cannot be closed", error
        ) from error
    return True


def check_own(folder: Path) -> None:
    """See that a folder whose whole content is removed is one of our own, or not there yet.

    Raises:
        StateFault: it is a link, and what it leads to may have other people's files.
    """
    if folder.is_symlink():
        raise StateFault(
            f"{folder} is a link, and all that is in it would be removed",
            do="remove the link; a disk of its own is mounted there instead",
        )


def clear(folder: Path) -> tuple[str, ...]:
    """Remove everything in a folder; a text for each entry that could not be removed."""
    problems = []
    try:
        check_own(folder)
        entries = sorted(folder.iterdir())
    except StateFault as fault:
        return (str(fault),)
    except FileNotFoundError:
        return ()
    except OSError as error:
        return (f"{folder} cannot be cleared: {error.strerror}",)
    for entry in entries:
        try:
            tree.remove(entry)
        except OSError as error:
            what = error.filename or entry
            problems.append(f"{what} cannot be removed: {error.strerror}; remove it by hand")
    if not problems:
        with suppress(OSError):
            folder.rmdir()
    return tuple(problems)
