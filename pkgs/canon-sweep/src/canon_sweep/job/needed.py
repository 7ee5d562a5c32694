"""Why a pin that has ended is used all the same, as far as whoever asks knows the releases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.override import is_over
from canon_sweep.core.pin import Known, standing
from canon_sweep.core.release import Releases
from canon_sweep.core.version import Version
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.state import bases
from canon_sweep.state.store import State


def why_needed(
    own: RecipeSettings, day: date, newest: Version | None, known: Callable[[], Known]
) -> str | None:
    """Why it is needed on a day, empty if it is not; None of a pin that has not ended, or none.

    ``newest`` is the version under test, None if not known; ``known`` is asked for what shows
    it, and only of a pin that has ended.
    """
    if own.pin is None or not is_over(own.pin, day, newest, own.tag_rule):
        return None
    judged = standing(own.pin, known())
    return judged.why if judged.needed else ""


def known_of(
    name: str,
    own: RecipeSettings,
    state: State,
    canonical: Canonical | None,
    releases: Releases | None,
) -> Known:
    """What the state folder tells of a recipe's bases; ``releases`` None: upstream was not asked.

    Raises:
        StateFault: the ledger, or the folder of the runs, cannot be read.
    """
    return Known(
        rule=own.tag_rule,
        canonical=canonical,
        releases=releases,
        seen=bases.seen(state.folder / "runs").get(name, ()),
        attempts=state.ledger.index().of(name),
    )
