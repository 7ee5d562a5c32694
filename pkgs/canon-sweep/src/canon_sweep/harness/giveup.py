"""A canonical's data goes, and its record stays: an act of its own, with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.kept import discarded
from canon_sweep.errors import StateFault
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Discarded, Journal, Promotion

Clear = Callable[[Promotion], None]
"""Removes what a replaced record leaves behind, and forgets the journal's entry."""


def give_up(
    record: Canonical, why: str, *, canonicals: Canonicals, journal: Journal, clear: Clear
) -> None:
    """Make a canonical a record only, and remove its volumes and secrets.

    Killed before the record is written, it leaves the canonical as it was; afterwards, what
    is still to be removed is in the journal.

    Raises:
        Fault: the record was not written; or it was, and not all could be removed yet.
    """
    if any(entry.stack == record.stack for entry in journal.entries()):
        # two copies of its data may be there, and this would forget which is the true one
        raise StateFault(f"{record.recipe} is not settled yet", do="canon-sweep recover")
    after = record.without_data(why)
    entry = Promotion(
        recipe=record.recipe,
        stack=record.stack,
        discarded=left_by([record], after, canonicals),
        engine=record.engine,
    )
    journal.put(entry)
    canonicals.write(after)
    clear(entry)


def left_by(befores: Iterable[Canonical], after: Canonical, canonicals: Canonicals) -> Discarded:
    """What ``befores`` leave to be removed when ``after`` is the record.

    Raises:
        StateFault: the folder of all records cannot be read.
    """
    known = canonicals.read_all().records
    others = [other for recipe, other in known.items() if recipe != after.recipe]
    volumes: set[str] = set()
    secrets: set[str] = set()
    for before in befores:
        theirs = discarded(before, after, others)
        volumes |= theirs[0]
        secrets |= theirs[1]
    return Discarded(volumes=tuple(sorted(volumes)), secrets=tuple(sorted(secrets)))
