"""What an outside harness left for us to keep: seen to be there, then promoted as ours is."""

from __future__ import annotations

from msgspec import structs

from canon_sweep.core.canonical import Canonical, KeptVolume
from canon_sweep.core.result import Retained
from canon_sweep.core.testimony import Kept
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault
from canon_sweep.harness.promote import Promoted
from canon_sweep.harness.trial import Promote
from canon_sweep.state.canonicals import Canonicals

# the kinds of leftovers that are data, and run no more; see `Engine.leftovers`
_DATA = ("volume ", "secret ")


def owned(kept: Kept, before: frozenset[str], engine: Engine, canonicals: Canonicals) -> Retained:
    """What the harness names, as ours to keep or to take away: nobody else's.

    ``before`` is what was on the engine when the test began.

    Raises:
        HostFault: it is not the harness's to give away.
        StateFault: a record cannot be read, and may name it.
    """
    was_there = [
        thing
        for thing in sorted(before)
        if thing == f"stack {kept.stack}" or thing.partition(" ")[2].startswith(f"{kept.stack}_")
    ]
    if was_there:
        raise HostFault(
            f"the result names {kept.stack}, and before the test there was {was_there[0]}",
            do="let the harness keep each release under a name of its own, e.g. by {run}",
        )
    known = canonicals.read_all()
    for problem in known.problems.values():
        raise HostFault(f"the result names a stack that this record may keep: {problem}")
    for record in known.records.values():
        if record.stack == kept.stack:
            raise HostFault(f"the result names {kept.stack}, the canonical of {record.recipe}")
    return Retained(
        engine=engine.name,
        node=engine.node(),
        stack=kept.stack,
        domain=kept.domain,
        volumes=tuple(KeptVolume(name=name, bytes=None) for name in kept.volumes),
        secrets=kept.secrets,
    )


def hand_over(
    record: Canonical, before: Canonical | None, *, engine: Engine, promote: Promote
) -> Promoted:
    """Promote a record of what a harness left, once all of it is there and nothing runs.

    Raises:
        HostFault: something is missing, still runs, or is there and was not named.
        Fault: as promoting does.
    """
    parts = engine.leftovers(record.stack)
    runs = [part for part in parts if not part.startswith(_DATA)]
    if runs:
        raise HostFault(
            f"green, but {record.stack} is not down: there is {', '.join(runs)}",
            do="let the harness take it down before it writes its result",
        )
    named = {f"volume {volume.name}" for volume in record.volumes}
    named |= {f"secret {secret}" for secret in record.secrets}
    missing = sorted(named - set(parts))
    if missing:
        raise HostFault(f"green, but what it says it kept is not there: {', '.join(missing)}")
    unnamed = sorted(set(parts) - named)
    if unnamed:
        raise HostFault(
            f"green, but {record.stack} has what its result does not name: {', '.join(unnamed)}",
            do="let the harness name it, or remove it",
        )
    sizes = {volume.name: volume.bytes for volume in engine.volumes(record.stack)}
    volumes = tuple(KeptVolume(name=v.name, bytes=sizes[v.name]) for v in record.volumes)
    return promote(structs.replace(record, volumes=volumes), before)
