"""Small facts for the tests of the rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from canon_sweep.core.attempts import Attempt, Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Facts, Policy, attempt_key
from canon_sweep.core.release import Releases, Tag, releases
from canon_sweep.core.result import CiResult, Status, Tier, TierResult
from canon_sweep.core.version import TagRule, Version

NOW = datetime(2026, 6, 14, 3, tzinfo=UTC)
POLICY = Policy(timedelta(days=6))
RULE = TagRule()


def commit_of(tag: str) -> str:
    """A commit id that only this tag has."""
    return tag.encode().hex().ljust(40, "0")[:40]


def tag(name: str, *, on_main: bool = True, commit: str | None = "") -> Tag:
    """A tag as a sync finds it."""
    return Tag(name, "f" * 40, commit_of(name) if commit == "" else commit, on_main)


def known(*tags: str) -> Releases:
    """The releases of a recipe that has just these tags."""
    return releases([tag(name) for name in tags], RULE)


def version(name: str) -> Version:
    """The version of a good tag."""
    read = RULE.order(name)
    assert isinstance(read, Version)
    return read


def canonical(name: str, *, commit: str = "") -> Canonical:
    """The record of a promoted release."""
    return Canonical(
        recipe="notes", version=name, commit=commit or commit_of(name), tag=name, run_id="r"
    )


def facts(*tags: str, proven: str | None = None, digest: str = "d") -> Facts:
    """What a sweep knows of a recipe with these tags."""
    return Facts(
        recipe="notes",
        releases=known(*tags),
        rule=RULE,
        canonical=canonical(proven) if proven else None,
        digest=digest,
    )


def attempt(name: str, outcome: Outcome, *, ago: timedelta, digest: str = "d") -> Attempt:
    """A line of the ledger."""
    release = known(name).latest
    assert release is not None
    key = attempt_key("notes", release, digest)
    return Attempt(key=key, outcome=outcome, ts=NOW - ago, run_id="r", tier="upgrade")


def green(name: str, *, commit: str = "", cold: bool = True) -> CiResult:
    """A run of CI in which everything passed."""
    return CiResult(
        tag=name,
        commit=commit or commit_of(name),
        cold=cold,
        tiers=tuple(TierResult(tier=tier, status=Status.PASS) for tier in Tier),
    )
