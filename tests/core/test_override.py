"""What is written against the rule dies: on a day, or with a release."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.hold import Hold, has_ended, holds
from canon_sweep.core.override import ENDS, OVERDUE, Kind, Override, day_of, is_over, notes
from canon_sweep.core.version import TagRule, ordered
from core.examples import RULE, version

DAY = date(2027, 1, 31)


def na(until: str) -> Override:
    """An upgrade that does not apply."""
    return Override(Kind.NA, "a moving image", until, "upgrade")


def codes(override: Override, day: date, needed: str | None = None) -> list[str]:
    return [note.code for note in notes([override], day, version("3.0.1+1"), RULE, needed=needed)]


def test_a_day_is_the_last_one() -> None:
    """It holds all through it."""
    assert not is_over(na("2027-01-31"), DAY, None, RULE)
    assert is_over(na("2027-01-31"), DAY + timedelta(days=1), None, RULE)


@pytest.mark.parametrize(
    ("newest", "over"), [("3.0.0+9", False), ("3.0.1+1", False), ("3.0.1+2", True), (None, False)]
)
def test_a_release_is_the_last_one(newest: str | None, over: bool) -> None:
    """It holds up to that one, that one too; as long as nobody knows, it holds."""
    under_test = version(newest) if newest else None

    assert is_over(na("3.0.1+1"), DAY, under_test, RULE) is over


def test_what_has_no_end_never_ends() -> None:
    """It is for somebody else to say so."""
    assert not is_over(na(""), date.max, version("99.0.0+1"), RULE)
    assert codes(na(""), date.max) == []


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(-400, 400))
def test_it_is_told_a_month_before_and_ever_after(end: date, ago: int) -> None:
    """And before that not a word."""
    found = codes(na(end.isoformat()), end + timedelta(days=ago))

    wanted = [] if ago < -30 else [ENDS] if ago <= 0 else ["override-expired"]
    assert found == wanted


def test_a_note_says_what_is_then_and_what_to_do() -> None:
    """Who reads it has not read the settings."""
    (soon,) = notes([na("2027-01-31")], DAY - timedelta(days=2), None, RULE)
    (today,) = notes([na("2027-01-31")], DAY, None, RULE)
    (over,) = notes([na("3.0.0+1")], DAY, version("3.0.1+1"), RULE)

    assert soon.text == (
        "expectedNA.upgrade ends in 2 days, on 2027-01-31 (a moving image);"
        " then the tier upgrade is tried"
    )
    assert "ends today, on 2027-01-31" in today.text
    assert over.text == (
        "expectedNA.upgrade has ended (up to 3.0.0+1), and the tier upgrade is tried: remove it"
    )


def test_a_pin_that_is_needed_nags_and_does_not_expire() -> None:
    """Whether it is needed is another's to say; as long as nobody has looked, nothing is."""
    pin, after = Override(Kind.PIN, "r", "2027-01-31", "3.0.1+1"), DAY + timedelta(days=1)

    assert codes(pin, after) == []
    assert codes(pin, after, needed="no canonical") == [OVERDUE]
    assert codes(pin, after, needed="") == ["override-expired"]


@pytest.mark.parametrize("text", ["2027-02-30", "2027-1-31", "20270131", "1.0.0+2027-01-31", ""])
def test_what_is_no_day(text: str) -> None:
    """It may be a release."""
    assert day_of(text) is None


def test_a_widened_release_may_be_the_last_one() -> None:
    """As the recipe's own tags are."""
    rule = TagRule(r"v(?P<version>\d+\.\d+\.\d+)")

    assert is_over(na("v1.0.0"), DAY, ordered(rule, "v1.1.0"), rule)


def test_a_hold_may_end_with_a_release() -> None:
    """It holds that release back and all before it, and the next one is tested."""
    now = datetime(2027, 1, 1, tzinfo=UTC)
    hold = Hold(recipe="notes", reason="r", up_to="1.1.0+1")

    assert holds(hold, version("1.0.0+1"), now, RULE)
    assert holds(hold, version("1.1.0+1"), now, RULE)
    assert holds(hold, None, now, RULE)
    assert not holds(hold, version("1.1.1+1"), now, RULE)
    assert has_ended(hold, version("1.1.1+1"), now, RULE)
    assert hold.end == "up to 1.1.0+1"
