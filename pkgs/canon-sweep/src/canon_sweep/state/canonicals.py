"""The canonicals' records, one folder a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from canon_sweep.core import names
from canon_sweep.core.canonical import Canonical
from canon_sweep.errors import StateFault
from canon_sweep.state import files


@dataclass(frozen=True, slots=True)
class Canonicals:
    """The records below ``folder``; cc-ci's ``/var/lib/ci-warm`` has the same layout."""

    folder: Path

    def read(self, recipe: str) -> Canonical | None:
        """A recipe's record, or None if it has none.

        Raises:
            StateFault: there is a record, but it cannot be read.
        """
        path = self._folder(recipe) / "canonical.json"
        content = files.read(path)
        if content is None:
            return None
        try:
            record = msgspec.json.decode(content, type=Canonical)
        except msgspec.DecodeError as error:
            raise StateFault(
                f"{path} is no canonical's record: {error}",
                do="mend it, or remove it to start anew",
            ) from None
        if record.recipe != recipe:
            raise StateFault(f"{path} is the record of {names.printable(record.recipe)}")
        return record

    def recipes(self) -> tuple[str, ...]:
        """The recipes that have a record, readable or not."""
        return tuple(sorted(path.parent.name for path in self.folder.glob("*/canonical.json")))

    def write(self, record: Canonical) -> None:
        """Make a record the canonical: the one instant at which a promotion happens.

        Raises:
            StateFault: it was not written; the old record stands.
        """
        path = self._folder(record.recipe) / "canonical.json"
        files.write_atomically(path, _text(record))

    def flush(self, recipe: str) -> None:
        """Make sure that the record that is read now is the one after a power loss.

        Raises:
            StateFault: it may not be.
        """
        files.flush_folder(self._folder(recipe))

    def note_promotion(self, record: Canonical) -> None:
        """Add a promotion to the history, unless it is there already.

        Raises:
            StateFault: the history cannot be read or written.
        """
        if all(known.stack != record.stack for known in self.history(record.recipe)):
            path = self._folder(record.recipe) / "history.jsonl"
            files.append_line(path, msgspec.json.encode(record))

    def history(self, recipe: str) -> tuple[Canonical, ...]:
        """Every promotion of a recipe, the oldest first.

        Raises:
            StateFault: the history cannot be read.
        """
        path = self._folder(recipe) / "history.jsonl"
        try:
            return tuple(msgspec.json.decode(x, type=Canonical) for x in files.lines_of(path))
        except msgspec.DecodeError as error:
            raise StateFault(f"{path} is no history of promotions: {error}") from None

    def _folder(self, recipe: str) -> Path:
        problem = names.recipe_problem(recipe)
        if problem:
            raise StateFault(problem)
        return self.folder / recipe


def _text(record: Canonical) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
