"""Moments as other tools write them down."""

from __future__ import annotations

from datetime import UTC, datetime

FIRST = datetime(1, 1, 3, tzinfo=UTC)
LAST = datetime(9999, 12, 30, tzinfo=UTC)
END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The last second that there is."""
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
# seconds of the year 5138: who counts higher counts in thousandths
_THOUSANDTHS = 10**11
_LONGEST = 40


def in_utc(at: datetime) -> datetime:
    """The same moment in UTC, which one without a zone is taken for.

    Of what lies before or behind all of UTC's, almost the first, and almost the last there is:
    so that a day can be added to it, or taken from it.
    """
    try:
        found = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError:
        found = FIRST if at.year == 1 else LAST
    return min(max(found, FIRST), LAST)


def wrong_with(at: datetime) -> str:
    """What is wrong with a moment that a file has, to be put behind "its time"; else empty."""
    if at.tzinfo is None:
        return "has no time zone"
    return "" if FIRST <= at <= END else "is beyond the calendar of UTC"


def moment_of(value: object) -> datetime | None:
    """The moment that a value of JSON means, in UTC; None if it is none.

    ISO 8601 with any offset, or without one, which is taken for UTC; or the seconds since
    1970, or thousandths of them, as a number or in digits.
    """
    try:
        if isinstance(value, str) and len(value) <= _LONGEST:
            at = _of_text(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            at = _of_number(value)
        else:
            return None
        return at if _EARLIEST <= at < _LATEST else None
    except (ValueError, OverflowError, OSError):
        return None


def _of_text(text: str) -> datetime:
    # eight digits are a day, and fourteen a second of it
    if text.isascii() and text.isdigit() and len(text) in (10, 13):
        return _of_number(int(text))
    return in_utc(datetime.fromisoformat(text))


def _of_number(number: float) -> datetime:
    seconds = number / 1000 if abs(number) >= _THOUSANDTHS else number
    return datetime.fromtimestamp(seconds, UTC)
