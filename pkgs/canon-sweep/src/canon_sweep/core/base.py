"""What an upgrade starts from: another commit, strictly older than the version under test."""

from __future__ import annotations

from typing import Literal

import msgspec

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.release import Release, Releases
from canon_sweep.core.version import TagRule, Version, ordered


class Base(msgspec.Struct, frozen=True):
    """A version that an upgrade may start from, and where it was found."""

    tag: str
    commit: str
    version: Version
    origin: Literal["canonical", "release", "pin"]


class Bases(msgspec.Struct, frozen=True):
    """The bases to try in order; the next is for when one does not come up itself.

    ``stepped_back`` tells that the canonical has the very version under test, so
    that an older release stands in for it.  That happens to pull requests, never
    in a sweep.  ``pin_problem`` says why an operator's pin could not be used,
    ``none_reason`` why there is no candidate at all; else both are empty.
    """

    candidates: tuple[Base, ...]
    stepped_back: bool = False
    pin_problem: str = ""
    none_reason: str = ""


def bases(
    version: Version | None,
    canonical: Canonical | None,
    releases: Releases,
    rule: TagRule,
    *,
    depth: int,
    pin: str | None = None,
    commit: str = "",
) -> Bases:
    """Choose at most ``depth`` bases for an upgrade to ``version``.

    The operator's pin comes first, else the canonical; where neither can be used,
    the newest older release.  After it, older and older releases.  A commit
    without a version (None) is taken for newer than every release.  What is the
    very ``commit`` under test is no base, whatever its tag says: an upgrade from
    it would change nothing, so it would prove nothing.
    """
    proven = ordered(rule, canonical.release_tag if canonical else None)
    pinned = _pinned(pin, releases)
    wanted = [] if pinned is None else [pinned]
    if canonical is not None and proven is not None:
        wanted.append(Base(canonical.release_tag, canonical.commit, proven, "canonical"))
    first = [base for base in wanted if _is_older(base, version)]
    older = [_of(release, "release") for release in releases.older_than(version)]
    start = [base for base in first if base.commit != commit][:1]
    rest = [
        base
        for base in older
        if base.commit != commit and not (start and base.version >= start[0].version)
    ]
    found = [*start, *rest]
    return Bases(
        candidates=tuple(found[:depth]),
        stepped_back=proven is not None and proven == version,
        pin_problem=_pin_problem(pin, pinned, version, commit),
        none_reason="" if found else _none_reason([*first, *older]),
    )


def stepped_back(label: str, bases: Bases) -> str:
    """What the same-version guard did for a test of ``label``."""
    instead = bases.candidates[0].tag if bases.candidates else "nothing"
    return (
        f"{label} has the very version of the canonical: an upgrade from that would prove"
        f" nothing, so it starts from {instead}"
    )


def upgrade_na(bases: Bases, declared: str | None) -> str | None:
    """Why there is no upgrade to test, or None if there is one.

    The operator's ``declared`` reason wins.  Bases that exist and do not come up
    are no reason: that is for the test to find.
    """
    return declared or bases.none_reason or None


def _none_reason(same_commit: list[Base]) -> str:
    if same_commit:
        return "every older release is the same commit"
    return "there is no older release to upgrade from"


def _is_older(base: Base, version: Version | None) -> bool:
    return version is None or base.version < version


def _pin_problem(pin: str | None, pinned: Base | None, version: Version | None, commit: str) -> str:
    if pin is None:
        return ""
    if pinned is None:
        return f"upgradeBase {pin} is no release"
    if not _is_older(pinned, version):
        return f"upgradeBase {pin} is not older than the version under test"
    same = pinned.commit == commit
    return f"upgradeBase {pin} is the very commit under test" if same else ""


def _pinned(pin: str | None, releases: Releases) -> Base | None:
    release = releases.of_tag(pin) if pin else None
    return None if release is None else _of(release, "pin")


def _of(release: Release, origin: Literal["release", "pin"]) -> Base:
    return Base(release.tag, release.commit, release.version, origin)
