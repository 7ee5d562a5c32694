"""Whose turn it is: the order in which a run takes its recipes."""

from __future__ import annotations

from collections.abc import Iterable

from canon_sweep.core.attempts import Attempt, Outcome


def in_turn(names: Iterable[str], attempts: Iterable[Attempt]) -> tuple[str, ...]:
    """The names in their order, with those last that used up an earlier run's time.

    A recipe whose last cold attempt, in the order of the ledger, was broken off
    must not take the whole of the next run's time before the others had theirs.
    """
    last = {a.key.recipe: a.outcome for a in attempts if not a.quick}
    return tuple(sorted(set(names), key=lambda n: (last.get(n) is Outcome.OUT_OF_TIME, n)))
