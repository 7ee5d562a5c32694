"""``doctor``: whatever a sweep will need, asked before it; nothing is changed."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from canon_sweep.bounded import OverdueError, awaited, begun
from canon_sweep.core.checkup import (
    Check,
    Outcome,
    Totals,
    exit_code_of,
    fail,
    totals_of,
    unknown,
)
from canon_sweep.core.names import plain
from canon_sweep.doctor.asked import asking, sides_of
from canon_sweep.doctor.host import Asking, Host
from canon_sweep.doctor.program import recipe_programs
from canon_sweep.doctor.remote import Sides
from canon_sweep.doctor.secret import file_check, recipe_files
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.engine.choice import engine_of
from canon_sweep.job.wiring import Surroundings
from canon_sweep.settings.recipe import Recipe, chosen
from canon_sweep.settings.records import Settings

LONGEST = 45.0
"""Seconds for all that is asked of this host: a server of builds is asked twice, 20 s each."""


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe; ``in_step`` is whether its mirror is, None if nobody can tell."""

    recipe: str
    enrolled: bool
    in_step: bool | None
    checks: tuple[Check, ...]


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: of this host, as ``user`` sees it, and of each recipe."""

    exit_code: int
    user: str
    totals: Totals
    host: tuple[Check, ...]
    recipes: tuple[Patient, ...]


def examine(
    settings: Settings, names: tuple[str, ...], around: Surroundings, *, timed: bool
) -> Examination:
    """Ask all remotes, and whatever else there is of the host; ``names`` limits the recipes.

    ``timed`` is whether the settings are the service's, so that its timer is looked at.

    Raises:
        UsageFault: one of the names is none of the configuration's.
        HostFault: there is no process or thread to be had.
    """
    day = around.clock().date()
    recipes = chosen(settings, names, day)
    viewer = Viewer.of(settings.state_dir)
    engine = around.engine or engine_of(settings)
    host = Host(settings, viewer, engine, len(settings.enrolled(day)), timed)
    # its processes are made before there are threads
    with asking(settings) as ask:
        begun_ = [_Begun.of(about, question) for about, question in host.questions()]
        end = time.monotonic() + LONGEST
        sides = sides_of(settings, recipes, viewer, ask)
    found = tuple(check for each in begun_ for check in each.checks(end))
    patients = tuple(
        _patient(recipe, each, viewer) for recipe, each in zip(recipes, sides, strict=True)
    )
    totals = totals_of([*found, *(check for patient in patients for check in patient.checks)])
    return Examination(
        exit_code=exit_code_of(totals),
        user=viewer.me,
        totals=totals,
        host=found,
        recipes=patients,
    )


@dataclass(frozen=True, slots=True)
class _Begun:
    """A question that somebody is at."""

    about: str
    answer: Future[tuple[Check, ...]]

    @classmethod
    def of(cls, about: str, question: Asking) -> _Begun:
        return cls(about, begun(lambda: tuple(question())))

    def checks(self, end: float) -> tuple[Check, ...]:
        """What was found, at the latest at ``end``; whatever happens is a check."""
        try:
            return awaited(self.answer, end - time.monotonic())
        except OverdueError:
            step = "see whether what it asks answers at all: a sweep would wait for it too"
            return (fail(self.about, f"no answer within {LONGEST:.0f} s", step),)
        except Exception as error:  # a mistake of ours hides no other check
            why = plain(f"{type(error).__name__}: {error}"[:200])
            return (unknown(self.about, f"a mistake of ours while it was looked at: {why}"),)


def _patient(recipe: Recipe, sides: Sides, viewer: Viewer) -> Patient:
    own = recipe.settings
    checks = (
        *sides.checks(),
        *(file_check(named, viewer) for named in recipe_files(own)),
        *recipe_programs(own, viewer),
    )
    lag = sides.lag
    return Patient(
        recipe=recipe.name,
        enrolled=not recipe.stays_out,
        in_step=None if lag is None else lag.is_none,
        checks=tuple(map(_apart, checks)) if recipe.stays_out else checks,
    )


def _apart(check: Check) -> Check:
    """Of a recipe that takes no part: no sweep trips over it."""
    if check.outcome in (Outcome.OK, Outcome.WARN):
        return check
    return replace(check, outcome=Outcome.WARN, found=f"{check.found} (it is not enrolled)")
