"""One recipe as a run sees it: made from the settings, and handed from step to step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from msgspec import structs

from canon_sweep.core import override
from canon_sweep.core.decision import Note
from canon_sweep.core.override import Kind, Override, is_over
from canon_sweep.core.version import TagRule, Version
from canon_sweep.settings.digest import digest
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import Settings

# raised when a change of the harness may turn a red release green
HARNESS = "2"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe's name and settings, and what follows from them.

    ``settings`` are those in force on ``day`` (UTC): an override that has ended is not among
    them, but still in ``written``, and in ``notes``.  ``clone`` is where its git objects are
    cached, ``digest`` the fingerprint of all that decides a test besides the commit.
    """

    name: str
    settings: RecipeSettings
    clone: Path
    rule: TagRule
    digest: str
    day: date
    written: tuple[Override, ...] = ()
    notes: tuple[Note, ...] = ()

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
    """The recipe of this name, as it is on a day.

    ``newest`` is the version under test: as long as nobody knows it (None), an override that
    ends with a release is in force.  ``needed`` is why a pin that has ended is used all the
    same: empty if it is not; None: nobody has looked, and it is.

    Raises:
        UsageFault: the configuration has no such recipe.
    """
    written = settings.recipe(name)
    rule, all_of_them = written.tag_rule, written.overrides
    over = [each for each in all_of_them if is_over(each, day, newest, rule)]
    dead = [each for each in over if each.kind is not Kind.PIN or needed == ""]
    own = _without(written, dead)
    return Recipe(
        name=name,
        settings=own,
        clone=settings.cache_dir / "recipes" / f"{name}.git",
        rule=rule,
        digest=digest(settings, own, HARNESS),
        day=day,
        written=all_of_them,
        notes=override.notes(all_of_them, day, newest, rule, needed=needed),
    )


def unpinned(settings: Settings, recipe: Recipe) -> Recipe:
    """The same recipe as if its pin had been removed already."""
    own = structs.replace(recipe.settings, upgrade_base=None)
    return replace(recipe, settings=own, digest=digest(settings, own, HARNESS))


def enrolled(settings: Settings, recipe: Recipe) -> Recipe:
    """The same recipe as if it had no exception."""
    own = structs.replace(recipe.settings, enroll=True, exception="")
    return replace(recipe, settings=own, digest=digest(settings, own, HARNESS))


def chosen(settings: Settings, names: tuple[str, ...], day: date) -> tuple[Recipe, ...]:
    """The recipes to go through, in the order of their names; all if none is named.

    Raises:
        UsageFault: one of the names is none of the configuration's.
    """
    for name in names:
        settings.recipe(name)
    return tuple(recipe_of(settings, name, day) for name in sorted(set(names) or settings.recipes))


def _without(own: RecipeSettings, dead: list[Override]) -> RecipeSettings:
    """The settings as if these overrides were not written."""
    for each in dead:
        match each.kind:
            case Kind.EXCEPTION:
                own = structs.replace(own, enroll=True, exception="")
            case Kind.PIN:
                own = structs.replace(own, upgrade_base=None)
            case _:
                rest = structs.replace(own.expected_na, **{each.subject: None})
                own = structs.replace(own, expected_na=rest)
    return own
