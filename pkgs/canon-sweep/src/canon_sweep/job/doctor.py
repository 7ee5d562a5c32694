"""``doctor``: whatever a sweep will need, asked before it; nothing is changed."""

from __future__ import annotations

import time
from concurrent.futures import Future
from functools import partial

import msgspec

from canon_sweep.bounded import OverdueError, awaited, begun
from canon_sweep.core.checkup import Check, Totals, exit_code_of, fail, totals_of, unknown
from canon_sweep.core.names import plain
from canon_sweep.crew import set_to_work
from canon_sweep.doctor.asked import asking, sides_of
from canon_sweep.doctor.host import Asking, Host
from canon_sweep.doctor.latest import Latest
from canon_sweep.doctor.patient import Patient, patient_of, web_checks
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.engine.choice import engine_of
from canon_sweep.job.wiring import Surroundings
from canon_sweep.settings.recipe import chosen
from canon_sweep.settings.records import Settings

LONGEST = 45.0
"""Seconds for all that is asked of this host: a server of builds is asked twice, 20 s each."""
MORE = 0.5
"""Seconds more for each recipe's servers: some requests, eight at once."""


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
    host = Host(settings, viewer, engine, Latest(recipes), len(settings.enrolled(day)), timed)
    # its processes are made before there are threads
    with asking(settings) as ask:
        began = time.monotonic()
        of_host = [_Begun(what, begun(partial(_all, asked))) for what, asked in host.questions()]
        of_web = set_to_work([partial(web_checks, settings, each, viewer) for each in recipes])
        sides = sides_of(settings, recipes, viewer, ask)
    # an engine that is away says the same to every question
    found = tuple(
        dict.fromkeys(check for each in of_host for check in each.checks(began + LONGEST))
    )
    end = began + LONGEST + MORE * len(recipes)
    patients = tuple(
        patient_of(recipe, each, _Begun("mirror.rights", web).checks(end), viewer)
        for recipe, each, web in zip(recipes, sides, of_web, strict=True)
    )
    totals = totals_of([*found, *(check for patient in patients for check in patient.checks)])
    return Examination(
        exit_code=exit_code_of(totals),
        user=viewer.me,
        totals=totals,
        host=found,
        recipes=patients,
    )


class _Begun(msgspec.Struct, frozen=True):
    """A question that somebody is at."""

    about: str
    answer: Future[tuple[Check, ...]]

    def checks(self, end: float) -> tuple[Check, ...]:
        """What was found, at the latest at ``end``; whatever happens is a check."""
        try:
            return awaited(self.answer, end - time.monotonic())
        except OverdueError:
            step = "see whether what it asks answers at all: a sweep would wait for it too"
            return (fail(self.about, f"no answer within {LONGEST:.0f} s or more", step),)
        except Exception as error:  # a mistake of ours hides no other check
            why = plain(f"{type(error).__name__}: {error}"[:200])
            return (unknown(self.about, f"a mistake of ours while it was looked at: {why}"),)


def _all(question: Asking) -> tuple[Check, ...]:
    return tuple(question())
