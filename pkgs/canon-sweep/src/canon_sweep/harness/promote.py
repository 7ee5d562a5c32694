"""A green run becomes the canonical: volumes first, the record last and at once."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from canon_sweep.core.budget import OVER, TAKEN, Budget, Share, retained, share, size_of, total
from canon_sweep.core.canonical import Canonical, Previous
from canon_sweep.core.decision import Note
from canon_sweep.core.result import CiResult
from canon_sweep.errors import Fault, StateFault
from canon_sweep.harness.giveup import Clear, give_up, left_by
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Journal, Promotion
from canon_sweep.state.runs import Log


class Promoted(msgspec.Struct, frozen=True):
    """The record that is the canonical now, and what is to be said of how it came to be."""

    record: Canonical
    notes: tuple[Note, ...] = ()


def promote(
    record: Canonical,
    before: Canonical | None,
    *,
    canonicals: Canonicals,
    journal: Journal,
    log: Log,
    clear: Clear,
    budget: Budget,
) -> Promoted:
    """Keep what a record names, as far as it fits the budget, and make it the canonical.

    The previous canonical's volumes go only after the new record is on disk.  From
    there on nothing can fail the promotion; what could not be removed is told by a
    note, and stays in the journal for the next run.

    Raises:
        Fault: the record was not written; the previous canonical stands.
    """
    # a record that cannot be read is never replaced: nothing may be done before that is known
    there = canonicals.read(record.recipe)
    if before is not None and there is None:
        raise StateFault(
            f"the record of {before.release_tag} went away during the test",
            do=f"bring {canonicals.folder} back, or mount its disk",
        )
    fits = _share(record, canonicals, journal, budget)
    taken: list[Note] = []
    try:
        for other in fits.takes:
            taken.append(_given_up(other, record, canonicals, journal, clear))
            log.say(taken[-1].text)
        done = _made(
            record, before, fits, canonicals=canonicals, journal=journal, log=log, clear=clear
        )
    except Fault as fault:
        if not taken:
            raise
        # what is gone is gone, and the recipe's line has to say so
        gone = "; ".join(note.text for note in taken)
        raise StateFault(f"{fault.what}; before that, {gone}", do=fault.do) from fault
    return replace(done, notes=(*taken, *done.notes))


def _made(
    record: Canonical,
    before: Canonical | None,
    fits: Share,
    *,
    canonicals: Canonicals,
    journal: Journal,
    log: Log,
    clear: Clear,
) -> Promoted:
    """Make a record the canonical, with its data if that ``fits``."""
    notes: list[Note] = []
    kept = record if fits.is_kept else record.without_data(fits.why)
    # a record of another tool names nothing that any engine of ours could remove
    ours = before is not None and bool(before.engine)
    elsewhere = before.kept_elsewhere(record.engine) if before is not None and ours else ""
    # what is not kept of the new one goes with the old
    leaves = [record] if before is None or elsewhere else [before, record]
    entry = Promotion(
        recipe=record.recipe,
        stack=record.stack,
        discarded=left_by(leaves, kept, canonicals),
        engine=record.engine,
    )
    journal.put(entry)
    # the record is flushed at once, and must not outlive the data that it names
    os.sync()
    remark = _write(kept, canonicals)
    log.say(f"promoted {record.tag} ({record.commit})")
    if not fits.is_kept:
        log.say(f"its data is not kept: {fits.why}")
        notes.append(Note(code=OVER, text=f"its data is not kept: {kept.data_lost}"))
    if not remark:
        remark = _cleared(kept, entry, canonicals, clear)
    if not remark and elsewhere and before is not None:
        remark = f"the volumes of {before.release_tag} stay on the {before.engine} engine"
    if remark:
        notes.append(Note(code="cleanup-pending", text=remark))
    return Promoted(kept, tuple(notes))


def _share(record: Canonical, canonicals: Canonicals, journal: Journal, budget: Budget) -> Share:
    known, unread = canonicals.read_all()
    others = [other for recipe, other in known.items() if recipe != record.recipe]
    sizes = retained(others, unread, record.engine)
    # what is not settled yet is in use: only its journal's entry says what of it is true
    busy = {entry.recipe for entry in journal.entries()} - {record.recipe}
    # what cannot be read may name what would go
    known_of = {} if unread else budget.priorities
    may_go = {name: each for name, each in known_of.items() if name not in busy}
    return share(record.recipe, size_of(record), sizes, replace(budget, priorities=may_go))


def _given_up(
    other: str, record: Canonical, canonicals: Canonicals, journal: Journal, clear: Clear
) -> Note:
    """Take a less important canonical's data, and say so."""
    theirs = canonicals.read(other)
    assert theirs is not None, "it was read just now"
    why = f"its data went for that of {record.recipe}, which has the higher priority"
    give_up(theirs, why, canonicals=canonicals, journal=journal, clear=clear)
    freed = total({other: size_of(theirs)})
    return Note(code=TAKEN, text=f"the canonical {theirs.release_tag} of {other}: {why} ({freed})")


def _cleared(
    record: Canonical, entry: Promotion, canonicals: Canonicals, clear: Clear
) -> str | None:
    """Remove what the previous canonical kept; gives why that is not done yet, if so."""
    try:
        canonicals.note_promotion(record)
        clear(entry)
    except Fault as fault:
        return f"what the previous canonical left could not be removed yet: {fault}"
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


def _previous(before: Canonical | None) -> Previous | None:
    if before is None:
        return None
    return Previous(version=before.version, commit=before.commit, run_id=before.run_id)
