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
    """Check the record of every recipe that has one, every stray record and stray volume."""
    world = looking(settings, lambda: now)
    known = set(settings.recipes) | set(world.state.canonicals.recipes())
    found = [_find(recipe, world) for recipe in sorted(known)]
    return (*(finding for finding in found if finding is not None), *_strays(world))


def _find(recipe: str, world: RealWorld) -> Finding | None:
    try:
        record = world.state.canonicals.read(recipe)
    except Fault as fault:
        return Finding(recipe=recipe, problems=(str(fault),))
    if record is None:
        return None
    problems: list[str] = []
    # each by itself: a remote that is down must not hide a volume that is gone
    for check in (_journal_problems, _kept_problems, _tag_problems):
        try:
            problems += check(record, world)
        except Fault as fault:
            problems.append(str(fault))
    return Finding(recipe=recipe, canonical=record.release_tag, problems=tuple(problems))


def _journal_problems(record: Canonical, world: RealWorld) -> Iterator[str]:
    if any(entry.stack == record.stack for entry in world.state.journal.entries()):
        yield "it is in use, or a run was broken off: the next run puts it back"


def _kept_problems(record: Canonical, world: RealWorld) -> Iterator[str]:
    if not record.stack:
        return
    if record.engine != world.engine.name:
        yield f"it was made by the {record.engine} engine, the configuration has another"
        return
    advice = f"make it anew: canon-sweep test {record.recipe}"
    lost = lost_parts(record, world.engine)
    for part in lost:
        yield f"{part} is gone; {advice}"
    sizes = {volume.name: volume.bytes for volume in world.engine.volumes(record.stack)}
    for volume in record.volumes:
        size = sizes.get(volume.name, volume.bytes)
        if size != volume.bytes:
            yield f"volume {volume.name} has {size} bytes, had {volume.bytes}; {advice}"


def _tag_problems(record: Canonical, world: RealWorld) -> Iterator[str]:
    if record.recipe not in world.settings.recipes:
        yield "the configuration does not have this recipe"
        return
    world.sync(record.recipe)
    release = world.facts(record.recipe).releases.of_tag(record.release_tag)
    if release is None:
        yield f"upstream has no release {record.release_tag} on main"
    elif release.commit != record.commit:
        now, then = release.commit[:12], record.commit[:12]
        yield f"{record.release_tag} is commit {now} now, the record has {then}"


def _strays(world: RealWorld) -> Iterator[Finding]:
    """Stacks and volumes that canon-sweep made and nothing names any more."""
    canonicals = world.state.canonicals
    try:
        if world.state.journal.entries():
            return  # a test is on, or was broken off: the next run cleans up after it
        records = [canonicals.read(recipe) for recipe in canonicals.recipes()]
        named = {volume.name for record in records if record for volume in record.volumes}
        for stack in world.engine.stacks_of_ours():
            yield Finding(recipe="-", problems=(f"stack {stack} is up, but no run is on",))
        for name in world.engine.volumes_of_ours():
            if name not in named:
                yield Finding(recipe="-", problems=(f"volume {name} belongs to no record",))
    except Fault as fault:
        yield Finding(recipe="-", problems=(str(fault),))
