"""Every record against what it names: the tag, the commit, the volumes, the secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from canon_sweep.core.canonical import Canonical
from canon_sweep.errors import Fault
from canon_sweep.harness.quick import lost_parts
from canon_sweep.run import looking
from canon_sweep.settings.records import Settings
from canon_sweep.world import RealWorld


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one recipe's record; no ``problems`` means nothing is."""

    recipe: str
    canonical: str = ""
    problems: tuple[str, ...] = ()


def verify(settings: Settings, now: datetime) -> tuple[Finding, ...]:
    """Check the record of every recipe that has one, and of every stray record."""
    world = looking(settings, now)
    known = set(settings.recipes) | set(world.state.canonicals.recipes())
    return tuple(
        finding for recipe in sorted(known) if (finding := _find(recipe, world)) is not None
    )


def _find(recipe: str, world: RealWorld) -> Finding | None:
    try:
        record = world.state.canonicals.read(recipe)
        if record is None:
            return None
        problems = tuple(_problems(record, world))
        return Finding(recipe=recipe, canonical=record.release_tag, problems=problems)
    except Fault as fault:
        return Finding(recipe=recipe, problems=(str(fault),))


def _problems(record: Canonical, world: RealWorld) -> Iterator[str]:
    if record.recipe not in world.settings.recipes:
        yield "the configuration does not have this recipe"
    else:
        yield from _tag_problems(record, world)
    if record.stack and record.engine != world.engine.name:
        yield f"it was made by the {record.engine} engine, the configuration has another"
        return
    for lost in lost_parts(record, world.engine):
        yield f"{lost} is gone; make it anew: canon-sweep test {record.recipe}"


def _tag_problems(record: Canonical, world: RealWorld) -> Iterator[str]:
    world.sync(record.recipe)
    release = world.facts(record.recipe).releases.of_tag(record.release_tag)
    if release is None:
        yield f"upstream has no release {record.release_tag} on main"
    elif release.commit != record.commit:
        now, then = release.commit[:12], record.commit[:12]
        yield f"{record.release_tag} is commit {now} now, the record has {then}"
