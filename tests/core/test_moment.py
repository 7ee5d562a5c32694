"""Moments, of whatever calendar somebody has written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.moment import in_utc

ZONES = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-1439, 1439))


@given(st.datetimes(timezones=st.none() | ZONES))
def test_each_is_one_of_utcs_and_has_a_day_around_it(at: datetime) -> None:
    """The first and the last that there are have no more, which is no reason to fail."""
    found = in_utc(at)

    assert found.tzinfo is UTC
    assert found - timedelta(days=1) < found < found + timedelta(days=1)
    if 2 <= at.year <= 9998:
        assert found == (at if at.tzinfo else at.replace(tzinfo=UTC))
