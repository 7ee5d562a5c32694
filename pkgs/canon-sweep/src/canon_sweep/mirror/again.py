"""When to try again: a server that is busy says how long it wants to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime

from canon_sweep import web
from canon_sweep.mirror import inforefs, refusal
from canon_sweep.mirror.address import Address
from canon_sweep.mirror.deadline import Deadline
from canon_sweep.mirror.login import header
from canon_sweep.settings.credential import Credential

# Where it does not say: long enough for a proxy whose server is being restarted.
SHORT = 1.0
_FIRST_ERROR = 400


def pause(where: Address, credential: Credential | None, deadline: Deadline) -> float:
    """Seconds to wait before a busy server is asked again; maybe more than there are left.

    libgit2 does not show an answer's headers, so the server is asked once more, with the
    same login: a limit may be the account's own, and whoever has none is told something else.
    """
    if where.scheme not in ("http", "https"):
        return SHORT
    left = max(0.1, deadline.left())
    try:
        answer = inforefs.ask(where.url, header(credential), min(inforefs.MOST_SECONDS, left))
    except web.WebFault:
        return SHORT
    if not refusal.is_passing_status(answer.status):
        return 0.0 if answer.status < _FIRST_ERROR else SHORT
    return seconds(answer.headers.get("retry-after", ""), datetime.now(UTC))


def seconds(retry_after: str, now: datetime) -> float:
    """What a Retry-After header means at ``now``: a number of seconds, or a date."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - start-up

    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return SHORT
    if when.tzinfo is None:  # `-0000`: a time of the world without a zone of its own
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
