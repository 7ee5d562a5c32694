"""One recipe as a run sees it: made from the settings, and handed from step to step."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
from msgspec import structs
from msgspec.structs import replace

from canon_sweep.core.decision import Note
from canon_sweep.core.override import Override
from canon_sweep.core.version import TagRule, Version
from canon_sweep.settings.digest import digest
from canon_sweep.settings.inforce import in_force
from canon_sweep.settings.overlays import ReadOverlay, overlays_of
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import Settings

# raised when a change of the harness may turn a red release green
HARNESS = "2"


class Recipe(msgspec.Struct, frozen=True):
    """A recipe's name and settings, and what follows from them.

    ``settings`` are those in force on ``day`` (UTC): an override that has ended is not among
    them, but still in ``written``, and in ``notes``.  ``clone`` is where its git objects are
    cached, ``digest`` the fingerprint of all that decides a test besides the commit;
    ``overlays`` are as they were when it was made.
    """

    name: str
    settings: RecipeSettings
    clone: Path
    rule: TagRule
    digest: str
    day: date
    written: tuple[Override, ...] = ()
    notes: tuple[Note, ...] = ()
    overlays: tuple[ReadOverlay, ...] = ()

    @property
    def stays_out(self) -> bool:
        """Whether it takes no part, whatever its releases are: nobody has to look at them."""
        why = self.settings.excepted
        return why is not None and not why.release


def recipe_of(
    settings: Settings,
    name: str,
    day: date,
    newest: Version | None = None,
    needed: str | None = None,
) -> Recipe:
    """The recipe of this name as `in_force` has it.

    Raises:
        UsageFault: the configuration has no such recipe.
    """
    written = settings.recipe(name)
    own, notes = in_force(written, day, newest, needed)
    overlays = overlays_of(own)
    return Recipe(
        name=name,
        settings=own,
        clone=settings.cache_dir / "recipes" / f"{name}.git",
        rule=written.tag_rule,
        digest=_digest(settings, own, overlays),
        day=day,
        written=written.overrides,
        notes=notes,
        overlays=overlays,
    )


def unpinned(settings: Settings, recipe: Recipe) -> Recipe:
    """The same recipe as if its pin had been removed already."""
    own = structs.replace(recipe.settings, upgrade_base=None)
    return replace(recipe, settings=own, digest=_digest(settings, own, recipe.overlays))


def enrolled(settings: Settings, recipe: Recipe) -> Recipe:
    """The same recipe as if it had no exception."""
    own = structs.replace(recipe.settings, enroll=True, exception="")
    return replace(recipe, settings=own, digest=_digest(settings, own, recipe.overlays))


def chosen(settings: Settings, names: tuple[str, ...], day: date) -> tuple[Recipe, ...]:
    """The recipes to go through, in the order of their names; all if none is named.

    Raises:
        UsageFault: one of the names is none of the configuration's.
    """
    for name in names:
        settings.recipe(name)
    return tuple(recipe_of(settings, name, day) for name in sorted(set(names) or settings.recipes))


def _digest(settings: Settings, own: RecipeSettings, overlays: tuple[ReadOverlay, ...]) -> str:
    return digest(settings, own, HARNESS, *(each.fingerprint for each in overlays))
