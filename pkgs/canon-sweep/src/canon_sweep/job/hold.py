"""``hold``: what the settings and the clone say of it; nobody else is asked."""

from __future__ import annotations

from datetime import date

from canon_sweep.core.hold import remark
from canon_sweep.core.release import releases
from canon_sweep.mirror import known
from canon_sweep.settings.recipe import recipe_of
from canon_sweep.settings.records import Settings


def remark_of(settings: Settings, name: str, tag: str | None, day: date) -> str:
    """Why a hold of this recipe, or of this release of it, holds nothing on a day; else empty.

    Raises:
        UsageFault: there is no such recipe.
    """
    recipe = recipe_of(settings, name, day)
    why = recipe.settings.excepted
    tags = None if tag is None else known.tags(recipe.clone)
    return remark(
        tag,
        None if why is None else why.sentence,
        None if tags is None else releases(tags, recipe.rule, recipe.settings.branch or "main"),
    )
