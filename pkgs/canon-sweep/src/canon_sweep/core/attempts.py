"""The attempt ledger's rules: what makes two attempts the same, and what is a known red."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.moment import moment_of
from canon_sweep.core.version import TagRule, Version, ordered


class Outcome(StrEnum):
    """How a test ended.  Only ``PROMOTED`` is ever called promoted.

    ``RED`` is the recipe's fault; ``REFUSED`` was green but the gate said no;
    ``INFRA`` is the host's fault and says nothing of the recipe;
    ``OUT_OF_TIME`` was broken off by the run's own end, and says nothing either;
    it is for the ledger alone, a run's results have ``deferred/out-of-time``;
    ``PROMOTE_FAILED`` was green, but its volumes or record could not be kept.
    ``PASSED`` is green and was never meant to promote: a quick run, or a ref.
    """

    PROMOTED = "promoted"
    RED = "red"
    REFUSED = "refused"
    INFRA = "infra"
    OUT_OF_TIME = "out-of-time"
    PROMOTE_FAILED = "promote-failed"
    PASSED = "passed"


# what the next run does not try again at once: it would end the same
_REMEMBERED = {Outcome.RED, Outcome.REFUSED, Outcome.PROMOTE_FAILED}
_CUT = "promoted, and its run has ended before it could write this down"
_SAYS_NOTHING = {Outcome.INFRA, Outcome.OUT_OF_TIME}


class AttemptKey(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt was an attempt at; ``digest`` is of the harness and the settings."""

    recipe: str
    tag: str
    commit: str
    digest: str


class Took(msgspec.Struct, frozen=True, kw_only=True):
    """What a test took of the engine's disk at its peak, in bytes.

    ``images`` are those that it fetched, ``volumes`` all that it had at one time: its own,
    those that an upgrade was tried on, and copies.
    """

    images: Annotated[int, msgspec.Meta(ge=0)]
    volumes: Annotated[int, msgspec.Meta(ge=0)]

    @property
    def bytes(self) -> int:
        """All of it."""
        return self.images + self.volumes


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``attempts.jsonl``.  ``ts`` is when it ended, in UTC.

    Only cold attempts say whether a release is a known red.  ``seconds`` is what it took; 0
    in lines from before that was noted.  ``took`` is what it took of the disk, None where
    that was not measured.  ``overdue`` is whether an outside harness ended it at its own
    deadline.
    """

    key: AttemptKey
    outcome: Outcome
    ts: datetime
    run_id: str
    tier: str = ""
    reason: str = ""
    flaky: bool = False
    quick: bool = False
    seconds: float = 0.0
    took: Took | None = None
    overdue: bool = False


def overdue_again(attempts: Iterable[Attempt], key: AttemptKey) -> bool:
    """Whether the last attempt at this that says anything was ended at the harness's deadline.

    Once that may be a slow host; a second one is the recipe's, and counts as red.
    """
    said = [
        a
        for a in attempts
        if a.key == key and not a.quick and (a.overdue or a.outcome not in _SAYS_NOTHING)
    ]
    return bool(said) and said[-1].overdue


def known_red(
    attempts: Iterable[Attempt], key: AttemptKey, now: datetime, retry_after: timedelta
) -> Attempt | None:
    """The attempt that makes this very release a known red, or None.

    ``REFUSED`` and ``PROMOTE_FAILED`` are remembered as ``RED`` is.  An attempt that
    ended with ``INFRA`` or ``OUT_OF_TIME`` says nothing, so an older red still stands.
    An attempt from the future (a clock that was set back) does not count.
    """
    conclusive = [
        a for a in attempts if a.key == key and not a.quick and a.outcome not in _SAYS_NOTHING
    ]
    if not conclusive:
        return None
    last = conclusive[-1]
    is_recent = timedelta(0) <= now - last.ts < retry_after
    return last if last.outcome in _REMEMBERED and is_recent else None


def untold(record: Canonical, attempts: Iterable[Attempt]) -> Attempt | None:
    """The line of a promotion that the ledger does not have; None if it has it.

    A run that is killed right after it has written a record leaves none.  What its test took is
    not known any more, nor what it was tested with: the key's digest is empty, as no attempt's is.
    """
    promoted = (a.key for a in attempts if a.outcome is Outcome.PROMOTED)
    if any((key.tag, key.commit) == (record.release_tag, record.commit) for key in promoted):
        return None
    when = moment_of(record.promoted_at)
    # that of another tool, or of a version that did not say when or with what
    if when is None or not (record.engine and record.run_id):
        return None
    key = AttemptKey(recipe=record.recipe, tag=record.release_tag, commit=record.commit, digest="")
    return Attempt(key=key, outcome=Outcome.PROMOTED, ts=when, run_id=record.run_id, reason=_CUT)


def newest_known(
    rule: TagRule, record: Canonical | None, attempts: Iterable[Attempt]
) -> Version | None:
    """The newest release that the state folder knows of: promoted, or tested at least."""
    tags = (record.release_tag if record else "", *(attempt.key.tag for attempt in attempts))
    found = (ordered(rule, tag or None) for tag in tags)
    return max((version for version in found if version is not None), default=None)
