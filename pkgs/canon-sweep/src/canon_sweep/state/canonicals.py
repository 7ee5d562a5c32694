"""The canonicals' records, one folder a recipe."""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from canon_sweep.core import names
from canon_sweep.core.canonical import SCHEMA, Canonical
from canon_sweep.errors import StateFault
from canon_sweep.state import files, folders, storage
from canon_sweep.state.history import Forgotten, History, Past

# cc-ci's own tools, whose records have no schema, write no other
STATUSES = frozenset({"idle"})
_RECORD = msgspec.json.Decoder(Canonical)


class Records(NamedTuple):
    """Every recipe's record, and of those that cannot be read, what is wrong."""

    records: dict[str, Canonical]
    problems: dict[str, str]


class Canonicals(msgspec.Struct, frozen=True):
    """The records below ``folder``, with a history beside each."""

    folder: Path

    def read(self, recipe: str) -> Canonical | None:
        """A recipe's record, or None if it has none.

        Raises:
            StateFault: there is a record, but it cannot be read, or means something that
                this version does not know.
        """
        path = self._record(recipe)
        content = files.read(path)
        if content is None:
            return None
        try:
            record = _RECORD.decode(content)
        except files.NOT_READ as error:
            raise StateFault(
                f"{path} is no canonical's record: {error}",
                do="mend it, or remove it to start anew",
            ) from None
        _check(record, recipe, path)
        return record

    def read_all(self) -> Records:
        """Every record that can be read, by recipe; no bad one hides the others.

        Raises:
            StateFault: the folder of them all cannot be read.
        """
        records, problems = {}, {}
        for recipe in self.recipes():
            try:
                record = self.read(recipe)
            except StateFault as fault:
                problems[recipe] = str(fault)
                continue
            if record is not None:
                records[recipe] = record
        return Records(records, problems)

    def recipes(self) -> tuple[str, ...]:
        """The recipes that have a record, readable or not.

        Raises:
            StateFault: nobody can say: 'none' would let everything be removed.
        """
        return self._folders(_has_record)

    def folders(self) -> tuple[str, ...]:
        """The recipes that have a folder, with a record in it or without.

        Raises:
            StateFault: nobody can say.
        """
        return self._folders(lambda entry: names.recipe_problem(entry.name) is None)

    def write(self, record: Canonical) -> None:
        """Make a record the canonical: the one instant at which a promotion happens.

        Raises:
            StateFault: it was not written, or what it would replace cannot be read; the
                old record stands.
        """
        self.read(record.recipe)
        path = self._record(record.recipe)
        self._make_folder(path.parent)
        files.write_atomically(path, _text(record), mode=0o644)

    def give_up(self, lost: Canonical, reason: str, now: datetime) -> None:
        """Note that a canonical whose record is gone is taken back.

        Raises:
            StateFault: the history cannot be read or written.
        """
        self._make_folder(self._folder(lost.recipe))
        self._history(lost.recipe).note(Forgotten(at=now, reason=reason, record=lost))

    def forget(self, recipe: str, reason: str, now: datetime) -> Canonical | None:
        """Take a canonical back, and return what it was; None if there is none.

        The history has it first, so that no kill loses it; done again, it goes on from
        where it was.  Its volumes and secrets are the caller's to discard, afterwards.

        Raises:
            StateFault: the record cannot be read, so it stays, or was not removed.
        """
        record = self.read(recipe)
        if record is None:
            return None
        path = self._record(recipe)
        self._history(recipe).note(Forgotten(at=now, reason=reason, record=record))
        try:
            path.unlink(missing_ok=True)
            folders.flush_names(path.parent)
        except OSError as error:
            raise storage.denied(f"{path} cannot be removed", error) from error
        return record

    def where(self, recipe: str) -> Path:
        """The record's path.

        Raises:
            StateFault: the name is no recipe's.
        """
        return self._record(recipe)

    def flush(self, recipe: str) -> None:
        """Make sure that the record that is read now is the one after a power loss.

        Raises:
            StateFault: it may not be.
        """
        folders.flush(self._folder(recipe))

    def note_promotion(self, record: Canonical) -> None:
        """Add a promotion to the history, unless it is there already.

        A line of the history that cannot be read is no obstacle, see `history_problems`.

        Raises:
            StateFault: the history cannot be read or written.
        """
        self._make_folder(self._folder(record.recipe))
        self._history(record.recipe).note(record)

    def history(self, recipe: str) -> tuple[Canonical, ...]:
        """Every promotion of a recipe that can be read, the oldest first.

        Raises:
            StateFault: the history's file cannot be read.
        """
        return tuple(past for past in self.past(recipe) if isinstance(past, Canonical))

    def past(self, recipe: str) -> tuple[Past, ...]:
        """As `history`, with the canonicals that were taken back.

        Raises:
            StateFault: the history's file cannot be read.
        """
        return self._history(recipe).read()

    def history_problems(self, recipe: str) -> tuple[str, ...]:
        """A text for each line of a recipe's history that cannot be read.

        Raises:
            StateFault: the history's file cannot be read.
        """
        return self._history(recipe).problems()

    def clear_drafts(self) -> int:
        """Remove what writers that died left beside the records, and say how many.

        Raises:
            StateFault: one cannot be removed.
        """
        own = (self.folder / recipe for recipe in self.folders())
        return sum(files.clear_drafts(folder, "canonical.json") for folder in own)

    def dead_drafts(self) -> tuple[Path, ...]:
        """What `clear_drafts` would remove.

        Raises:
            StateFault: a folder cannot be read.
        """
        own = (self.folder / recipe for recipe in self.folders())
        found = (files.dead_drafts(folder, "canonical.json") for folder in own)
        return tuple(draft for drafts in found for draft in drafts)

    def _folders(self, wanted: Callable[[os.DirEntry[str]], bool]) -> tuple[str, ...]:
        try:
            with os.scandir(self.folder) as entries:
                return tuple(sorted(e.name for e in entries if e.is_dir() and wanted(e)))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise storage.denied(f"{self.folder} cannot be read", error) from error

    def _history(self, recipe: str) -> History:
        return History(_own(self.folder, recipe, "history.jsonl"))

    def _record(self, recipe: str) -> Path:
        return _own(self.folder, recipe, "canonical.json")

    def _folder(self, recipe: str) -> Path:
        return _own(self.folder, recipe)

    def _make_folder(self, folder: Path) -> None:
        # the folder of all records may be another tool's, whose users read them
        try:
            mode = stat.S_IMODE(self.folder.stat().st_mode) if self.folder.exists() else 0o700
            folders.make(folder, mode)
        except OSError as error:
            raise storage.denied(f"{folder} cannot be made", error) from error


