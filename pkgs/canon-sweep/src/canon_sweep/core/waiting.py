"""Who waits for his turn in a sweep: since when, why, and until when he may still have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from canon_sweep.core.decision import Code, Note

_WEEK = timedelta(days=7)
NOTED_FROM = 2
"""In the how manyeth week running a deferral is noted."""
WRONG_FROM = 3
"""In the how manyeth week running a deferral makes the run wrong."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe that a sweep is to reach, and has not reached yet.

    ``started`` is when that sweep began, ``since`` when the first of the sweeps did that
    have not reached it, all in UTC.  Until ``until`` a resume takes it up; None once the
    operator has been told that none did.  ``code`` and ``sentence`` say why, if it was asked.
    ``begun`` is whether its turn had begun, and nobody has said how it ended: who may have
    ended the program, or the host, comes after the others.  ``again`` is whether it was red,
    and is to be tried once more before that counts; ``retry`` whether the sweep was to test
    known reds again.
    """

    recipe: str
    since: datetime
    started: datetime
    until: datetime | None
    code: Code = Code.OUT_OF_TIME
    sentence: str = "not reached: the sweep has ended before its turn"
    begun: bool = False
    again: bool = False
    retry: bool = False

    @property
    def weeks(self) -> int:
        """In the how manyeth week running it is not reached; a sweep is a week, give or take."""
        return 1 + max(0, round((self.started - self.since) / _WEEK))


def queued(
    recipe: str,
    before: Waiting | None,
    started: datetime,
    until: datetime,
    *,
    retry: bool = False,
) -> Waiting:
    """A recipe's place in a sweep that begins; ``before`` is what it has been waiting since."""
    since = before.since if before is not None else started
    # from a clock that was set back meanwhile
    return Waiting(
        recipe=recipe,
        since=min(since, started),
        started=started,
        until=until,
        begun=before is not None and before.begun,
        again=before is not None and before.again,
        retry=retry,
    )


def red_once(waiting: Waiting) -> Waiting:
    """A recipe that has had its turn, and is red as long as nobody knows better."""
    return msgspec.structs.replace(
        waiting, again=True, sentence="red, and the sweep has ended before it was tried once more"
    )


def is_over(waiting: Waiting, now: datetime) -> bool:
    """Whether nothing takes it up any more, and nobody has been told so yet."""
    return waiting.until is not None and waiting.until <= now


def put_off(
    entries: Mapping[str, Waiting], why: Mapping[str, tuple[Code, str]], now: datetime
) -> dict[str, Waiting]:
    """The list after an attempt that did not reach some of it, each with the reason.

    Of those whose window is over nobody will tell again.  Who is not on the list any more
    is not put back: somebody else has reached him meanwhile.
    """
    return {
        name: _put_off(entry, *why[name], now) if name in why else entry
        for name, entry in entries.items()
    }


def _put_off(entry: Waiting, code: Code, sentence: str, now: datetime) -> Waiting:
    until = None if is_over(entry, now) else entry.until
    return msgspec.structs.replace(entry, until=until, code=code, sentence=sentence, begun=False)


def sentences(entries: Iterable[Waiting], now: datetime) -> tuple[str, ...]:
    """Who waits, and for what, a sentence for each end of a window."""
    waits: dict[datetime | None, list[str]] = {}
    for entry in sorted(entries, key=lambda entry: entry.recipe):
        until = None if is_over(entry, now) else entry.until
        weeks = f" ({entry.weeks} weeks running)" if entry.weeks >= NOTED_FROM else ""
        waits.setdefault(until, []).append(f"{entry.recipe}{weeks}")
    return tuple(
        f"not reached by the last sweep: {', '.join(who)}; {_prospect(until)}"
        for until, who in waits.items()
    )


def _prospect(until: datetime | None) -> str:
    if until is None:
        return "first in the next sweep"
    return f"canon-sweep run --resume takes it up until {until:%Y-%m-%d %H:%M} UTC"


def overdue(entries: Iterable[Waiting]) -> str:
    """Who has been waiting for so many weeks that it is wrong, in one sentence; empty if nobody."""
    late = sorted((e for e in entries if e.weeks >= WRONG_FROM), key=lambda entry: entry.recipe)
    if not late:
        return ""
    weeks = max(entry.weeks for entry in late)
    return f"not reached for {weeks} weeks running: {', '.join(entry.recipe for entry in late)}"


def weeks_note(waiting: Waiting) -> Note | None:
    """What is to be said of a recipe that is deferred once more, from the second week on."""
    if waiting.weeks < NOTED_FROM:
        return None
    text = f"deferred {waiting.weeks} weeks running, since {waiting.since:%-d %B %Y}"
    return Note(code="deferred-weeks", text=text)
