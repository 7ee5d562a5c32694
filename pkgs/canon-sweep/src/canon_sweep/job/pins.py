"""``pins``: of each pinned base, whether it is needed, and which run shows it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from canon_sweep.core.base import bases
from canon_sweep.core.override import Override
from canon_sweep.core.pin import Evidence, Known, last_base, standing
from canon_sweep.errors import EXIT_DONE, EXIT_WRONG, Fault
from canon_sweep.job.finish import check_state
from canon_sweep.job.survey import surveyed
from canon_sweep.job.wiring import Parts, Surroundings, parts_to_look
from canon_sweep.settings.recipe import Recipe, chosen
from canon_sweep.settings.records import Settings
from canon_sweep.sweep import check_name


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One pin.

    ``dynamic`` is what the next release would be upgraded from without it; ``needed`` is
    None if nobody can tell, and ``why`` says why.  ``last_base`` is what the last upgrade
    started from, or ``not shown``; ``aside`` why the pin is not used for the latest release.
    """

    recipe: str
    pin: str
    reason: str
    until: str = ""
    dynamic: str = ""
    needed: bool | None = None
    why: str
    evidence: tuple[Evidence, ...] = ()
    last_base: str = ""
    aside: str = ""


class Pins(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by recipe."""

    pins: tuple[Line, ...]

    @property
    def redundant(self) -> tuple[str, ...]:
        """The recipes whose pin can be removed."""
        return tuple(line.recipe for line in self.pins if line.needed is False)

    def exit_code(self, *, check: bool) -> int:
        """1 if of one nobody could tell, and with ``check`` while a redundant one remains."""
        untold = any(line.needed is None for line in self.pins)
        return EXIT_WRONG if untold or (check and self.redundant) else EXIT_DONE


def pins(settings: Settings, names: Sequence[str], around: Surroundings) -> Pins:
    """Look at the pinned recipes' remotes, records and runs; nothing is changed.

    Raises:
        UsageFault: there is no such recipe, or the state is somebody else's.
        StateFault: what is read for every recipe cannot be read.
    """
    recipes = chosen(settings, tuple(names), around.clock().date())
    check_state(settings)
    parts = parts_to_look(settings, around)
    parts.state.check_common()
    pinned = [(recipe, pin) for recipe in recipes if (pin := recipe.settings.pin) is not None]
    with surveyed([recipe for recipe, _ in pinned], parts, around.say):
        return Pins(pins=tuple(_line(recipe, pin, parts) for recipe, pin in pinned))


def _line(recipe: Recipe, pin: Override, parts: Parts) -> Line:
    line = Line(
        recipe=recipe.name, pin=pin.subject, reason=pin.reason, until=pin.until, why="not looked at"
    )
    try:
        check_name(recipe.name)
        parts.sources.sync(recipe)
        known = parts.records.bases(recipe)
    except Fault as fault:
        return msgspec.structs.replace(line, why=f"nobody can tell: {fault}")
    judged = standing(pin, known)
    return msgspec.structs.replace(
        line,
        dynamic=judged.dynamic,
        needed=judged.needed,
        why=judged.why,
        evidence=judged.evidence,
        last_base=last_base(known.seen),
        aside=_aside(pin, known, parts.settings.base_depth),
    )


def _aside(pin: Override, known: Known, depth: int) -> str:
    """Why the latest release is not upgraded from the pinned one; empty if it is."""
    latest = known.releases.latest if known.releases else None
    if known.releases is None or latest is None:
        return ""
    found = bases(
        latest.version,
        known.canonical,
        known.releases,
        known.rule,
        depth=depth,
        pin=pin.subject,
        commit=latest.commit,
    )
    return found.pin_problem
