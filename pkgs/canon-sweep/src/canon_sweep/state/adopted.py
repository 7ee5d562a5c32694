"""Our markers of other tools' records that an operator has taken over, by recipe."""

from __future__ import annotations

from pathlib import Path

import msgspec

from canon_sweep.core import names
from canon_sweep.core.adoption import Adopted
from canon_sweep.core.moment import wrong_with
from canon_sweep.state import register

_MARKERS = msgspec.json.Decoder(dict[str, Adopted])
_ADVICE = "mend it; or remove it, and adopt again: canon-sweep adopt"


class Adoptions(msgspec.Struct, frozen=True):
    """``adopted.json``."""

    path: Path

    def read(self) -> dict[str, Adopted]:
        """Every marker.

        Raises:
            StateFault: the file cannot be read.
        """
        return register.read(
            self.path, _MARKERS, what="list of adopted records", do=_ADVICE, problem=_problem
        )

    def put(self, marker: Adopted) -> None:
        """Mark a recipe's record, in place of an earlier marker.

        Raises:
            StateFault: the file cannot be read or written; it is as it was.
        """
        register.put(self.path, marker.recipe, marker, self.read)

    def drop(self, recipe: str) -> bool:
        """Take a marker away; False if there was none.

        Raises:
            StateFault: the file cannot be read or written; it is as it was.
        """
        return register.drop(self.path, recipe, self.read)


def _problem(recipe: str, marker: Adopted) -> str | None:
    if marker.recipe != recipe:
        return f"{names.printable(recipe)} has the marker of {names.printable(marker.recipe)}"
    why = wrong_with(marker.at)
    if why:
        return f"the time of {names.printable(recipe)}'s marker {why}"
    return names.recipe_problem(recipe)
