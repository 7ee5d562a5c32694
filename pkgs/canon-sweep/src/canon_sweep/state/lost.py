"""Canonicals whose record is gone, though they were promoted and nobody has taken them back.

A disk that is not mounted, another `canonicalsDir`, a folder that was removed by hand: no
record names their volumes then, and yet they are no strays.
"""

from __future__ import annotations

from collections.abc import Iterator

from canon_sweep.core import names
from canon_sweep.core.attempts import Attempt, Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.state.attempts import Ledger
from canon_sweep.state.canonicals import Canonicals


def lost(canonicals: Canonicals, ledger: Ledger, beside: Canonicals) -> dict[str, Canonical]:
    """What is known of each, by recipe; of whose history is gone too the ledger tells.

    ``beside`` are those that somebody else keeps, us or a harness: the ledger does not say
    whose a promotion was, and their histories do.

    Raises:
        StateFault: nobody can say, as a history or the ledger cannot be read.
    """
    there = set(canonicals.recipes())
    promoted = {each.key.recipe: each for each in _promotions(ledger)}
    found = {}
    for recipe in sorted({*promoted, *canonicals.folders()} - there):
        past = canonicals.past(recipe)
        if past and isinstance(past[-1], Canonical):
            found[recipe] = past[-1]
        elif not past and recipe in promoted and not beside.past(recipe):
            found[recipe] = _told_by(promoted[recipe])
    return found


def unseen(
    recipe: str, canonicals: Canonicals, ledger: Ledger, beside: Canonicals
) -> Canonical | None:
    """What is known of a canonical that is gone with its whole history; None if it is not.

    Whoever removes a record to start anew leaves the history; a folder that is not in sight
    has neither, and what is promoted meanwhile would be a second canonical.  ``beside`` as for
    `lost`.

    Raises:
        StateFault: nobody can say.
    """
    if canonicals.read(recipe) is not None or canonicals.past(recipe) or beside.past(recipe):
        return None
    own = ledger.index().of(recipe)
    promoted = [attempt for attempt in own if attempt.outcome is Outcome.PROMOTED]
    return _told_by(promoted[-1]) if promoted else None


def _promotions(ledger: Ledger) -> Iterator[Attempt]:
    for attempt in ledger.index().all:
        is_name = names.recipe_problem(attempt.key.recipe) is None
        if attempt.outcome is Outcome.PROMOTED and is_name:
            yield attempt


def _told_by(attempt: Attempt) -> Canonical:
    key = attempt.key
    return Canonical(
        recipe=key.recipe,
        version=key.tag,
        commit=key.commit,
        tag=key.tag,
        run_id=attempt.run_id,
        ts=attempt.ts.isoformat(),
    )
