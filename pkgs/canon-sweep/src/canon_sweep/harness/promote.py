"""A green run becomes the canonical: volumes first, the record last and at once."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from canon_sweep.core.canonical import Canonical, KeptVolume, Previous
from canon_sweep.core.result import CiResult
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import Fault, StateFault
from canon_sweep.harness.stage import Stage
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Discarded, Journal, Promotion


def promote(
    record: Canonical, before: Canonical | None, stage: Stage, canonicals: Canonicals
) -> str | None:
    """Keep what a record names and make it the canonical.

    The previous canonical's volumes go only after the new record is on disk.  From
    there on nothing can fail the promotion; what could not be removed is returned
    as a text, and stays in the journal for the next run.

    Raises:
        Fault: the record was not written; the previous canonical stands.
    """
    foreign = before is not None and before.engine not in ("", stage.engine.name)
    discarded = Discarded() if foreign else _discarded(before)
    entry = Promotion(
        recipe=record.recipe, stack=record.stack, discarded=discarded, engine=stage.engine.name
    )
    # a record that cannot be read is never replaced: nothing may be done before that is known
    canonicals.read(record.recipe)
    stage.journal.put(entry)
    # the record is flushed at once, and must not outlive the data that it names
    os.sync()
    remark = _write(record, canonicals)
    stage.log.say(f"promoted {record.tag} ({record.commit})")
    if remark:
        return remark
    try:
        canonicals.note_promotion(record)
        discard_previous(entry, stage.engine, stage.journal)
    except Fault as fault:
        return f"what the previous canonical left could not be removed yet: {fault}"
    if foreign and before is not None:
        return f"the volumes of {before.release_tag} stay on the {before.engine} engine"
    return None


def _write(record: Canonical, canonicals: Canonicals) -> str | None:
    try:
        canonicals.write(record)
    except StateFault as fault:
        if not _took_its_name(record, canonicals):
            raise
        # the record has its name but may not outlive a power loss, so the previous
        # canonical stays whole until the next run finds which of the two it was
        return f"the record is written but not flushed: {fault}"
    return None


def _took_its_name(record: Canonical, canonicals: Canonicals) -> bool:
    try:
        return canonicals.read(record.recipe) == record
    except StateFault:
        # nobody can say: keep both, the next run can
        return True


def record_of(
    result: CiResult,
    before: Canonical | None,
    engine: Engine,
    *,
    recipe: str,
    run_id: str,
    now: datetime,
) -> Canonical:
    """The record that a green result deserves, with the volumes as they are now.

    Raises:
        HostFault: the engine cannot say what volumes there are.
    """
    assert result.tag, "the gate lets only releases through"
    volumes = tuple(KeptVolume(name=v.name, bytes=v.bytes) for v in engine.volumes(result.stack))
    moment = now.astimezone(UTC)
    return Canonical(
        recipe=recipe,
        version=result.tag,
        commit=result.commit,
        ts=moment.strftime("%Y%m%dT%H%M%SZ"),
        tag=result.tag,
        run_id=run_id,
        promoted_at=moment.isoformat(timespec="seconds"),
        engine=engine.name,
        base=result.base,
        tiers={tier.tier: str(tier.status) for tier in result.tiers},
        stack=result.stack,
        domain=result.domain,
        node=engine.node(),
        volumes=volumes,
        secrets=engine.secrets(result.stack),
        retained="volume" if volumes else "record-only",
        retained_reason="" if volumes else "the recipe has no volume of its own",
        previous=_previous(before),
    )


def discard_previous(entry: Promotion, engine: Engine, journal: Journal) -> None:
    """Remove what the replaced canonical kept; done twice, it does nothing more.

    Raises:
        HostFault: the engine cannot be used; the journal still has the entry.
    """
    for volume in entry.discarded.volumes:
        engine.remove_volume(volume)
    for secret in entry.discarded.secrets:
        engine.remove_secret(secret)
    journal.drop(entry.stack)


def _discarded(before: Canonical | None) -> Discarded:
    if before is None:
        return Discarded()
    return Discarded(volumes=tuple(v.name for v in before.volumes), secrets=before.secrets)


def _previous(before: Canonical | None) -> Previous | None:
    if before is None:
        return None
    return Previous(version=before.version, commit=before.commit, run_id=before.run_id)
