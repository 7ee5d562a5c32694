"""The canonicals that a harness keeps by itself, looked at one by one: what each is, and is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from canon_sweep.core import remake
from canon_sweep.core.adoption import Known, Standing, gone, not_followed, standing
from canon_sweep.core.adoption import followed as followed_by
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.foreign import Foreign, Mark
from canon_sweep.core.parts import Part, Unseen
from canon_sweep.core.release import Releases
from canon_sweep.errors import Fault, StateFault
from canon_sweep.harness.shown import volumes_there
from canon_sweep.job.finding import Finding
from canon_sweep.job.foreign import parts_now
from canon_sweep.job.wiring import Parts
from canon_sweep.settings.recipe import Recipe, recipe_of
from canon_sweep.state.followed import Followed


class Seen(msgspec.Struct, frozen=True):
    """One of them, with what we have written down of it; ``releases`` are upstream's now."""

    found: Foreign
    known: Known
    releases: Releases | Unseen
    parts: tuple[Part, ...]

    @property
    def record(self) -> Mark | None:
        """What its record says, if there is one that can be read."""
        return self.found.record if isinstance(self.found.record, Mark) else None

    @property
    def known_releases(self) -> Releases | None:
        """What upstream has; None if it could not be asked."""
        return None if isinstance(self.releases, Unseen) else self.releases

    @property
    def standing(self) -> Standing:
        """How its record stands to what we know."""
        return standing(self.record, self.known) if self.record else Standing.UNKNOWN

    @property
    def canonical(self) -> Canonical | None:
        """What trigger and base go by; None if it is not followed."""
        return followed_by(self.record, self.known) if self.record else None

    @property
    def wrong(self) -> tuple[str, ...]:
        """The parts that somebody has looked at, and that are not of its release."""
        return tuple(part.line for part in self.parts if part.is_wrong)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The parts at which nobody could look."""
        return tuple(part.line for part in self.parts if not (part.holds or part.is_wrong))


def seen(recipe: str, followed: Followed, parts: Parts, there: frozenset[str] | Unseen) -> Seen:
    """Look at a canonical, at what we know of it, and at its tag upstream.

    Raises:
        StateFault: our own markers or its history cannot be read.
    """
    found, known = followed.found(recipe), followed.known(recipe)
    releases = _releases(recipe, parts)
    return Seen(found, known, releases, parts_now(found, releases, there))


def configured(names: Iterable[str], parts: Parts) -> list[Recipe]:
    """Those of which `seen` asks upstream: the configuration has them."""
    day, known = parts.world.now().date(), parts.settings.recipes
    return [recipe_of(parts.settings, name, day) for name in names if name in known]


def kept(names: Iterable[str], followed: Followed) -> Iterator[str]:
    """Those that have a record, as far as that can be read."""
    for name in names:
        with suppress(StateFault):
            if followed.found(name).record is not None:
                yield name


def findings(recipes: Iterable[str], followed: Followed, parts: Parts) -> tuple[Finding, ...]:
    """What `verify` says of each recipe that has a record, or that had one.

    Raises:
        StateFault: our own markers cannot be read.
    """
    names = sorted({*recipes, *followed.adopted.read()})
    there = volumes_there(parts.engine)
    found = (_finding(recipe, followed, parts, there) for recipe in names)
    return tuple(finding for finding in found if finding is not None)


def _finding(
    recipe: str, followed: Followed, parts: Parts, there: frozenset[str] | Unseen
) -> Finding | None:
    try:
        if followed.found(recipe).record is None:
            return _without_record(recipe, followed)
        one = seen(recipe, followed, parts, there)
        history = followed.history_problems(recipe)
    except StateFault as fault:
        return Finding(recipe=recipe, problems=(str(fault),))
    record, canonical = one.record, one.canonical
    if record is None or canonical is None:
        return _not_followed(recipe, one, history)
    advice = advice_now(canonical, one.known_releases, parts)
    return Finding(
        recipe=recipe,
        canonical=canonical.release_tag,
        adopted=canonical.is_adopted,
        problems=(
            *history,
            *_unused(recipe, parts),
            *(f"{wrong}; {advice}" for wrong in one.wrong),
        ),
        unchecked=one.unchecked,
        remark="; ".join(_remarks(one, record)),
        parts=one.parts,
    )


def _without_record(recipe: str, followed: Followed) -> Finding | None:
    # of one that was promoted `verify` says so in the words for all that are lost
    known = followed.known(recipe)
    note = gone(known) if known.marker is not None else None
    return Finding(recipe=recipe, problems=(note.text,)) if note is not None else None


def _not_followed(recipe: str, one: Seen, history: tuple[str, ...]) -> Finding:
    """A record that changed is a problem; one that nobody has adopted yet is none."""
    if one.record is None:
        return Finding(recipe=recipe, problems=(*history, *one.unchecked), parts=one.parts)
    note = not_followed(recipe, one.record, one.known, one.known_releases)
    # nothing rests on its parts, and whoever adopts it wants to know them
    text = "; ".join((*([note.text] if note else ()), *one.wrong, *one.unchecked))
    changed = (text,) if one.standing is Standing.CHANGED else ()
    return Finding(
        recipe=recipe,
        problems=(*history, *changed),
        remark="" if changed else text,
        parts=one.parts,
    )


def _remarks(one: Seen, record: Mark) -> Iterator[str]:
    marker = one.known.marker
    if marker is None or one.standing is not Standing.ADOPTED:
        return
    yield f"adopted on {marker.at:%Y-%m-%d}: another tool made it, and no run has proven it here"
    if marker.digest != record.digest:
        yield "its record was written anew since, of the same release"


def advice_now(canonical: Canonical, releases: Releases | None, parts: Parts) -> str:
    """How the canonical of a recipe with these releases, if known, can be made whole."""
    if canonical.recipe not in parts.settings.recipes:
        return remake.give_up(canonical)
    day = parts.world.now().date()
    latest = releases.latest if releases else None
    own = recipe_of(parts.settings, canonical.recipe, day, latest.version if latest else None)
    return remake.advice(canonical, releases, own.rule, enrolled=own.settings.enroll)


def _unused(recipe: str, parts: Parts) -> Iterator[str]:
    if recipe not in parts.settings.recipes:
        yield (
            "the configuration does not have this recipe; follow its canonical no longer:"
            f" canon-sweep forget {recipe} --reason TEXT"
        )


def releases_now(name: str, parts: Parts) -> Releases | Fault | None:
    """What upstream has, or why nobody can tell; None of what is not in the configuration."""
    if name not in parts.settings.recipes:
        return None
    recipe = recipe_of(parts.settings, name, parts.world.now().date())
    try:
        parts.sources.sync(recipe)
        return parts.sources.releases(recipe)
    except Fault as fault:
        return fault


def _releases(name: str, parts: Parts) -> Releases | Unseen:
    now = releases_now(name, parts)
    if now is None:
        return Unseen("the configuration does not have this recipe")
    return Unseen(str(now)) if isinstance(now, Fault) else now
