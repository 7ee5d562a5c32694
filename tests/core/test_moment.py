"""Moments, of whatever calendar somebody has written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.moment import END, in_utc, wrong_with

ZONES = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-1439, 1439))


@given(st.datetimes(timezones=ZONES))
def test_what_a_file_may_have_can_be_told_with_the_day_before_it(at: datetime) -> None:
    """And nothing else is let in: a year in the middle always is."""
    if wrong_with(at):
        assert at.year in (1, 9999)
    else:
        assert at.astimezone(UTC) - timedelta(days=1) < at


def test_the_last_second_is_one_and_a_moment_without_a_zone_is_none() -> None:
    """A hold for ever ends with it."""
    assert wrong_with(END) == ""
    assert wrong_with(END.replace(tzinfo=None)) == "has no time zone"


@given(st.datetimes(timezones=st.none() | ZONES))
def test_each_is_one_of_utcs_and_has_a_day_around_it(at: datetime) -> None:
    """The first and the last that there are have no more, which is no reason to fail."""
    found = in_utc(at)

    assert found.tzinfo is UTC
    assert found - timedelta(days=1) < found < found + timedelta(days=1)
    if 2 <= at.year <= 9998:
        assert found == (at if at.tzinfo else at.replace(tzinfo=UTC))
