"""Reads cc-ci's tree: regular files of a bounded size inside it, and nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from canon_sweep.ccci.beside import META, Beside
from canon_sweep.core import names
from canon_sweep.errors import UsageFault

MAX_FILE = 256 * 1024
MAX_FILES = 500
"""Of one recipe's folder, as deep as it goes."""
_USED = "used-recipes.md"
_DEPTH = 4
_SKIPPED = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache")


class UnreadError(Exception):
    """A file that is not read; says why."""


class Unread(msgspec.Struct, frozen=True):
    """A file or folder that could not be read, by its path in cc-ci's tree."""

    file: str
    why: str


class Folder(msgspec.Struct, frozen=True):
    """A folder below ``tests``: its settings file's text, if it has one, and what is beside it."""

    name: str
    meta: str | None
    files: tuple[Beside, ...]
    unread: tuple[Unread, ...]

    @property
    def path(self) -> str:
        """Its path in cc-ci's tree."""
        return f"tests/{self.name}"


class Tree(msgspec.Struct, frozen=True):
    """What an import reads; ``lists`` has the pages that say which recipes are used."""

    folders: tuple[Folder, ...]
    lists: tuple[tuple[str, str], ...]
    unread: tuple[Unread, ...]


def read_tree(root: Path) -> Tree:
    """Read the folders below ``tests``, and the list of used recipes.

    Raises:
        UsageFault: there is no such tree.
    """
    try:
        # so that what a link leads to can be seen to be inside
        root = root.resolve(strict=True)
        if (root / "tests").is_symlink():
            raise UsageFault(f"{root / 'tests'} is a link", do="name the folder that it is in")
        entries = sorted(os.scandir(root / "tests"), key=lambda entry: entry.name)
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else "its links go round"
        raise UsageFault(
            f"{root / 'tests'} cannot be read: {why}",
            do="name the folder that has cc-ci's tests/*/recipe_meta.py below it",
        ) from None
    unread: list[Unread] = []
    folders = []
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and entry.name not in _SKIPPED:
            folders.append(_folder(root, entry.name))
        elif entry.is_symlink() and Path(entry.path).is_dir():
            unread.append(Unread(_shown(f"tests/{entry.name}"), "is a link, and not followed"))
    lists, more = _lists(root)
    return Tree(tuple(folders), lists, (*unread, *more))


def _folder(root: Path, name: str) -> Folder:
    folder = root / "tests" / name
    files: list[Beside] = []
    unread: list[Unread] = []
    meta = None
    for path in _files(folder, unread, root):
        inner = path.relative_to(folder).as_posix()
        at = _shown(f"tests/{name}/{inner}")
        try:
            real = _real(path, root)
            text = _text(real) if inner in (META, "ops.py") else ""
        except UnreadError as error:
            unread.append(Unread(at, str(error)))
            continue
        if inner == META:
            meta = text
        elif not inner.isprintable():
            unread.append(Unread(at, "has a name that nobody would write"))
        else:
            files.append(Beside(inner, str(path), text))
    return Folder(name, meta, tuple(files), tuple(unread))


def _files(folder: Path, unread: list[Unread], root: Path) -> Iterator[Path]:
    """What lies in a folder and below it, in the order of names; links are not entered."""
    count = 0

    def refused(error: OSError) -> None:
        at = _shown(str(Path(error.filename).relative_to(root)))
        unread.append(Unread(at, f"cannot be read: {error.strerror}"))

    for above, folders, files in os.walk(folder, onerror=refused):
        here = Path(above)
        deep = len(here.relative_to(folder).parts) >= _DEPTH
        linked = [name for name in folders if (here / name).is_symlink()]
        kept = sorted(set(folders) - set(linked) - set(_SKIPPED))
        folders[:] = [] if deep else kept
        if deep and kept:
            unread.append(Unread(_shown(str(here.relative_to(root))), "goes deeper than is read"))
        for name in sorted([*files, *linked]):
            count += 1
            if count > MAX_FILES:
                at = _shown(str(folder.relative_to(root)))
                unread.append(Unread(at, f"has more than {MAX_FILES} files"))
                return
            if not name.endswith(".pyc"):
                yield here / name


def _lists(root: Path) -> tuple[tuple[tuple[str, str], ...], tuple[Unread, ...]]:
    found: list[tuple[str, str]] = []
    unread: list[Unread] = []
    for path in (root / _USED, *sorted(root.glob(f"*/{_USED}"))):
        if not os.path.lexists(path):
            continue
        at = _shown(str(path.relative_to(root)))
        try:
            found.append((at, _text(_real(path, root))))
        except UnreadError as error:
            unread.append(Unread(at, str(error)))
    return tuple(found), tuple(unread)


def _real(path: Path, root: Path) -> Path:
    """Where a regular file of the tree really is.

    Raises:
        UnreadError: it is none, or not in the tree.
    """
    try:
        real = path.resolve(strict=True)
        kind = real.stat().st_mode
    except (OSError, RuntimeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its links go round"
        raise UnreadError(f"cannot be read: {why}") from None
    if not real.is_relative_to(root):
        raise UnreadError("is a link that leads out of the tree")
    if not stat.S_ISREG(kind):
        raise UnreadError("is no regular file")
    return real


def _text(path: Path) -> str:
    """What a file says.

    Raises:
        UnreadError: it cannot be told.
    """
    try:
        # what has become a link or a pipe since is not followed, and not waited for
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UnreadError(f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_FILE:
        raise UnreadError(f"is larger than {MAX_FILE // 1024} KiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadError("is not UTF-8 text") from None


def _shown(path: str) -> str:
    return names.plain(path.encode(errors="backslashreplace").decode())
