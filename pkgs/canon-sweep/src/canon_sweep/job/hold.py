"""``hold``: what the settings and the clone say of it; nobody else is asked."""

from __future__ import annotations

from datetime import datetime

from canon_sweep.core.hold import Hold, has_ended, remark
from canon_sweep.core.release import releases
from canon_sweep.mirror import known
from canon_sweep.settings.recipe import recipe_of
from canon_sweep.settings.records import Settings


def remark_of(settings: Settings, hold: Hold, now: datetime) -> str:
    """Why a hold holds nothing now, as far as that is known; else empty.

    Raises:
        UsageFault: there is no such recipe.
    """
    recipe = recipe_of(settings, hold.recipe, now.date())
    why = recipe.settings.excepted
    tags = known.tags(recipe.clone) if hold.tag or hold.up_to else None
    branch = recipe.settings.branch or "main"
    found = None if tags is None else releases(tags, recipe.rule, branch)
    if why is None and found is not None and found.latest is not None:
        latest = found.latest
        if has_ended(hold, latest.version, now, recipe.rule):
            return f"it holds nothing: the latest is {latest.tag} already"
    return remark(hold.tag, None if why is None else why.sentence, found)
