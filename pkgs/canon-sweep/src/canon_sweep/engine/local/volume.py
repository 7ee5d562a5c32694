"""Volumes of the local engine: folders, copied exactly and replaced in one step.

What is unfinished has a name that no volume can have: ``.new-`` or ``.old-`` and the
volume's.  An app can put a link or a file in the place of any of them: by its name it is
ours to remove, and it is never followed.  Whatever else lies in the folder is somebody
else's and left alone.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from canon_sweep import process, tree
from canon_sweep.core.names import part_problem
from canon_sweep.engine import content
from canon_sweep.engine.part import check_part
from canon_sweep.engine.protocol import Volume
from canon_sweep.errors import HostFault, RecipeFault

COPY_TIMEOUT = 3600.0

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class VolumeFolder(msgspec.Struct, frozen=True):
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
        """Make a volume if it is not there, and return where it is.

        Raises:
            HostFault: it cannot be made.
            RecipeFault: the name could be anything but a name, or an app has put something
                else in the volume's place.
        """
        path = self.path(name)
        if tree.is_folder(path):
            return path
        if os.path.lexists(path):
            # nothing was there when the stack was cold: see `Engine.leftovers`
            raise RecipeFault(f"volume {name} is no folder any more")
        try:
            path.mkdir(parents=True)
        except OSError as error:
            raise HostFault(f"volume {path} cannot be made: {error.strerror}") from error
        return path

    def names(self) -> tuple[str, ...]:
        """Every volume, sorted; also what has taken the place of one."""
        return tuple(sorted(name for name in _entries(self.root) if _is_of_a_stack(name)))

    def is_whole(self, name: str) -> bool:
        """Whether a volume's name is still that of a folder."""
        return tree.is_folder(self.root / name)

    def of_stack(self, stack: str) -> tuple[Volume, ...]:
        """The volumes of a stack with their sizes, sorted by name.

        Raises:
            HostFault: the folder of them all cannot be read.
        """
        return tuple(Volume(name, _size(self.root / name)) for name in self._own(stack))

    def leftovers(self, stack: str) -> tuple[str, ...]:
        """What there is of a stack's volumes, a text each; whole ones first.

        Raises:
            HostFault: the folder of them all cannot be read.
        """
        own = self._own(stack)
        whole = [name for name in own if self.is_whole(name)]
        rest = {name for name in own if name not in whole}
        rest |= {of for of in map(_unfinished, _entries(self.root)) if of.startswith(f"{stack}_")}
        remains = [f"remains of volume {name}" for name in sorted(rest)]
        return (*(f"volume {name}" for name in whole), *remains)

    def clear(self, stack: str) -> None:
        """Finish what was begun to remove of a stack's volumes.

        Raises:
            HostFault: something of it cannot be removed.
        """
        for name in {_unfinished(entry) for entry in _entries(self.root)}:
            if name.startswith(f"{stack}_"):
                self._clear(name)

    def _own(self, stack: str) -> list[str]:
        return [name for name in self.names() if name.startswith(f"{stack}_")]

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
        if not tree.is_folder(origin):
            raise HostFault(f"volume {source} is not there and cannot be copied")
        if source == target:
            raise HostFault(f"volume {source} cannot be copied onto itself")
        self._clear(target)
        draft = self.root / f".new-{target}"
        _copy(origin, draft)
        try:
            self._put(draft, goal)
        except OSError as error:
            raise HostFault(f"volume {target} cannot be replaced: {error.strerror}") from error
        self._clear(target)

    def _put(self, draft: Path, goal: Path) -> None:
        if not os.path.lexists(goal):
            draft.rename(goal)
        elif not _exchange(draft, goal):
            # this file system cannot exchange: for an instant there is no target
            goal.rename(self.root / f".old-{goal.name}")
            draft.rename(goal)

    def remove(self, name: str) -> None:
        """Remove a volume; afterwards, also after a kill, it is there whole or not at all.

        Raises:
            HostFault: it cannot be removed.
            RecipeFault: the name could be anything but a name.
        """
        path = self.path(name)
        self._clear(name)
        if not _is_of_a_stack(name) or not os.path.lexists(path):
            return  # nothing, or nothing that we have made
        try:
            path.rename(self.root / f".old-{name}")
        except OSError as error:
            raise HostFault(f"volume {name} cannot be removed: {error.strerror}") from error
        self._clear(name)

    def _clear(self, name: str) -> None:
        """Remove what is unfinished: of this volume surely, of others where it can be."""
        for entry in _entries(self.root):
            of = _unfinished(entry)
            if not of:
                continue
            try:
                tree.remove(self.root / entry)
            except OSError as error:
                if of == name:
                    what = error.filename or self.root / entry
                    raise HostFault(
                        f"volume {name} cannot be removed: {what}: {error.strerror}",
                        do="remove it by hand",
                    ) from error


def folders(root: Path) -> Iterator[str]:
    """The names of the real folders in a folder; of none, where there is no such folder.

    Raises:
        HostFault: the folder cannot be read.
    """
    yield from (name for name in _entries(root) if tree.is_folder(root / name))


def _entries(root: Path) -> list[str]:
    try:
        return os.listdir(root)  # noqa: PTH208  # a name is enough
    except FileNotFoundError:
        return []
    except OSError as error:
        raise HostFault(f"{root} cannot be read: {error.strerror}") from error


def _is_of_a_stack(name: str) -> bool:
    """Whether we could have made it: ``<stack>_<volume>``, or a copy of one."""
    return "_" in name and part_problem(name, "volume") is None


def _unfinished(entry: str) -> str:
    """The volume of which this is unfinished, or empty."""
    for mark in (".new-", ".old-"):
        if entry.startswith(mark) and not part_problem(entry.removeprefix(mark), "volume"):
            return entry.removeprefix(mark)
    return ""


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


def _size(path: Path) -> int | None:
    try:
        return tree.size(path) if tree.is_folder(path) else 0
    except OSError:
        return None
