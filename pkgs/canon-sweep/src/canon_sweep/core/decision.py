"""What to do with a recipe tonight, as a code for machines and a sentence for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from canon_sweep.core.attempts import Attempt, AttemptKey, Outcome, known_red
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.count import counted
from canon_sweep.core.hold import Hold, has_ended, holds
from canon_sweep.core.names import plain
from canon_sweep.core.release import Release, Releases
from canon_sweep.core.version import IgnoredTag, TagRule


class Code(StrEnum):
    """Every decision.  After each, what it asks of the reader."""

    NO_NEW_VERSION = "skip/no-new-version"  # nothing
    NEVER_RELEASED = "skip/never-released"  # nothing, until the recipe cuts a release
    CANONICAL_AHEAD = "skip/canonical-ahead"  # look: a tag was withdrawn upstream
    HELD = "skip/held"  # nothing: an operator asked for it
    EXCEPTED = "skip/excepted"  # nothing: the reason is in the configuration
    KNOWN_RED = "skip/known-red"  # red, refused or not kept: mend it, or wait for the retry
    FIRST_CANONICAL = "test/first-canonical"  # see the outcome
    NEW_RELEASE = "test/new-release"  # see the outcome
    IN_FLIGHT = "deferred/in-flight"  # nothing: the next run takes it
    OUT_OF_TIME = "deferred/out-of-time"  # raise maxRuntime if it happens often
    DISK = "deferred/disk"  # make room
    SYNC_ERROR = "error/sync"  # look: the remote could not be read or written
    HOST_ERROR = "error/infra"  # look: this host's disk, or another thing that it is short of
    INTERNAL_ERROR = "error/internal"  # look: a record, or a bug of ours


EXPIRED = "override-expired"
"""The note of an override that does nothing any more, and is still there."""

DEFERRED = frozenset({Code.IN_FLIGHT, Code.OUT_OF_TIME, Code.DISK})
"""Not reached: somebody else was at work, or there was no time, or no room."""

_REMEMBERED = {
    Outcome.RED: "was red",
    Outcome.REFUSED: "was refused",
    Outcome.PROMOTE_FAILED: "could not be promoted",
}


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something that wants attention and changes no decision."""

    code: str
    text: str


class Facts(msgspec.Struct, frozen=True):
    """All that a decision rests on; gathered first, then judged.

    ``branch`` is the one that is mirrored, ``branch_is_set`` whether the operator chose
    it, ``head`` the one that upstream's HEAD names, empty where that is not known.
    ``not_followed`` is why a record that there is, is no canonical, None if it is one.
    """

    recipe: str
    releases: Releases
    rule: TagRule
    canonical: Canonical | None = None
    not_followed: Note | None = None
    hold: Hold | None = None
    attempts: Sequence[Attempt] = ()
    digest: str = ""
    branch: str = "main"
    branch_is_set: bool = False
    head: str = ""


class Policy(msgspec.Struct, frozen=True):
    """How patient to be with a known red; ``retry`` means not at all.

    With it, a canonical whose data was given up is proven once more, to have it again.
    """

    retry_red_after: timedelta
    retry: bool = False


class Decision(msgspec.Struct, frozen=True):
    """A verdict; ``target`` is the release to test, and only then not None."""

    code: Code
    sentence: str
    target: Release | None = None
    notes: tuple[Note, ...] = ()


def excepted(reason: str) -> Decision:
    """The decision for a recipe that takes no part in the sweep."""
    return Decision(Code.EXCEPTED, f"takes no part in the sweep: {reason}")


def decide(facts: Facts, policy: Policy, now: datetime) -> Decision:
    """Judge an enrolled recipe whose mirror is synced.

    What looks odd in the facts is noted, whatever the code.
    """
    verdict = _judge(facts, policy, now)
    odd = (*_outranked(facts.releases), *_headed(facts), *_unheld(facts, now))
    return replace(verdict, notes=(*verdict.notes, *odd))


def _judge(facts: Facts, policy: Policy, now: datetime) -> Decision:
    latest = facts.releases.latest
    newest = latest.version if latest else None
    if facts.hold is not None and holds(facts.hold, newest, now, facts.rule):
        what = f" {facts.hold.tag}" if facts.hold.tag else ""
        return Decision(Code.HELD, f"held{what} {facts.hold.end}: {facts.hold.reason}")
    if latest is None:
        return _without_release(facts)
    found = _against_canonical(facts, latest, policy)
    if found is not None:
        return found
    key = attempt_key(facts.recipe, latest, facts.digest)
    red = None if policy.retry else known_red(facts.attempts, key, now, policy.retry_red_after)
    if red is not None:
        return _known_red(latest, red, policy)
    if facts.canonical is None:
        return Decision(Code.FIRST_CANONICAL, f"{latest.tag} would be the first canonical", latest)
    sentence = f"{latest.tag} is newer than the {_named(facts.canonical)}"
    return Decision(Code.NEW_RELEASE, sentence, latest)


