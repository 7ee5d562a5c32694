"""``adopt``: other tools' canonicals are taken over, as far as they are what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from canon_sweep import interrupt
from canon_sweep.core.adoption import Adopted, Standing, marker_of
from canon_sweep.core.foreign import Mark
from canon_sweep.core.parts import Part, Unseen, is_whole
from canon_sweep.errors import EXIT_DONE, EXIT_WRONG, StateFault, UsageFault
from canon_sweep.harness.shown import volumes_there
from canon_sweep.job.finish import check_state, opened
from canon_sweep.job.sources import Mirrors
from canon_sweep.job.survey import surveyed
from canon_sweep.job.theirs import Seen, configured, seen
from canon_sweep.job.wiring import Parts, Surroundings, parts_to_look
from canon_sweep.settings.records import Settings
from canon_sweep.state.followed import Followed

Outcome = Literal["adopted", "already-adopted", "promoted", "not-adopted"]


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """One canonical of another tool's: what it is, and whether it is followed from now on.

    ``promoted`` is one that a run of ours has proven: there is nothing to adopt.
    """

    recipe: str
    outcome: Outcome
    why: str
    version: str = ""
    commit: str = ""
    parts: tuple[Part, ...] = ()


class Adoptions(msgspec.Struct, frozen=True, kw_only=True):
    """Every one of them; ``problems`` is what is wrong besides."""

    dry_run: bool
    canonicals: tuple[Adoption, ...]
    problems: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if each of them is followed."""
        is_short = any(each.outcome == "not-adopted" for each in self.canonicals)
        return EXIT_WRONG if is_short or self.problems else EXIT_DONE


def run_adopt(
    settings: Settings, names: Sequence[str], around: Surroundings, *, dry_run: bool
) -> Adoptions:
    """Take over the canonicals of the named recipes, or all that there are.

    Only our own markers are written; the canonicals stay what and where they are.

    Raises:
        UsageFault: there is no such recipe, no tool whose canonicals could be adopted, or the
            state is somebody else's.
        DeferredFault: a run is at work.
        StateFault: the canonicals cannot be listed, or our own markers not be written.
    """
    for name in names:
        settings.recipe(name)
    if not settings.harness_promotes:
        check_state(settings)
        raise UsageFault(
            "there is nothing to adopt: no harness keeps canonicals by itself",
            do="set harness.command, harness.promotes = true and canonicalsDir; our own engines"
            " prove every recipe anew",
        )
    if dry_run:
        check_state(settings)
        return _adopted(parts_to_look(settings, around), names, around, dry_run=True)
    with opened(settings, around, Mirrors.LEFT) as (parts, _run):
        found = _adopted(parts, names, around, dry_run=False)
        left = (*parts.ground.left(), *parts.ground.problems)
        return msgspec.structs.replace(found, problems=(*found.problems, *left))


def _adopted(
    parts: Parts, names: Sequence[str], around: Surroundings, *, dry_run: bool
) -> Adoptions:
    followed = parts.state.followed
    assert followed is not None, "the harness promotes"
    recipes = sorted(set(names) or followed.recipes())
    # a remote may take its time, and nothing is begun yet
    with interrupt.LetThrough(), surveyed(configured(recipes, parts), parts, around.say):
        there = volumes_there(parts.engine)
        found = [(recipe, _seen(recipe, followed, parts, there)) for recipe in recipes]
    done = []
    for recipe, one in found:
        if isinstance(one, StateFault):
            done.append(Adoption(recipe=recipe, outcome="not-adopted", why=str(one)))
            continue
        adoption, marker = _judged(recipe, one, parts)
        if marker is not None and not dry_run:
            followed.adopted.put(marker)
        done.append(adoption)
    none = () if recipes else (f"there is no canonical in {followed.theirs.folder}",)
    return Adoptions(dry_run=dry_run, canonicals=tuple(done), problems=none)


def _seen(
    recipe: str, followed: Followed, parts: Parts, there: frozenset[str] | Unseen
) -> Seen | StateFault:
    try:
        return seen(recipe, followed, parts, there)
    except StateFault as fault:
        return fault


def _judged(recipe: str, one: Seen, parts: Parts) -> tuple[Adoption, Adopted | None]:
    """What becomes of a canonical, and the marker that it needs for that."""
    record, how = one.record, one.standing
    if record is None:
        return _adoption(recipe, one, "not-adopted", _not_whole(one)), None
    if how is Standing.PROMOTED:
        why = "a run has seen it promoted, so there is nothing to adopt"
        return _adoption(recipe, one, "promoted", why), None
    if not is_whole(one.parts):
        # an older marker of it stays: `verify` says what has become of it
        return _adoption(recipe, one, "not-adopted", _not_whole(one)), None
    if how is Standing.ADOPTED:
        return _adoption(recipe, one, "already-adopted", _since(one)), None
    was = f"; it was of {one.known.last}" if one.known.last else ""
    odd = "".join(f"; {part.line}" for part in one.parts if part.why)
    why = f"trigger and base follow it; no run has proven it here{was}{odd}"
    return _adoption(recipe, one, "adopted", why), marker_of(recipe, record, parts.world.now())


def _adoption(recipe: str, one: Seen, outcome: Outcome, why: str) -> Adoption:
    record = one.record if one.record is not None else Mark("")
    return Adoption(
        recipe=recipe,
        outcome=outcome,
        why=why,
        version=record.version,
        commit=record.commit,
        parts=one.parts,
    )


def _since(one: Seen) -> str:
    marker = one.known.marker
    return f"since {marker.at:%Y-%m-%d}" if marker is not None else ""


def _not_whole(one: Seen) -> str:
    return "; ".join((*one.wrong, *one.unchecked))
