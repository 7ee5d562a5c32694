"""Files that some process has locked.

A lock that is tried for would for a moment be ours, and make somebody else's own try fail:
the kernel's list is read instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from canon_sweep.core.names import plain
from canon_sweep.errors import HostFault

_PROC = Path("/proc")


class LockFiles(msgspec.Struct, frozen=True):
    """Files by path, the last part of which may be a pattern."""

    patterns: Sequence[str]
    proc: Path = _PROC

    def in_flight(self) -> str | None:
        """The first such file that is locked; where there is no file or folder, none is.

        Raises:
            HostFault: folder, file or the kernel's list cannot be read.
        """
        locked = frozenset(self._locked())
        for pattern in self.patterns:
            for path in _matching(pattern):
                if _identity(path, self.proc) in locked:
                    return f"{plain(path)} is locked"
        return None

    def _locked(self) -> Iterator[str]:
        """Each lock's file as the kernel names it: ``major:minor:inode``."""
        lines = _read(self.proc / "locks").splitlines()
        for words in (line.split() for line in lines):
            # what waits for a lock has an arrow, and the lock a line of its own
            with suppress(StopIteration):
                yield next(word for word in words[4:] if word.count(":") == 2)


def _matching(pattern: str) -> Iterator[str]:
    folder, _, name = pattern.rpartition("/")
    try:
        found = sorted(each.name for each in Path(folder or "/").iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise HostFault(f"{folder} cannot be read: {error.strerror}") from error
    yield from (f"{folder}/{each}" for each in found if fnmatchcase(each, name))


def _identity(path: str, proc: Path) -> str:
    """How the kernel's list names a file; empty if it has just gone.

    `stat` has another device where a file system has several of its own, as btrfs does.
    """
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise HostFault(f"{path} cannot be opened: {error.strerror}") from error
    try:
        inode = os.fstat(descriptor).st_ino
        about = dict(
            line.split(":", 1)
            for line in _read(proc / "self/fdinfo" / str(descriptor)).splitlines()
            if ":" in line
        )
    finally:
        os.close(descriptor)
    mount = about.get("mnt_id", "").strip()
    for words in (line.split() for line in _read(proc / "self/mountinfo").splitlines()):
        if words[0] == mount:
            major, minor = map(int, words[2].split(":"))
            return f"{major:02x}:{minor:02x}:{inode}"
    raise HostFault(f"nobody can tell on which device {path} is")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError as error:
        raise HostFault(
            f"{path} cannot be read: {error.strerror}",
            do="let the service see it: ProcSubset=all",
        ) from error
