"""One recipe, with all that was found of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from canon_sweep.core.checkup import Check, Outcome
from canon_sweep.core.lag import Lag
from canon_sweep.doctor.forge import MISSING, rights_checks
from canon_sweep.doctor.overlay import overlay_checks
from canon_sweep.doctor.program import recipe_programs
from canon_sweep.doctor.remote import OF_MIRROR, Sides, moved_checks
from canon_sweep.doctor.secret import file_check, recipe_files
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """In what a mirror differs: ``main`` as `Lag` has it, and how many tags in which way."""

    main: str
    new: int
    moved: int
    gone: int


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe; ``behind`` is its mirror, None if nobody can tell."""

    recipe: str
    enrolled: bool
    behind: Behind | None
    checks: tuple[Check, ...]


def web_checks(settings: Settings, recipe: Recipe, viewer: Viewer) -> tuple[Check, ...]:
    """What a recipe's servers say besides git's own answers; it takes them their time."""
    found = (*rights_checks(settings, recipe, viewer), *moved_checks(settings, recipe))
    # of one that has moved git's server has the URL, and a forge the name
    return tuple({check.subject: check for check in found}.values())


def patient_of(recipe: Recipe, sides: Sides, web: tuple[Check, ...], viewer: Viewer) -> Patient:
    """All together, as far as a sweep would trip over it."""
    own, lag = recipe.settings, sides.lag
    checks = (
        *_of_sides(sides, web),
        *web,
        *(file_check(named, viewer) for named in recipe_files(own)),
        *overlay_checks(recipe, viewer),
        *recipe_programs(own, viewer),
    )
    return Patient(
        recipe=recipe.name,
        enrolled=not recipe.stays_out,
        behind=None if lag is None else _behind(lag),
        checks=tuple(_apart(checks, "it is not enrolled")) if recipe.stays_out else checks,
    )


def _behind(lag: Lag) -> Behind:
    return Behind(main=lag.main, new=len(lag.new), moved=len(lag.moved), gone=len(lag.gone))


def _of_sides(sides: Sides, web: tuple[Check, ...]) -> Iterator[Check]:
    """Of a mirror that the next sweep makes it is no fault that it is not there."""
    checks = tuple(sides.checks())
    if not any(check.subject == MISSING for check in web):
        yield from checks
        return
    yield from (check for check in checks if check.subject not in OF_MIRROR)
    missing = (check for check in checks if check.subject in OF_MIRROR)
    yield from _apart(missing, "it is made by the next sweep")


def _apart(checks: Iterable[Check], why: str) -> Iterator[Check]:
    """What no sweep trips over, for a reason of its own."""
    for check in checks:
        if check.outcome in (Outcome.OK, Outcome.WARN):
            yield check
        else:
            yield replace(check, outcome=Outcome.WARN, found=f"{check.found} ({why})")
