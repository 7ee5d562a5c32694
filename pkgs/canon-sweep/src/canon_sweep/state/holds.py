"""The operators' holds, by recipe."""

from __future__ import annotations

from pathlib import Path

import msgspec

from canon_sweep.core import names
from canon_sweep.core.hold import Hold
from canon_sweep.core.moment import wrong_with
from canon_sweep.errors import StateFault
from canon_sweep.state import register

_HOLDS = msgspec.json.Decoder(dict[str, Hold])
_ADVICE = "mend it, or remove it to hold nothing"


class Holds(msgspec.Struct, frozen=True):
    """``holds.json``; it may be changed while a sweep is on."""

    path: Path

    def read(self) -> dict[str, Hold]:
        """Every hold, expired ones too.

        Raises:
            StateFault: the file cannot be read.
        """
        return register.read(self.path, _HOLDS, what="list of holds", do=_ADVICE, problem=_problem)

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the file: until it is mended nobody knows what is held."""
        try:
            self.read()
        except StateFault as fault:
            return (str(fault),)
        return ()

    def put(self, hold: Hold) -> None:
        """Hold a recipe, in place of any earlier hold of it.

        Raises:
            StateFault: the file cannot be read or written; it is as it was.
        """
        register.put(self.path, hold.recipe, hold, self.read)

    def drop(self, recipe: str) -> bool:
        """End a recipe's hold; False if it had none.

        Raises:
            StateFault: the file cannot be read or written; it is as it was.
        """
        return register.drop(self.path, recipe, self.read)


def _problem(recipe: str, hold: Hold) -> str | None:
    if hold.recipe != recipe:
        return f"{names.printable(recipe)} has the hold of {names.printable(hold.recipe)}"
    if hold.until is None:
        told = f"{names.printable(recipe)}'s hold has no end"
        return None if hold.up_to else f"{told}: give it an until, or an up_to"
    why = wrong_with(hold.until)
    return f"the end of {names.printable(recipe)}'s hold {why}: {hold.until}" if why else None
