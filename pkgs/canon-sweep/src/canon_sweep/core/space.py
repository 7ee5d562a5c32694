"""How much room there is on a disk, how much a test may take of it, and what follows.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from canon_sweep.core.attempts import Attempt, Outcome, Took
from canon_sweep.core.count import counted

# a mark that only grew would bar a recipe for good once one of its runs went wild
RECENT = 10
# these have gone through every tier, so they have been where a test takes most
_WHOLE = frozenset({Outcome.PROMOTED, Outcome.REFUSED, Outcome.PROMOTE_FAILED, Outcome.PASSED})
_STEP = 1024
FULL = 64 * 1024**2
"""In bytes; of a small disk a hundredth.  A database writes its log in pieces of 16 MiB."""


class Space(msgspec.Struct, frozen=True):
    """The file system that holds an engine's volumes and images; both in bytes."""

    free: int
    total: int

    def __str__(self) -> str:
        return f"{shown(self.free)} of {shown(self.total)}"


class Mark(msgspec.Struct, frozen=True):
    """What a recipe's next test may take at its peak, in bytes.

    ``measured`` is what past tests took, 0 if none was measured; not ``known`` means that
    none of them has gone through, so that an assumption stands in unless they took more.
    """

    bytes: int
    measured: int = 0
    known: bool = True

    def __str__(self) -> str:
        source = "the most of its last tests" if self.known else "assumed, until one goes through"
        return f"{shown(self.bytes)} ({source})"


class Bounds(msgspec.Struct, frozen=True):
    """What is to stay free: ``min_free`` before a test's peak and ``floor`` in any case, in bytes.

    None: it is not asked for.
    """

    min_free: int | None = None
    floor: int | None = None

    @property
    def are_set(self) -> bool:
        """Whether anything is asked for."""
        return self.min_free is not None or self.floor is not None

    def needed(self, mark: Mark) -> int:
        """How much has to be free before a test begins that may take so much."""
        before = 0 if self.min_free is None else self.min_free + mark.bytes
        return max(before, self.floor or 0)


def high_water(attempts: Iterable[Attempt], assumed: int) -> Mark:
    """What a recipe's next test may take, by the last of its attempts that were measured.

    Once one has gone through all tiers, only such ones count: a test that went wild was ended
    by the floor, and must not bar the release that mends it.  Before, whatever was measured
    can raise the mark, and does not make it known.
    """
    return _mark(attempts, assumed, lambda took: took.bytes)


def most_data(attempts: Iterable[Attempt], assumed: int) -> Mark:
    """As `high_water`, of volumes alone: what may be kept of a test is never more.

    It is less where an upgrade's volumes were there beside them.
    """
    return _mark(attempts, assumed, lambda took: took.volumes)


def _mark(attempts: Iterable[Attempt], assumed: int, part: Callable[[Took], int]) -> Mark:
    measured = [attempt for attempt in attempts if attempt.took is not None]
    whole = [a for a in measured if a.outcome in _WHOLE and not a.quick]
    recent = (whole or measured)[-RECENT:]
    most = max((part(a.took) for a in recent if a.took is not None), default=0)
    return Mark(most if whole else max(most, assumed), most, bool(whole))


def shortage(space: Space | None, bounds: Bounds, mark: Mark) -> str:
    """Why a test that may take so much must not begin; empty if it may.

    ``space`` None: nobody can say how much is free, which is never enough.
    """
    if not bounds.are_set:
        return ""
    if space is None:
        return "nobody can say how much is free on the engine's file system"
    if space.free >= bounds.needed(mark):
        return ""
    free = f"{space} are free on the engine's file system"
    if bounds.min_free is None or space.free < (bounds.floor or 0):
        return f"{free}, and disk.floor is {shown(bounds.floor or 0)}"
    return f"{free}; the test may take {mark}, and disk.minFree is {shown(bounds.min_free)}"


def is_full(space: Space | None) -> bool:
    """Whether there is so little room that whatever fails now may fail because of that."""
    return space is not None and space.free < min(FULL, space.total // 100)


def shown(size: int) -> str:
    """A size for people, e.g. ``3.4 GiB``."""
    if size < _STEP:
        return counted(size, "byte")
    value = size / _STEP
    for unit in ("KiB", "MiB", "GiB"):
        if value < _STEP:
            return f"{value:.1f} {unit}"
        value /= _STEP
    return f"{value:.1f} TiB"
