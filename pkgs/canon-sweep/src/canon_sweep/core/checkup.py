"""What was looked at, what was found, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from canon_sweep.errors import EXIT_DONE, EXIT_WRONG


class Outcome(StrEnum):
    """How one thing is."""

    OK = "ok"  # asked, and as it should be
    WARN = "warn"  # works as it is, and somebody should know
    FAIL = "fail"  # a sweep would trip over it
    UNKNOWN = "unknown"  # it could not be asked, which is never taken for a yes


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at: ``subject`` says what, as a setting does where it is one.

    ``found`` is a sentence, ``do`` the next step; empty where there is none.
    """

    subject: str
    outcome: Outcome
    found: str
    do: str = ""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """How many checks ended how."""

    ok: int = 0
    warn: int = 0
    fail: int = 0
    unknown: int = 0


def ok(subject: str, found: str) -> Check:
    """It is as it should be."""
    return Check(subject=subject, outcome=Outcome.OK, found=found)


def warn(subject: str, found: str, do: str) -> Check:
    """It works, and somebody should know."""
    return Check(subject=subject, outcome=Outcome.WARN, found=found, do=do)


def fail(subject: str, found: str, do: str) -> Check:
    """A sweep would trip over it."""
    return Check(subject=subject, outcome=Outcome.FAIL, found=found, do=do)


def unknown(subject: str, found: str, do: str = "") -> Check:
    """It could not be asked."""
    return Check(subject=subject, outcome=Outcome.UNKNOWN, found=found, do=do)


def totals_of(checks: Iterable[Check]) -> Totals:
    """Count them."""
    return Totals(**Counter(str(check.outcome) for check in checks))


def exit_code_of(totals: Totals) -> int:
    """1 if anything is wrong or could not be asked; what works, warned of or not, is 0."""
    return EXIT_WRONG if totals.fail or totals.unknown else EXIT_DONE
