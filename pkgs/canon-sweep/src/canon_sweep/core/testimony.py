"""What an outside harness says of a test, and how much of it is believed.

A harness is somebody else's program: nothing that it says is a fact before it names this
test, and a doubt is the host's fault, never the recipe's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

import msgspec

from canon_sweep.core.image import Image
from canon_sweep.core.names import cut, printable
from canon_sweep.core.result import Status, Tier, TierResult

LONGEST_REASON = 500
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


class Said(StrEnum):
    """How a tier ended, as the harness has it.

    ``UNKNOWN`` is of one that should have run and did not, or that failed through no fault
    of the recipe's.
    """

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    NA = "n/a"
    UNKNOWN = "infra"


class TierSaid(msgspec.Struct, frozen=True):
    """One tier; ``structural`` is an N/A that nobody has declared."""

    tier: Tier
    said: Said
    reason: str = ""
    seconds: float = 0.0
    structural: bool = False


class Kept(msgspec.Struct, frozen=True):
    """What a harness left for us to keep, by the engine's full names."""

    stack: str
    domain: str
    volumes: tuple[str, ...]
    secrets: tuple[str, ...] = ()


class Testimony(msgspec.Struct, frozen=True):
    """A result file, read.

    ``run`` is the test that it says it is of; ``ref`` a tag, a commit or a ref, ``version``
    a version, each empty where it does not say; ``ended`` is None where it does not.
    ``promised`` are the tiers of which its format has to say something.
    """

    recipe: str
    run: str
    tiers: tuple[TierSaid, ...]
    promised: tuple[Tier, ...]
    ref: str = ""
    commit: str = ""
    version: str = ""
    cold: bool = False
    base: str | None = None
    ended: datetime | None = None
    kept: Kept | None = None
    images: tuple[Image, ...] = ()


class Asked(msgspec.Struct, frozen=True):
    """What the harness was asked for.

    ``runs`` are the names under which it may know this test; ``declared`` has the reasons
    that the settings give for tiers that do not apply; ``has_base`` is whether there is an
    older release.  A ``warm`` test has whatever tiers its harness has for that.
    """

    recipe: str
    runs: frozenset[str]
    tag: str
    commit: str
    started: datetime
    declared: dict[Tier, str]
    has_base: bool
    warm: bool = False


def doubt(told: Testimony, asked: Asked) -> str:
    """Why a result is not believed to be of this test; empty if it is."""
    return next(_doubts(told, asked), "")


def _doubts(told: Testimony, asked: Asked) -> Iterator[str]:
    if told.recipe != asked.recipe:
        yield f"it is of the recipe {printable(told.recipe)}"
    if told.run not in asked.runs:
        yield f"it is of another run, {printable(told.run)}"
    if told.commit and told.commit != asked.commit:
        yield f"it is of the commit {printable(told.commit)}"
    if told.ref and not _is_asked(told.ref, asked):
        yield f"it is of {printable(told.ref)}"
    if asked.tag and told.version and told.version != asked.tag:
        yield f"it is of the version {printable(told.version)}"
    # many a harness knows no parts of a second
    if told.ended is not None and told.ended < asked.started.replace(microsecond=0):
        yield f"it is older than the test: it ended at {told.ended.isoformat()}"
    if asked.warm:
        yield from () if told.tiers else ("it says nothing of any tier",)
    else:
        yield from _unsaid(told, asked)


def _is_asked(ref: str, asked: Asked) -> bool:
    # a commit may be cut short, as git shows it
    if _COMMIT.fullmatch(ref):
        return asked.commit.startswith(ref)
    # what a pull request's head is called is the harness's own
    return ref.removeprefix("refs/tags/") == asked.tag or not asked.tag


def _unsaid(told: Testimony, asked: Asked) -> Iterator[str]:
    by_tier = {each.tier: each for each in told.tiers}
    missing = [str(tier) for tier in told.promised if tier not in by_tier]
    if missing:
        yield f"it says nothing of {', '.join(missing)}"
    install = by_tier.get(Tier.INSTALL)
    if install is not None and install.said is Said.NA:
        yield "it says that install does not apply, and without it nothing was tested"
    upgrade = by_tier.get(Tier.UPGRADE)
    is_blind = upgrade is not None and upgrade.said is Said.NA and upgrade.structural
    if is_blind and asked.has_base and Tier.UPGRADE not in asked.declared:
        yield (
            "it skipped the upgrade by itself, and there is an older release; if it does not apply,"
            f" declare it: recipes.{asked.recipe}.expectedNA.upgrade"
        )


def unknown(told: Testimony) -> TierSaid | None:
    """The tier of which nothing is known, if that and no failure before it decides the test."""
    for each in told.tiers:
        if each.said in (Said.FAIL, Said.UNKNOWN):
            return each if each.said is Said.UNKNOWN else None
    return None


def says_green(told: Testimony) -> bool:
    """Whether the harness itself takes the test for green, as its exit code has to say too."""
    return all(each.said in (Said.PASS, Said.NA) for each in told.tiers)


def tiers_of(told: Testimony, asked: Asked) -> tuple[TierResult, ...]:
    """The tiers as a result has them: what was skipped without a reason is a failure."""
    return tuple(_tier(each, asked) for each in told.tiers if each.said is not Said.UNKNOWN)


def _tier(each: TierSaid, asked: Asked) -> TierResult:
    reason = plain_reason(each.reason)
    match each.said:
        case Said.PASS:
            status, reason = Status.PASS, ""
        case Said.NA if reason or each.tier in asked.declared:
            status, reason = Status.NA, reason or asked.declared[each.tier]
        case Said.NA:
            status, reason = Status.FAIL, "it was skipped, and nothing says why"
        case _:
            status, reason = Status.FAIL, reason or "the harness does not say why: see the log"
    return TierResult(tier=each.tier, status=status, reason=reason, seconds=each.seconds)


def plain_reason(text: str) -> str:
    """A harness's own words on one line, bounded."""
    line = " ".join(text.split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    return cut(line, LONGEST_REASON)
