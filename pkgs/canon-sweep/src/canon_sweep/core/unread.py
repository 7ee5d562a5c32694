"""What a recipe's files say in a way that cannot be followed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from canon_sweep.core.decision import Note

CODE = "unread-line"
MOST_NOTES = 5


class Unread(msgspec.Struct, frozen=True):
    """One such place: the file by its path in the recipe, its line from 1, and why."""

    file: str
    line: int
    cause: str

    def __str__(self) -> str:
        """The place and the cause, for one line of a report."""
        return f"{self.file}, line {self.line}: {self.cause}"


def notes(found: Sequence[Unread]) -> tuple[Note, ...]:
    """A note for each of the first few places, and one that counts the others."""
    told = [Note(code=CODE, text=str(unread)) for unread in found[:MOST_NOTES]]
    more = len(found) - MOST_NOTES
    if more > 0:
        told.append(Note(code=CODE, text=f"and {more} more lines like these"))
    return tuple(told)
