"""Volumes of the local engine: folders, copied exactly and replaced in one step.

What is unfinished has a name that no volume can have (it begins with a dot).
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from canon_sweep import process
from canon_sweep.engine import content
from canon_sweep.engine.protocol import Volume
from canon_sweep.engine.source import check_part
from canon_sweep.errors import HostFault

COPY_TIMEOUT = 3600.0

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True, slots=True)
class VolumeFolder:
    """All volumes below one folder.  One writer at a time."""

    root: Path

    def path(self, name: str) -> Path:
        """Where a volume is.

        Raises:
            RecipeFault: the name could be anything but a name.
        """
        check_part(name, "volume")
        return self.root / name

    def make(self, name: str) -> Path:
        """Make a volume if it is not there, and return where it is."""
        path = self.path(name)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def names(self) -> tuple[str, ...]:
        """Every volume, sorted."""
        if not self.root.is_dir():
            return ()
        found = (entry.name for entry in self.root.iterdir() if entry.is_dir())
        return tuple(sorted(name for name in found if not name.startswith(".")))

    def of_stack(self, stack: str) -> tuple[Volume, ...]:
        """The volumes of a stack with their sizes, sorted by name."""
        own = (name for name in self.names() if name.startswith(f"{stack}_"))
        return tuple(Volume(name, _size(self.root / name)) for name in own)

    def digest(self, name: str) -> str:
        """A digest of everything in a volume.

        Raises:
            HostFault: it is not there, or cannot be read.
            RecipeFault: the name could be anything but a name.
        """
        try:
            return content.digest_of(self.path(name))
        except OSError as error:
            raise HostFault(f"volume {name} cannot be read: {error.strerror}") from error

    def clone(self, source: str, target: str) -> None:
        """Make ``target`` an exact copy of ``source``, replacing what was there.

        Raises:
            HostFault: there is no ``source``, it is the target, or it cannot be copied.
            RecipeFault: a name could be anything but a name.
        """
        origin, goal = self.path(source), self.path(target)
        if not origin.is_dir():
            raise HostFault(f"volume {source} is not there and cannot be copied")
        if source == target:
            raise HostFault(f"volume {source} cannot be copied onto itself")
        self._clear_drafts()
        draft = self.root / f".new-{target}"
        _copy(origin, draft)
        if not goal.exists():
            draft.rename(goal)
        elif not _exchange(draft, goal):
            # this file system cannot exchange: for an instant there is no target
            goal.rename(self.root / f".old-{target}")
            draft.rename(goal)
        self._clear_drafts()

    def remove(self, name: str) -> None:
        """Remove a volume; afterwards, also after a kill, it is there whole or not at all.

        Raises:
            HostFault: it cannot be removed.
            RecipeFault: the name could be anything but a name.
        """
        path = self.path(name)
        self._clear_drafts()
        if path.is_dir():
            path.rename(self.root / f".old-{name}")
            self._clear_drafts()

    def _clear_drafts(self) -> None:
        for draft in self.root.glob(".*"):
            try:
                shutil.rmtree(draft)
            except OSError as error:
                raise HostFault(f"{draft} cannot be removed: {error.strerror}") from error


def _copy(origin: Path, draft: Path) -> None:
    command = ["cp", "-aT", "--reflink=auto", "--", str(origin), str(draft)]
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    done = process.run(command, env=env, timeout=COPY_TIMEOUT)
    if done.exit_code != 0:
        raise HostFault(f"volume {origin.name} cannot be copied: {done.output[-400:]}")


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the file system or the C library cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    rename = getattr(libc, "renameat2", None)
    if rename is None:
        return False
    here = ctypes.c_int(_AT_FDCWD)
    first, second = os.fsencode(one), os.fsencode(other)
    return bool(rename(here, first, here, second, ctypes.c_uint(_RENAME_EXCHANGE)) == 0)


def _size(folder: Path) -> int:
    return sum(_file_sizes(folder))


def _file_sizes(folder: Path) -> Iterator[int]:
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                yield (Path(place) / name).lstat().st_size
            except FileNotFoundError:
                # a running service removes files while we look
                continue
