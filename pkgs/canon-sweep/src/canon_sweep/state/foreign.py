"""cc-ci's own folder of canonicals, read in place; nothing here writes anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from canon_sweep.core import names
from canon_sweep.core.foreign import (
    LAST_GOOD,
    META,
    RECORD,
    Broken,
    Foreign,
    Mark,
    Snapshot,
    last_good_in,
    meta_in,
    record_in,
)
from canon_sweep.errors import StateFault
from canon_sweep.state import files, storage

# far more than any of its files has
_LARGEST = 2**20
_MOST_ARCHIVES = 10_000
_TAR = ".tar"


class _Content(NamedTuple):
    bytes: bytes
    written: datetime


class ForeignCanonicals(msgspec.Struct, frozen=True):
    """``/var/lib/ci-warm``, or whatever has its layout."""

    folder: Path

    def recipes(self) -> tuple[str, ...]:
        """The recipes that have a record there, readable or not.

        Raises:
            StateFault: nobody can say.
        """
        return tuple(
            name for name in _folders(self.folder) if _may_be_there(self.folder / name / RECORD)
        )

    def read(self, recipe: str) -> Foreign:
        """All that there is of a recipe; what is not as it should be says so itself.

        Raises:
            StateFault: the name is no recipe's, or this host lets a file not be read.
        """
        problem = names.recipe_problem(recipe)
        if problem:
            raise StateFault(problem)
        own = self.folder / recipe
        record, last_good = _content(own / RECORD), _content(own / LAST_GOOD)
        return Foreign(
            recipe=recipe,
            record=record_in(record.bytes, recipe) if isinstance(record, _Content) else record,
            last_good=_last_good(last_good, recipe),
            snapshot=_snapshot(own, recipe),
        )

    def where(self, recipe: str) -> Path:
        """The record's path."""
        return self.folder / recipe / RECORD


def foreign_in(folder: Path) -> str:
    """What in a folder of records only another tool can have put there; empty if nothing.

    That is a record without a schema, a ``last_good`` or a ``snapshot``.

    Raises:
        StateFault: the folder cannot be read.
    """
    for recipe in _folders(folder):
        for name in (LAST_GOOD, "snapshot"):
            if _may_be_there(folder / recipe / name):
                return f"{recipe}/{name}"
        if _is_without_schema(folder / recipe / RECORD):
            return f"{recipe}/{RECORD}, which has no schema"
    return ""


def _folders(folder: Path) -> tuple[str, ...]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entry.name for entry in entries if _may_be_folder(entry))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise storage.denied(f"{folder} cannot be read", error) from error
    return tuple(name for name in found if names.recipe_problem(name) is None)


def _may_be_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or nobody can say: one link costs no other recipe anything."""
    try:
        return entry.is_dir()
    except OSError:
        return True


def _may_be_there(path: Path) -> bool:
    """Whether it is there, or nobody can say."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _is_without_schema(path: Path) -> bool:
    content = _content(path)
    if not isinstance(content, _Content):
        return False
    try:
        return "schema" not in msgspec.json.decode(content.bytes, type=dict[str, msgspec.Raw])
    except files.NOT_READ:
        return False  # whoever reads it says it


def _last_good(content: _Content | Broken | None, recipe: str) -> Mark | Broken | None:
    if not isinstance(content, _Content):
        return content
    mark = last_good_in(content.bytes, recipe)
    if isinstance(mark, Mark) and mark.at is None and not mark.remark:
        # a bare version says nothing of when, and the file does
        return replace(mark, at=content.written)
    return mark


def _snapshot(own: Path, recipe: str) -> Snapshot | Broken | None:
    content = _content(own / META)
    if not isinstance(content, _Content):
        is_half = content is None and _may_be_there(own / "snapshot")
        return Broken("there is none in the snapshot") if is_half else content
    meta = meta_in(content.bytes, recipe)
    if isinstance(meta, Broken):
        return meta
    try:
        archives = dict(_archives(own / "snapshot" / "volumes"))
    except OSError as error:
        raise storage.denied(f"{own}/snapshot/volumes cannot be read", error) from error
    volumes = meta.volumes
    if volumes is None:  # each has an archive, which has its name
        if not _may_be_there(own / "snapshot" / "volumes"):
            # a copy that was cut short is not one of nothing
            return Broken("it names no volumes, and there is no folder snapshot/volumes")
        volumes = tuple(sorted(archives))
        problems = (names.part_problem(volume, "volume") for volume in volumes)
        if problem := next(filter(None, problems), None):
            return Broken(f"it names no volumes, and {problem}")
    return Snapshot(meta.mark, volumes, frozenset(archives), sum(archives.values()))


def _archives(folder: Path) -> Iterator[tuple[str, int]]:
    """The volumes of which there is an archive, each with its size in bytes."""
    try:
        with os.scandir(folder) as entries:
            for number, entry in enumerate(entries):
                if number >= _MOST_ARCHIVES:
                    return
                found = entry.stat(follow_symlinks=False)
                if entry.name.endswith(_TAR) and stat.S_ISREG(found.st_mode):
                    yield entry.name.removesuffix(_TAR), found.st_size
    except FileNotFoundError:
        return


def _content(path: Path) -> _Content | Broken | None:
    """A small file's content and when it was written; None if it is not there.

    Raises:
        StateFault: this host does not let it be read.
    """
    try:
        # a pipe or a device would keep us waiting
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Broken("it is a link to nothing") if path.is_symlink() else None
    except NotADirectoryError:
        return None
    except OSError as error:
        raise storage.denied(f"{path} cannot be read", error) from error
    try:
        return _read(descriptor)
    except OSError as error:
        raise storage.denied(f"{path} cannot be read", error) from error
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> _Content | Broken:
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        return Broken("it is no file")
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        return Broken(f"it has more than {_LARGEST} bytes")
    return _Content(content, datetime.fromtimestamp(about.st_mtime, UTC))
