"""``hold``: what the settings and the clone say of it; nobody else is asked."""

from __future__ import annotations

from datetime import datetime

from canon_sweep.core.hold import Hold, has_ended, remark
from canon_sweep.core.release import Releases, releases
from canon_sweep.mirror import known
from canon_sweep.settings.recipe import Recipe, recipe_of
from canon_sweep.settings.records import Settings


def remark_of(settings: Settings, hold: Hold, now: datetime) -> str:
    """Why a hold holds nothing now, as far as that is known; else empty.

    Raises:
        UsageFault: there is no such recipe.
    """
    day = now.date()
    recipe = recipe_of(settings, hold.recipe, day)
    why = recipe.settings.excepted
    may_have_ended = why is not None and not recipe.stays_out
    found = _last_seen(recipe) if hold.tag or hold.up_to or may_have_ended else None
    latest = found.latest if found is not None else None
    newest = latest.version if latest is not None else None
    why = recipe_of(settings, hold.recipe, day, newest).settings.excepted
    if why is None and latest is not None and has_ended(hold, latest.version, now, recipe.rule):
        return f"it holds nothing: the latest is {latest.tag} already"
    return remark(hold.tag, None if why is None else why.sentence, found)


def _last_seen(recipe: Recipe) -> Releases | None:
    """Its releases as the last sync saw them; None if there was none."""
    tags = known.tags(recipe.clone)
    return None if tags is None else releases(tags, recipe.rule, recipe.settings.branch or "main")
