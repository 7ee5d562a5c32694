"""Trees of folders, however deep and however they are locked: walked, and removed.

Apps and commits make them, so nothing here goes by a path: one that is longer than the
kernel takes cannot be opened, and one that is swapped for a link leads elsewhere.  Python's
own (`os.walk`, `shutil.rmtree`) end in a RecursionError some thousand folders down.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_SHOWN = 200

Enter = Callable[[str, int], int]
"""Opens a folder by its name in an open one; OSError if it cannot."""


class Inside(msgspec.Struct, frozen=True):
    """In a folder, open until the next step; ``path`` is relative to where the walk began."""

    descriptor: int
    path: str
    entries: tuple[os.DirEntry[str], ...]


class Behind(msgspec.Struct, frozen=True):
    """Back in the folder that has the folder ``name``, after everything in that one."""

    descriptor: int
    path: str
    name: str


class Barred(msgspec.Struct, frozen=True):
    """A folder that cannot be entered."""

    path: str
    error: OSError


Step = Inside | Behind | Barred


def entered(name: str, above: int) -> int:
    """Open a folder as it is."""
    return os.open(name, os.O_RDONLY | _FOLDER, dir_fd=above)


def walk(top: Path, enter: Enter = entered) -> Iterator[Step]:
    """Every folder of a tree, once on the way in and once on the way out; links are not followed.

    Raises:
        OSError: where ``top`` should be cannot be opened, or a folder was moved meanwhile.
    """
    at = _Place(os.open(top.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    try:
        waiting = [[top.name]]
        while waiting:
            if not waiting[-1]:
                waiting.pop()
                if waiting:
                    path, name = at.path, at.leave()
                    yield Behind(at.descriptor, path, name)
                continue
            name = waiting[-1].pop()
            try:
                entries = at.enter(name, enter)
            except OSError as error:
                yield Barred(at.path_of(name), error)
                continue
            yield Inside(at.descriptor, at.path, entries)
            waiting.append([each.name for each in entries if each.is_dir(follow_symlinks=False)])
    finally:
        os.close(at.descriptor)


class _Place:
    """Where a walk is: one open folder, and how it got there."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.path = ""
        self._names: list[str] = []
        self._above: list[tuple[int, int]] = []

    def enter(self, name: str, how: Enter) -> tuple[os.DirEntry[str], ...]:
        below = how(name, self.descriptor)
        try:
            # what cannot be searched could not be left by `..` either
            os.stat(".", dir_fd=below)
            with os.scandir(below) as found:
                entries = tuple(found)
            self._above.append(_identity(self.descriptor))
        except BaseException:
            os.close(below)
            raise
        self._names.append(name)
        self.path = self.path_of(name)
        os.close(self.descriptor)
        self.descriptor = below
        return entries

    def leave(self) -> str:
        above = os.open("..", os.O_PATH | _FOLDER, dir_fd=self.descriptor)
        if _identity(above) != self._above[-1]:
            os.close(above)
            raise OSError(errno.ESTALE, "moved while it was walked through", shown(self.path))
        self._above.pop()
        os.close(self.descriptor)
        self.descriptor = above
        name = self._names.pop()
        self.path = self.path[: -len(name) - 1]
        return name

    def path_of(self, name: str) -> str:
        """The path of a folder in this one."""
        return f"{self.path}/{name}" if self.path else name


def remove(path: Path) -> None:
    """Remove a file, a link (never what it leads to), or a folder with all that is in it.

    Nothing that is not there is no error.  Folders are made writable where that helps.
    What can be removed is removed, also beside something that cannot: done again, it goes
    on from there.

    Raises:
        OSError: the first of what could not be removed, by name.
    """
    if not is_folder(path):
        path.unlink(missing_ok=True)
        return
    failed: OSError | None = None
    for step in walk(path, _unlocked):
        for error in _removed(step):
            if failed is None and not isinstance(error, FileNotFoundError):
                where = f"{path.parent}/{shown(_failed_at(step, error))}"
                failed = OSError(error.errno, os.strerror(error.errno or 0), where)
    if failed is not None:
        raise failed


def is_folder(path: Path) -> bool:
    """Whether it is a folder itself, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def size(top: Path) -> int:
    """The bytes of all files below; what cannot be read, or goes meanwhile, counts nothing.

    Raises:
        OSError: a folder was moved meanwhile.
    """
    return sum(_sizes(step) for step in walk(top) if isinstance(step, Inside))


def shown(path: str) -> str:
    """A path for one line of text: of a long one the end."""
    return path if len(path) <= _MOST_SHOWN else f"…{path[-_MOST_SHOWN:]}"


def _sizes(here: Inside) -> int:
    total = 0
    for each in here.entries:
        with suppress(OSError):
            if not each.is_dir(follow_symlinks=False):
                total += each.stat(follow_symlinks=False).st_size
    return total


def _removed(step: Step) -> Iterator[OSError]:
    """Remove what can go at this step; what cannot."""
    match step:
        case Barred():
            yield step.error
        case Inside():
            for each in step.entries:
                if not each.is_dir(follow_symlinks=False):
                    try:
                        os.unlink(each.name, dir_fd=step.descriptor)
                    except OSError as error:
                        yield OSError(error.errno, error.strerror, each.name)
        case Behind():
            try:
                os.rmdir(step.name, dir_fd=step.descriptor)
            except OSError as error:
                yield error


def _failed_at(step: Step, error: OSError) -> str:
    return f"{step.path}/{error.filename}" if isinstance(step, Inside) else step.path


def _unlocked(name: str, above: int) -> int:
    """Open a folder that goes: what its mode forbids its owner is allowed first."""
    place = os.open(name, os.O_PATH | _FOLDER, dir_fd=above)
    try:
        mode = stat.S_IMODE(os.fstat(place).st_mode)
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            # not ours to change: then what it forbids is told where it is met
            with suppress(OSError):
                # the descriptor's own name, for a path may be too long, or a link by now
                os.chmod(f"/proc/self/fd/{place}", mode | stat.S_IRWXU)  # noqa: PTH101
        return os.open(".", os.O_RDONLY | _FOLDER, dir_fd=place)
    finally:
        os.close(place)


def _identity(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino
