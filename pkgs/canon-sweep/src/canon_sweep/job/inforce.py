"""A recipe without the overrides that have ended, as far as whoever asks knows its releases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.override import is_over
from canon_sweep.core.pin import Known, standing
from canon_sweep.core.release import Releases
from canon_sweep.core.version import Version
from canon_sweep.settings.recipe import Recipe, recipe_of
from canon_sweep.settings.records import Settings
from canon_sweep.state import bases
from canon_sweep.state.store import State


def in_force(
    settings: Settings, name: str, day: date, newest: Version | None, known: Callable[[], Known]
) -> Recipe:
    """The recipe on a day, for the version ``newest`` (None: not known).

    ``known`` is asked for what shows whether a pin is needed, and only of one that has ended.

    Raises:
        UsageFault: the configuration has no such recipe.
    """
    own = settings.recipe(name)
    needed = None
    if own.pin is not None and is_over(own.pin, day, newest, own.tag_rule):
        judged = standing(own.pin, known())
        needed = judged.why if judged.needed else ""
    return recipe_of(settings, name, day, newest, needed)


def known_of(
    settings: Settings,
    name: str,
    state: State,
    canonical: Canonical | None,
    releases: Releases | None,
) -> Known:
    """What the state folder tells of a recipe's bases.

    Raises:
        StateFault: the ledger, or the folder of the runs, cannot be read.
    """
    return Known(
        rule=settings.recipe(name).tag_rule,
        canonical=canonical,
        releases=releases,
        seen=bases.seen(state.folder / "runs").get(name, ()),
        attempts=state.ledger.index().of(name),
    )
