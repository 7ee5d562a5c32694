"""A recipe's settings without the overrides that have ended."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from msgspec import structs

from canon_sweep.core import override
from canon_sweep.core.decision import Note
from canon_sweep.core.override import Kind, Override, is_over
from canon_sweep.core.version import Version
from canon_sweep.settings.recipes import RecipeSettings


class InForce(NamedTuple):
    """The settings as if what has ended were not written, and what is to be said of the ends."""

    settings: RecipeSettings
    notes: tuple[Note, ...]


def in_force(
    written: RecipeSettings, day: date, newest: Version | None = None, needed: str | None = None
) -> InForce:
    """What of a recipe's settings is in force on a day.

    ``newest`` is the version under test: as long as nobody knows it (None), an override that
    ends with a release is in force.  ``needed`` is why a pin that has ended is used all the
    same: empty if it is not; None: nobody has looked, and it is.
    """
    rule, all_of_them = written.tag_rule, written.overrides
    over = [each for each in all_of_them if is_over(each, day, newest, rule)]
    dead = [each for each in over if each.kind is not Kind.PIN or needed == ""]
    notes = override.notes(all_of_them, day, newest, rule, needed=needed)
    return InForce(without(written, dead), notes)


def without(own: RecipeSettings, dead: list[Override]) -> RecipeSettings:
    """The settings as if these overrides were not written."""
    for each in dead:
        match each.kind:
            case Kind.EXCEPTION:
                own = structs.replace(own, enroll=True, exception="")
            case Kind.PIN:
                own = structs.replace(own, upgrade_base=None)
            case _:
                rest = structs.replace(own.expected_na, **{each.subject: None})
                own = structs.replace(own, expected_na=rest)
    return own