def attempt_key(recipe: str, release: Release, digest: str) -> AttemptKey:
    """The ledger's key for a test of this release under these settings."""
    return AttemptKey(recipe=recipe, tag=release.tag, commit=release.commit, digest=digest)


def _without_release(facts: Facts) -> Decision:
    count = len(facts.releases.ignored)
    ignored = f" ({counted(count, 'tag')} {'is' if count == 1 else 'are'} none)" if count else ""
    if facts.canonical is not None:
        return _ahead(facts.canonical, f"no release is left on {facts.branch}{ignored}")
    return Decision(
        Code.NEVER_RELEASED, f"no release tag is reachable from {facts.branch}{ignored}"
    )


def _against_canonical(facts: Facts, latest: Release, policy: Policy) -> Decision | None:
    if facts.canonical is None:
        return None
    tag = facts.canonical.release_tag
    if tag == latest.tag:
        moved = facts.canonical.commit != latest.commit
        if policy.retry and facts.canonical.unkept and not moved:
            sentence = f"{tag} is the canonical, but its data was not kept: proven once more"
            return Decision(Code.NEW_RELEASE, sentence, latest)
        notes = (_moved(facts.canonical, latest),) if moved else ()
        how = ", adopted from another tool" if facts.canonical.is_adopted else ""
        return Decision(Code.NO_NEW_VERSION, f"{tag} is the canonical{how}", notes=notes)
    version = facts.rule.order(tag)
    if isinstance(version, IgnoredTag):
        return Decision(
            Code.INTERNAL_ERROR,
            f"the canonical's version {tag} cannot be ordered ({version.reason});"
            " mend tagPattern, or start anew:"
            f" canon-sweep forget {facts.recipe} --reason TEXT",
        )
    if version > latest.version:
        return _ahead(facts.canonical, f"the latest release is {latest.tag}")
    return None


def _ahead(canonical: Canonical, why: str) -> Decision:
    sentence = f"the {_named(canonical)} is newer than every release: {why}"
    note = Note(code="canonical-ahead", text=f"{canonical.release_tag} was withdrawn upstream?")
    return Decision(Code.CANONICAL_AHEAD, sentence, notes=(note,))


def _named(canonical: Canonical) -> str:
    """A canonical by its release; what nobody here has proven is not called so."""
    return f"{'adopted ' * canonical.is_adopted}canonical {canonical.release_tag}"


def _outranked(known: Releases) -> tuple[Note, ...]:
    if not known.outranking:
        return ()
    assert known.latest is not None
    first, *more = known.outranking
    count = f" and {len(more)} more" if more else ""
    text = (
        f"{plain(first.tag)}{count} would be newer than the latest release {known.latest.tag},"
        f" but is ignored: {first.reason}"
    )
    return (Note(code="ignored-outranks", text=text),)


def _headed(facts: Facts) -> tuple[Note, ...]:
    # who has set the branch has answered the question
    if facts.branch_is_set or facts.head in ("", facts.branch):
        return ()
    text = (
        f"upstream's HEAD is {plain(facts.head)}, and {facts.branch} is what is mirrored;"
        " if releases are made there, set branch"
    )
    return (Note(code="other-head", text=text),)


def _unheld(facts: Facts, now: datetime) -> tuple[Note, ...]:
    latest = facts.releases.latest
    newest = latest.version if latest else None
    hold = facts.hold
    return unheld(hold) if hold and has_ended(hold, newest, now, facts.rule) else ()


def unheld(hold: Hold) -> tuple[Note, ...]:
    """What is to be said of a hold that has ended."""
    text = f"the hold has ended ({hold.end}), and holds nothing: canon-sweep unhold {hold.recipe}"
    return (Note(code=EXPIRED, text=text),)


def _moved(canonical: Canonical, latest: Release) -> Note:
    when = "adopted" if canonical.is_adopted else "proven"
    text = f"{latest.tag} was {canonical.commit[:12]} when {when}, is {latest.commit[:12]} now"
    return Note(code="tag-moved", text=text)


def _known_red(latest: Release, red: Attempt, policy: Policy) -> Decision:
    what = _REMEMBERED[red.outcome]
    where = f" in {red.tier}" if red.tier else ""
    again = red.ts + policy.retry_red_after
    return Decision(
        Code.KNOWN_RED,
        f"{latest.tag} {what} on {_day(red.ts)}{where}; tried again from {_day(again)}",
    )


def _day(moment: datetime) -> str:
    return moment.strftime("%-d %B %Y %H:%M")
