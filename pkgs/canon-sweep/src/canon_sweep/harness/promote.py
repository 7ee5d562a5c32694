"""A green run becomes the canonical: volumes first, the record last and at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

from canon_sweep.core.canonical import Canonical, Previous
from canon_sweep.core.kept import discarded
from canon_sweep.core.result import CiResult
from canon_sweep.errors import Fault, StateFault
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Discarded, Journal, Promotion
from canon_sweep.state.runs import Log

Clear = Callable[[Promotion], None]
"""Removes what a replaced canonical leaves behind, and forgets the journal's entry."""


def promote(
    record: Canonical,
    before: Canonical | None,
    *,
    canonicals: Canonicals,
    journal: Journal,
    log: Log,
    clear: Clear,
) -> str | None:
    """Keep what a record names and make it the canonical.

    The previous canonical's volumes go only after the new record is on disk.  From
    there on nothing can fail the promotion; what could not be removed is returned
    as a text, and stays in the journal for the next run.

    Raises:
        Fault: the record was not written; the previous canonical stands.
    """
    # a record of another tool names nothing that any engine of ours could remove
    ours = before is not None and bool(before.engine)
    elsewhere = before.kept_elsewhere(record.engine) if before is not None and ours else ""
    gone = Discarded() if elsewhere else _discarded(before, record, canonicals)
    entry = Promotion(
        recipe=record.recipe, stack=record.stack, discarded=gone, engine=record.engine
    )
    # a record that cannot be read is never replaced: nothing may be done before that is known
    canonicals.read(record.recipe)
    journal.put(entry)
    # the record is flushed at once, and must not outlive the data that it names
    os.sync()
    remark = _write(record, canonicals)
    log.say(f"promoted {record.tag} ({record.commit})")
    if remark:
        return remark
    try:
        canonicals.note_promotion(record)
        clear(entry)
    except Fault as fault:
        return f"what the previous canonical left could not be removed yet: {fault}"
    if elsewhere and before is not None:
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
    result: CiResult, before: Canonical | None, *, recipe: str, run_id: str, now: datetime
) -> Canonical:
    """The record that a green result deserves."""
    assert result.tag, "the gate lets only releases through"
    retained = result.retained
    assert retained is not None, "a green result has what is to be kept"
    moment = now.astimezone(UTC)
    return Canonical(
        recipe=recipe,
        version=result.tag,
        commit=result.commit,
        ts=moment.strftime("%Y%m%dT%H%M%SZ"),
        tag=result.tag,
        run_id=run_id,
        promoted_at=moment.isoformat(timespec="seconds"),
        engine=retained.engine,
        base=result.base,
        tiers={tier.tier: str(tier.status) for tier in result.tiers},
        stack=retained.stack,
        domain=retained.domain,
        node=retained.node,
        volumes=retained.volumes,
        secrets=retained.secrets,
        images={image.name: image.digest for image in result.images},
        retained="volume" if retained.volumes else "record-only",
        retained_reason="" if retained.volumes else "the recipe has no volume of its own",
        previous=_previous(before),
    )


def _discarded(before: Canonical | None, record: Canonical, canonicals: Canonicals) -> Discarded:
    known = canonicals.read_all().records
    others = [other for recipe, other in known.items() if recipe != record.recipe]
    volumes, secrets = discarded(before, record, others)
    return Discarded(volumes=tuple(sorted(volumes)), secrets=tuple(sorted(secrets)))


def _previous(before: Canonical | None) -> Previous | None:
    if before is None:
        return None
    return Previous(version=before.version, commit=before.commit, run_id=before.run_id)
