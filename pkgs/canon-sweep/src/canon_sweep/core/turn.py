"""Whose turn it is: the order in which a run takes its recipes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from canon_sweep.core.attempts import Attempt, Outcome

_NOW = float("inf")


def in_turn(
    names: Iterable[str],
    attempts: Iterable[Attempt],
    since: Mapping[str, datetime],
    begun: Collection[str] = (),
) -> tuple[str, ...]:
    """Who has waited longest first, then by name; those last that used up a run's time.

    So do those that have ``begun`` a turn in which the run was killed: it may have been
    their doing.

    ``since`` is when those who wait began to.  A recipe whose last cold attempt, in the
    order of the ledger, was broken off must not take the whole of the next run's time
    before the others had theirs, however long it has waited itself.
    """
    last = {a.key.recipe: a.outcome for a in attempts if not a.quick}

    def place(name: str) -> tuple[bool, float, str]:
        waits = since[name].timestamp() if name in since else _NOW
        is_late = name in begun or last.get(name) is Outcome.OUT_OF_TIME
        return is_late, waits, name

    return tuple(sorted(set(names), key=place))
