"""One recipe as a run sees it: made once from the settings, and handed from step to step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from canon_sweep.core.version import TagRule
from canon_sweep.settings.digest import digest
from canon_sweep.settings.overlays import ReadOverlay, overlays_of
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import Settings

# raised when a change of the harness may turn a red release green
HARNESS = "2"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe's name and settings, and what follows from them.

    ``clone`` is where its git objects are cached, ``digest`` the fingerprint of all
    that decides a test besides the commit; ``overlays`` are as they were when it was made.
    """

    name: str
    settings: RecipeSettings
    clone: Path
    rule: TagRule
    digest: str
    overlays: tuple[ReadOverlay, ...] = ()


def recipe_of(settings: Settings, name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        UsageFault: the configuration has no such recipe.
    """
    own = settings.recipe(name)
    overlays = overlays_of(own)
    return Recipe(
        name=name,
        settings=own,
        clone=settings.cache_dir / "recipes" / f"{name}.git",
        rule=own.tag_rule,
        digest=digest(settings, own, HARNESS, *(each.fingerprint for each in overlays)),
        overlays=overlays,
    )


def chosen(settings: Settings, names: tuple[str, ...]) -> tuple[Recipe, ...]:
    """The recipes to go through, in the order of their names; all if none is named.

    Raises:
        UsageFault: one of the names is none of the configuration's.
    """
    for name in names:
        settings.recipe(name)
    return tuple(recipe_of(settings, name) for name in sorted(set(names) or settings.recipes))
