"""May this run become the canonical?  Five conditions, all of them, each by name."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from canon_sweep.core.release import Releases
from canon_sweep.core.result import CiResult
from canon_sweep.core.version import Version


class Condition(StrEnum):
    """What a canonical has to be."""

    GREEN = "green"
    COLD = "cold"
    LATEST = "latest"
    ENROLLED = "enrolled"
    TAGGED = "tagged"


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that does not hold, and why."""

    condition: Condition
    reason: str


class Verdict(msgspec.Struct, frozen=True):
    """The gate's answer; empty ``failed`` means promote."""

    failed: tuple[Failed, ...]

    @property
    def promote(self) -> bool:
        """Whether all five conditions hold."""
        return not self.failed

    @property
    def sentence(self) -> str:
        """Every failed condition in one line."""
        return "; ".join(f"not {failed.condition}: {failed.reason}" for failed in self.failed)


def gate(
    result: CiResult, releases: Releases, *, enrolled: bool, proven: Version | None = None
) -> Verdict:
    """Judge a finished run by the releases as they are *after* it.

    A tag that was moved, withdrawn or outdated while the test ran is caught here;
    so is one that is older than the canonical (``proven``), whose tag is gone.
    """
    checks = (
        (Condition.GREEN, _red(result)),
        (Condition.COLD, _warm(result)),
        (Condition.LATEST, _outdated(result, releases, proven)),
        (Condition.ENROLLED, None if enrolled else "the recipe takes no part in the sweep"),
        (Condition.TAGGED, _untagged(result, releases)),
    )
    return Verdict(
        tuple(Failed(condition=condition, reason=reason) for condition, reason in checks if reason)
    )


def _red(result: CiResult) -> str | None:
    if result.green:
        return None
    failed = result.failed
    return f"{failed.tier}: {failed.reason}" if failed else "a tier did not run"


def _warm(result: CiResult) -> str | None:
    if result.shares:
        return (
            f"it shares {', '.join(result.shares)} with every other deployment, and the settings"
            " do not say that nothing there matters to the next one (stateless = true)"
        )
    return None if result.cold else "it ran on what an earlier run left"


def _outdated(result: CiResult, releases: Releases, proven: Version | None) -> str | None:
    latest = releases.latest
    if latest is None:
        return "the recipe has no release"
    if proven is not None and proven > latest.version:
        return f"the canonical {proven.tag} is newer, and a canonical never goes back"
    return None if latest.tag == result.tag else f"the latest release is {latest.tag}"


def _untagged(result: CiResult, releases: Releases) -> str | None:
    release = releases.of_tag(result.tag) if result.tag else None
    if release is None:
        return f"commit {result.commit[:12]} was not tested as a release tag on main"
    if release.commit != result.commit:
        return f"{result.tag} moved from {result.commit[:12]} to {release.commit[:12]} (tag-moved)"
    return None
