"""Which canonicals keep their data where all of it does not fit.  Pure, and always the same.

The record of a green test is always kept.  Where its data does not fit it is that data which is
not kept, and nobody else's, unless the operator has said by priorities whose may go for whose.
A size that is not known is never taken for zero, and nobody's data goes because of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.space import Mark, shown

OVER = "over-budget"
"""The note of a canonical whose data was not kept: the budget is to be raised."""
TAKEN = "data-given-up"
"""The note of whose data went for another's, by the operator's priorities."""
RECORD_ONLY = "record-only"
"""The note of a canonical that has been without its data since an earlier run."""
MORE_THAN = "more-than-budget"
"""The note where a harness retains more than the budget: it is only said."""


class Budget(msgspec.Struct, frozen=True):
    """How much canonicals may retain, in bytes, None without bound; and whose data goes first.

    A recipe without a priority neither gives nor takes.
    """

    limit: int | None = None
    priorities: Mapping[str, int] = msgspec.field(default_factory=dict)


class AtLeast(msgspec.Struct, frozen=True):
    """Volumes of which some have a size that is not known: the others take so many bytes."""

    bytes: int


Size = int | AtLeast | None
"""How many bytes a canonical takes; None if nothing at all is known of that."""


class Sum(msgspec.Struct, frozen=True):
    """What is retained; with ``unknown``, recipes of which it is not known how much, at least."""

    bytes: int
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"at least {shown(self.bytes)}" if self.unknown else shown(self.bytes)


class Share(msgspec.Struct, frozen=True):
    """What becomes of a new canonical's data.

    It is kept once the data of those in ``takes`` is gone, in this order; or it is not kept,
    and ``why`` says so.
    """

    takes: tuple[str, ...] = ()
    why: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether it is."""
        return not self.why


def size_of(record: Canonical) -> int | AtLeast:
    """The bytes that a record's volumes take, or that those take whose size is known."""
    known = [volume.bytes for volume in record.volumes if volume.bytes is not None]
    return sum(known) if len(known) == len(record.volumes) else AtLeast(sum(known))


def retained(records: Iterable[Canonical], unread: Iterable[str], engine: str) -> dict[str, Size]:
    """How much each canonical retains on an engine, by recipe; ``unread`` records: not known."""
    sizes: dict[str, Size] = dict.fromkeys(unread)
    return {r.recipe: size_of(r) for r in records if r.kept_by(engine)} | sizes


def total(sizes: Mapping[str, Size]) -> Sum:
    """All of it; of what is not known the part that is."""
    unknown = tuple(sorted(name for name, size in sizes.items() if not isinstance(size, int)))
    return Sum(sum(map(_known, sizes.values())), unknown)


def _known(size: Size) -> int:
    return size.bytes if isinstance(size, AtLeast) else size or 0


def excess(there: Sum, budget: Budget) -> str:
    """What is to be said of a harness's canonicals that retain too much; empty if they do not.

    They are not ours, so nothing of theirs is ever given up.
    """
    if budget.limit is None or there.bytes <= budget.limit:
        return ""
    return (
        f"the harness's canonicals retain {there}, more than disk.budget, {shown(budget.limit)};"
        " nothing of theirs is given up here: raise it, or remove one with the harness"
    )


def share(recipe: str, size: Size, others: Mapping[str, Size], budget: Budget) -> Share:
    """Whether data of this size is kept for a recipe, beside what ``others`` retain.

    What its last canonical retained is not among it: that goes when this one comes.
    """
    there = total(others)
    if budget.limit is None or size == 0:
        return Share()
    if not isinstance(size, int):
        return Share(why="nobody knows how large its volumes are, so nobody can say that they fit")
    over = there.bytes + size - budget.limit
    if over <= 0:
        return Share()
    takes = _takes(recipe, over, others, budget)
    if takes:
        return Share(takes)
    return Share(
        why=f"its {shown(size)} and the {there} of the others are more than disk.budget,"
        f" {shown(budget.limit)}"
    )


def reckoned(data: Mark) -> str:
    """How much data a recipe without a canonical may come to keep, as far as that is known."""
    if data.known:
        return f"up to {shown(data.bytes)} in its last tests"
    if not data.measured:
        return f"unknown, {shown(data.bytes)} assumed"
    least = f"at least {shown(data.measured)} in its last tests"
    return least if data.bytes == data.measured else f"{least}, {shown(data.bytes)} assumed"


def outlook(recipe: str, data: Mark, others: Mapping[str, Size], budget: Budget) -> Share:
    """What would become of the data of a recipe that has no canonical to go by.

    What is not known is reckoned with as assumed, and makes nobody give way.
    """
    budget = budget if data.known else Budget(budget.limit)
    place = share(recipe, data.bytes, others, budget)
    if place.is_kept or budget.limit is None:
        return place
    return Share(
        why=f"its data ({reckoned(data)}) and the {total(others)} of the others are more than"
        f" disk.budget, {shown(budget.limit)}"
    )


def _takes(recipe: str, over: int, others: Mapping[str, Size], budget: Budget) -> tuple[str, ...]:
    """Whose data goes so that so many bytes come free: as little that matters as can be.

    Nobody's, if all that may go would not be enough.
    """
    own = budget.priorities.get(recipe)
    if own is None:
        return ()
    below = {
        other: size
        for other, size in others.items()
        if isinstance(size, int) and size and budget.priorities.get(other, own) < own
    }
    # the least important first, and of these the largest, so that few have to go
    order = sorted(below, key=lambda other: (budget.priorities[other], -below[other], other))
    taken: list[str] = []
    for other in order:
        if over <= 0:
            break
        taken.append(other)
        over -= below[other]
    if over > 0:
        return ()
    return _spared(taken, below, -over)


def _spared(taken: list[str], sizes: Mapping[str, int], spare: int) -> tuple[str, ...]:
    """Without those, the most important first, who need not go after all."""
    for other in reversed(taken[:]):
        if sizes[other] <= spare:
            spare -= sizes[other]
            taken.remove(other)
    return tuple(taken)
