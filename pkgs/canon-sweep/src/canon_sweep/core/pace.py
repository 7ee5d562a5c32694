"""How long a recipe's test takes, as far as its last ones tell, and whether it still fits."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from canon_sweep.core.attempts import Attempt, Outcome
from canon_sweep.core.count import counted

LOOKS_BACK = 10
"""How many of a recipe's last tests count: it changes as its releases do."""
_USUAL = 0.9
# of a whole run: who takes longer than this is late whenever he begins
_MOST = 0.5
# what a broken engine or a run's own end cut short says nothing of how long a test takes
_WHOLE = {Outcome.PROMOTED, Outcome.RED, Outcome.REFUSED, Outcome.PROMOTE_FAILED, Outcome.PASSED}


class Pace(msgspec.Struct, frozen=True):
    """A test takes ``seconds``, by ``tests`` past ones; by the settings' limits if none."""

    seconds: float
    tests: int

    def __str__(self) -> str:
        if not self.tests:
            return f"its test may take {_minutes(self.seconds)} by the limits in the settings"
        return f"its test takes {_minutes(self.seconds)} (by {counted(self.tests, 'past one')})"


def pace_of(attempts: Iterable[Attempt], limit: float) -> Pace:
    """How long nine in ten of a recipe's last cold tests took at the most; unknown: ``limit``."""
    last = sorted(_took(attempts)[-LOOKS_BACK:])
    if not last:
        return Pace(limit, 0)
    return Pace(last[math.ceil(_USUAL * len(last)) - 1], len(last))


def pace_again(attempts: Iterable[Attempt], limit: float, run_id: str) -> Pace:
    """As `pace_of`, for a test that is repeated: what it took in this run, it takes, or longer.

    One slow night out of ten is not the rule, but in that very night it is.
    """
    known = tuple(attempts)
    pace = pace_of(known, limit)
    tonight = _took(attempt for attempt in known if attempt.run_id == run_id)
    return Pace(max(pace.seconds, tonight[-1]), pace.tests) if tonight else pace


def misfit(pace: Pace, left: float, whole: float) -> str | None:
    """Why a test does not fit into the seconds that are left of a whole run; None if it does.

    One that takes more than half a run may begin while half of it is left: a recipe that
    comes first is given its chance, and never passed over for ever.
    """
    if min(pace.seconds, _MOST * whole) <= left:
        return None
    return _too_long(pace, left)


def misfit_again(pace: Pace, left: float, whole: float) -> str | None:
    """As `misfit`, for a test that was tried in this run already.

    What is known to take longer than what is left has been given its chance: once more it
    would be broken off, and the time that it took would be everybody's.
    """
    if pace.tests and pace.seconds > left:
        return _too_long(pace, left)
    return misfit(pace, left, whole)


def _took(attempts: Iterable[Attempt]) -> list[float]:
    return [a.seconds for a in attempts if a.seconds and not a.quick and a.outcome in _WHOLE]


def _too_long(pace: Pace, left: float) -> str:
    return f"{pace}, and {_minutes(max(0.0, left))} are left of maxRuntime"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
