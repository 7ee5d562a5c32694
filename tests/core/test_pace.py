"""Whether a recipe's test still fits into what is left of a run."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.attempts import Attempt, Outcome
from canon_sweep.core.pace import LOOKS_BACK, Pace, misfit, misfit_again, pace_again, pace_of
from core.examples import attempt

HOUR = 3600.0


TONIGHT = "20260614T030000Z"


def took(
    seconds: float,
    outcome: Outcome = Outcome.PROMOTED,
    *,
    quick: bool = False,
    run_id: str = TONIGHT,
) -> Attempt:
    """A test that took so long."""
    one = attempt("1.0.0+1", outcome, ago=timedelta(hours=1))
    return msgspec.structs.replace(one, seconds=seconds, quick=quick, run_id=run_id)


def test_nine_in_ten_took_no_longer() -> None:
    """One slow night out of ten is not the rule; with few tests the slowest counts."""
    assert pace_of([took(60.0)] * 9 + [took(HOUR)], 1.0) == Pace(60.0, 10)
    assert pace_of([took(60.0)] * 8 + [took(HOUR)] * 2, 1.0) == Pace(HOUR, 10)
    assert pace_of([took(60.0), took(90.0)], 1.0) == Pace(90.0, 2)


def test_only_the_last_ones_count() -> None:
    """A release that became slow is slow from then on, and an old one is forgotten."""
    assert pace_of([took(HOUR)] * 5 + [took(60.0)] * LOOKS_BACK, 1.0).seconds == 60.0


@pytest.mark.parametrize(
    "says_nothing",
    [
        took(1.0, Outcome.INFRA),
        took(1.0, Outcome.OUT_OF_TIME),
        took(1.0, quick=True),
        # from before it was noted
        took(0.0),
    ],
)
def test_what_was_no_whole_test_says_nothing(says_nothing: Attempt) -> None:
    """Then it is the limits that count."""
    assert pace_of([says_nothing], HOUR) == Pace(HOUR, 0)


def test_a_test_that_does_not_fit_is_told_with_the_figures() -> None:
    """How long it takes, by what, and how much is left."""
    told = misfit(Pace(51 * 60.0, 4), 34 * 60.0, 9 * HOUR)

    assert told == "its test takes 51 min (by 4 past ones), and 34 min are left of maxRuntime"
    assert misfit(Pace(51 * 60.0, 1), 51 * 60.0, 9 * HOUR) is None
    assert misfit_again(Pace(51 * 60.0, 1), 51 * 60.0, 9 * HOUR) is None
    assert misfit(Pace(60.0, 1), -2.0, HOUR) == (
        "its test takes 60 s (by 1 past one), and 0 s are left of maxRuntime"
    )
    unknown = misfit(Pace(HOUR, 0), 90.0, 9 * HOUR)
    assert unknown == (
        "its test may take 60 min by the limits in the settings, and 90 s are left of maxRuntime"
    )


@given(seconds=st.floats(0.1, 1e6), whole=st.floats(1, 1e6), used=st.floats(0, 1, exclude_max=True))
def test_nobody_is_passed_over_for_ever(seconds: float, whole: float, used: float) -> None:
    """However slow: whoever comes first, with half of the time or more, may begin."""
    fits = misfit(Pace(seconds, 3), whole * (1 - used), whole) is None

    assert fits or used > 0.49
    assert fits or seconds > whole * (1 - used)


def test_a_test_that_is_repeated_takes_what_it_took_tonight() -> None:
    """One slow night out of ten is not the rule, but tonight it is; a quick one is no promise."""
    assert pace_again([took(60.0)] * 9 + [took(HOUR)], 1.0, TONIGHT) == Pace(HOUR, 10)
    assert pace_again([took(HOUR), took(60.0)], 1.0, TONIGHT) == Pace(HOUR, 2)


def test_a_slow_night_is_over_in_the_next_one() -> None:
    """Who was failed by the host within a second may be tried again as he was begun."""
    nights = [took(60.0, run_id="before")] * 9 + [took(HOUR, run_id="slow")]
    infra = took(1.0, Outcome.INFRA)

    assert pace_again([*nights, infra], 1.0, TONIGHT) == Pace(60.0, 10)


def test_a_broken_engine_does_not_say_how_long_the_repetition_takes() -> None:
    """What it cut short, or kept hanging, was no whole test."""
    infra = took(2 * HOUR, Outcome.INFRA)

    assert pace_again([took(60.0), infra], 1.0, TONIGHT) == Pace(60.0, 1)
    assert pace_again([infra], HOUR, TONIGHT) == Pace(HOUR, 0)


def test_who_takes_longer_than_any_run_has_one_chance_in_it() -> None:
    """Half of the time is enough to begin with, and not to begin once more."""
    slow, half = Pace(7 * HOUR, 3), 4.5 * HOUR

    assert misfit(slow, half, 9 * HOUR) is None
    assert misfit_again(slow, half, 9 * HOUR) == (
        "its test takes 420 min (by 3 past ones), and 270 min are left of maxRuntime"
    )


def test_what_a_repetition_may_take_by_the_limits_alone_bars_nobody() -> None:
    """A first try that failed within a second has used up nobody's chance."""
    assert misfit_again(Pace(3 * HOUR, 0), HOUR, HOUR) is None


@given(
    seconds=st.floats(0.1, 1e6),
    tests=st.integers(0, LOOKS_BACK),
    left=st.floats(-1, 1e6),
    whole=st.floats(1, 1e6),
)
def test_a_repetition_is_never_begun_where_a_test_is_not(
    seconds: float, tests: int, left: float, whole: float
) -> None:
    """And one that is known to take so long fits as a whole."""
    pace = Pace(seconds, tests)
    again = misfit_again(pace, left, whole) is None

    assert not again or misfit(pace, left, whole) is None
    assert not again or not tests or seconds <= left
