"""``hold``: what the settings and the clone say of it; nobody else is asked."""

from __future__ import annotations

from canon_sweep.core.hold import remark
from canon_sweep.core.release import releases
from canon_sweep.mirror import known
from canon_sweep.settings.recipe import recipe_of
from canon_sweep.settings.records import Settings


def remark_of(settings: Settings, name: str, tag: str | None) -> str:
    """Why a hold of this recipe, or of this release of it, holds nothing now; else empty.

    Raises:
        UsageFault: there is no such recipe.
    """
    recipe = recipe_of(settings, name)
    tags = None if tag is None else known.tags(recipe.clone)
    return remark(
        tag,
        None if recipe.settings.enroll else recipe.settings.exception,
        None if tags is None else releases(tags, recipe.rule, recipe.settings.branch or "main"),
    )
