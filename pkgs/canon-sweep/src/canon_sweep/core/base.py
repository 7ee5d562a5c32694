"""What an upgrade starts from: always strictly older than the version under test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.release import Release, Releases
from canon_sweep.core.version import TagRule, Version, ordered


@dataclass(frozen=True, slots=True)
class Base:
    """A version that an upgrade may start from, and where it was found."""

    tag: str
    commit: str
    version: Version
    origin: Literal["canonical", "release", "pin"]


@dataclass(frozen=True, slots=True)
class Bases:
    """The bases to try in order; the next is for when one does not come up itself.

    ``stepped_back`` tells that the canonical has the very version under test, so
    that an older release stands in for it.  That happens to pull requests, never
    in a sweep.  ``pin_problem`` says why an operator's pin could not be used.
    """

    candidates: tuple[Base, ...]
    stepped_back: bool = False
    pin_problem: str = ""


def bases(
    version: Version | None,
    canonical: Canonical | None,
    releases: Releases,
    rule: TagRule,
    *,
    depth: int,
    pin: str | None = None,
) -> Bases:
    """Choose at most ``depth`` bases for an upgrade to ``version``.

    The operator's pin comes first, else the canonical; where that is not older,
    the newest release that is.  After it, older and older releases.  A commit
    without a version (None) is taken for newer than every release.
    """
    proven = ordered(rule, canonical.release_tag if canonical else None)
    pinned = _pinned(pin, releases)
    first = pinned
    if first is None and canonical is not None and proven is not None:
        first = Base(canonical.release_tag, canonical.commit, proven, "canonical")
    is_older = first is not None and (version is None or first.version < version)
    start = [first] if first is not None and is_older else []
    below = start[0].version if start else version
    older = [_of(release, "release") for release in releases.older_than(below)]
    return Bases(
        candidates=tuple([*start, *older][:depth]),
        stepped_back=proven is not None and proven == version,
        pin_problem=_pin_problem(pin, pinned, version),
    )


def _pin_problem(pin: str | None, pinned: Base | None, version: Version | None) -> str:
    if pin is None:
        return ""
    if pinned is None:
        return f"upgradeBase {pin} is no release"
    is_older = version is None or pinned.version < version
    return "" if is_older else f"upgradeBase {pin} is not older than the version under test"


def _pinned(pin: str | None, releases: Releases) -> Base | None:
    release = releases.of_tag(pin) if pin else None
    return None if release is None else _of(release, "pin")


def _of(release: Release, origin: Literal["release", "pin"]) -> Base:
    return Base(release.tag, release.commit, release.version, origin)