# a name is checked, and its path made, once: each is asked for several times in every turn
@functools.lru_cache(maxsize=4096)
def _own(folder: Path, recipe: str, *file: str) -> Path:
    """A recipe's own folder, or a file in it.

    Raises:
        StateFault: the name is no recipe's.
    """
    problem = names.recipe_problem(recipe)
    if problem:
        raise StateFault(problem)
    return folder.joinpath(recipe, *file)


def _check(record: Canonical, recipe: str, path: Path) -> None:
    advice = "use the version that wrote it; it is left as it is"
    if record.recipe != recipe:
        raise StateFault(
            f"{path} is the record of {names.printable(record.recipe)}",
            do="move it to that recipe's folder, or remove it to start anew",
        )
    if record.schema != SCHEMA:
        raise StateFault(f"{path} has schema {record.schema}, known is {SCHEMA}", do=advice)
    if record.status not in STATUSES:
        status = names.printable(record.status)
        raise StateFault(f"{path} has status {status}, known is 'idle'", do=advice)
    for problem in _name_problems(record):
        raise StateFault(f"{path} is no canonical's record: {problem}", do="mend it")


def _name_problems(record: Canonical) -> Iterator[str]:
    """What cannot be a name: an engine is asked by these, and removes by them."""
    problems = [names.stack_problem(record.stack) if record.stack else None]
    problems += [names.part_problem(volume.name, "volume") for volume in record.volumes]
    problems += [names.part_problem(secret, "secret") for secret in record.secrets]
    yield from filter(None, problems)


def _has_record(entry: os.DirEntry[str]) -> bool:
    try:
        os.lstat(os.path.join(entry.path, "canonical.json"))  # noqa: PTH118 - of a DirEntry
    except FileNotFoundError:
        return False
    except OSError:
        # nobody can say, so it is read, and its fault told; unless it is no recipe's at all,
        # as the lost+found of a disk of the records' own
        return names.recipe_problem(entry.name) is None
    return True


def _text(record: Canonical) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
