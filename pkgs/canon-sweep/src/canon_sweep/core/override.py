"""What an operator has written against the rule: with a reason, and an end at which it dies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum

import msgspec

from canon_sweep.core.count import counted
from canon_sweep.core.decision import EXPIRED, Note
from canon_sweep.core.names import plain
from canon_sweep.core.version import TagRule, Version, ordered

ENDS = "override-ends"
"""The note of an override that has a month to live."""
OVERDUE = "override-overdue"
"""The note of a pin that has ended, and is used as long as it is needed."""
NOTES = frozenset({ENDS, EXPIRED, OVERDUE})

SOON = 30
"""For how many days before its last one an override's end is noted."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Kind(StrEnum):
    """What is overridden."""

    EXCEPTION = "exception"  # that every recipe takes part
    HOLD = "hold"  # that a new release is tested
    NA = "n/a"  # that every tier is tried
    PIN = "pin"  # what an upgrade starts from


class Override(msgspec.Struct, frozen=True):
    """One override.

    ``until`` is its last day (``2027-01-31``, in UTC), or the tag of the last release for
    which it acts; empty, it has no end.  ``subject`` is the tier that does not apply, the
    base that is pinned, or the one release that is held.
    """

    kind: Kind
    reason: str
    until: str = ""
    subject: str = ""

    @property
    def day(self) -> date | None:
        """Its last day, if it ends by the calendar."""
        return day_of(self.until)

    @property
    def release(self) -> str:
        """The tag of the last release for which it acts, if it ends so; else empty."""
        return "" if self.day else self.until

    @property
    def key(self) -> str:
        """What it is called where it is written."""
        match self.kind:
            case Kind.NA:
                return f"expectedNA.{self.subject}"
            case Kind.PIN:
                return f"upgradeBase {plain(self.subject)}"
            case _:
                return str(self.kind)

    @property
    def end(self) -> str:
        """Until when, for people."""
        if not self.until:
            return "without an end"
        return f"until {self.until}" if self.day else f"up to {plain(self.until)}"

    @property
    def sentence(self) -> str:
        """Why, and until when if anybody has said so."""
        return f"{self.reason} ({self.end})" if self.until else self.reason


def day_of(text: str) -> date | None:
    """The day that a text names, or None: it may be a release."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def is_over(override: Override, day: date, newest: Version | None, rule: TagRule) -> bool:
    """Whether its end has passed: it holds through its last day, and for its last release.

    ``newest`` is the version under test, None where nobody knows it yet: then no release is
    newer than the last one.
    """
    if override.day is not None:
        return day > override.day
    last = ordered(rule, override.release or None)
    return last is not None and newest is not None and newest > last


def days_left(override: Override, day: date) -> int | None:
    """How many days it acts after this one; below 0 when it is over, None without a last day."""
    return None if override.day is None else (override.day - day).days


def notes(
    overrides: Iterable[Override],
    day: date,
    newest: Version | None,
    rule: TagRule,
    *,
    needed: str | None = None,
) -> tuple[Note, ...]:
    """What is to be said of overrides in every report: a month before the end, and after it.

    ``needed`` is why a pin that has ended is used all the same: empty if it is not, None if
    nobody has looked.
    """
    return tuple(
        note for each in overrides for note in _notes_of(each, day, newest, rule, needed=needed)
    )


def _notes_of(
    override: Override, day: date, newest: Version | None, rule: TagRule, *, needed: str | None
) -> Iterator[Note]:
    left = days_left(override, day)
    if not is_over(override, day, newest, rule):
        if left is not None and left <= SOON:
            when = f"in {counted(left, 'day')}" if left else "today"
            unless = ", unless it is needed still" if override.kind is Kind.PIN else ""
            text = (
                f"{override.key} ends {when}, on {override.until} ({override.reason});"
                f" then {_without(override)}{unless}"
            )
            yield Note(code=ENDS, text=text)
    elif override.kind is not Kind.PIN or needed == "":
        text = f"{override.key} has ended ({override.end}), and {_without(override)}: remove it"
        yield Note(code=EXPIRED, text=text)
    elif needed:
        text = (
            f"{override.key} has ended ({override.end}), and is used as long as it is needed:"
            f" {needed}"
        )
        yield Note(code=OVERDUE, text=text)


def skipped_all_the_same(ended: Iterable[Override], reasons: Mapping[str, str]) -> tuple[Note, ...]:
    """What is to be said where an outside harness skips tiers whose N/A has ended here.

    ``reasons`` are its own, by tier: it goes by settings of its own, in which the N/A lives on.
    """
    return tuple(
        Note(
            code=EXPIRED,
            text=f"{each.key} has ended ({each.end}), and the harness skips it all the same"
            f" ({reasons[each.subject]}): take it out of the harness's own settings too",
        )
        for each in ended
        if each.kind is Kind.NA and each.subject in reasons
    )


def _without(override: Override) -> str:
    """What is so once it has ended."""
    match override.kind:
        case Kind.EXCEPTION:
            return "the recipe takes part"
        case Kind.NA:
            return f"the tier {override.subject} is tried"
        case Kind.PIN:
            return "it is not used"
        case Kind.HOLD:
            return "new releases are tested"
