"""What CI says of one version of one recipe."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from canon_sweep.core.canonical import KeptVolume
from canon_sweep.core.image import Image


class Tier(StrEnum):
    """A stage of CI, in the order in which they run."""

    INSTALL = "install"
    CUSTOM = "custom"
    BACKUP = "backup"
    RESTORE = "restore"
    UPGRADE = "upgrade"
    REATTACH = "reattach"


OURS = (Tier.INSTALL, Tier.CUSTOM, Tier.UPGRADE, Tier.REATTACH)
"""The tiers of our own harness; an outside one has those that its results promise."""


class Status(StrEnum):
    """How a tier ended.  ``NA`` needs a declared reason."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    NA = "n/a"


class TierResult(msgspec.Struct, frozen=True, kw_only=True):
    """One tier: how it ended, why, and after how many seconds."""

    tier: Tier
    status: Status
    reason: str = ""
    seconds: float = 0.0


class BrokenBase(msgspec.Struct, frozen=True, kw_only=True):
    """A base that did not come up itself; it says nothing of the version under test."""

    tag: str
    reason: str


class Retained(msgspec.Struct, frozen=True, kw_only=True):
    """What a green test left for a promotion to keep, and where; all of it belongs together."""

    engine: str
    stack: str
    domain: str
    node: str = ""
    volumes: tuple[KeptVolume, ...] = ()
    secrets: tuple[str, ...] = ()


class CiResult(msgspec.Struct, frozen=True, kw_only=True):
    """One run of CI.

    ``cold`` is what was seen before the install: nothing of the stack's name was
    there, and nothing could come from elsewhere.  ``shares`` are the places outside the
    stack through which data can have come from another deployment.  ``retained`` is there
    to be promoted or discarded; ``wanted`` are the tiers that had to run; ``images``
    are what the version was run with, ``base_images`` what the base was.
    """

    tag: str
    commit: str
    cold: bool
    shares: tuple[str, ...] = ()
    tiers: tuple[TierResult, ...]
    retained: Retained | None = None
    base: str | None = None
    broken_bases: tuple[BrokenBase, ...] = ()
    stepped_back: bool = False
    wanted: tuple[Tier, ...] = OURS
    images: tuple[Image, ...] = ()
    base_images: tuple[Image, ...] = ()

    @property
    def all_images(self) -> tuple[Image, ...]:
        """The images of the version and of the base, each once."""
        return tuple(dict.fromkeys((*self.images, *self.base_images)))

    @property
    def green(self) -> bool:
        """Every wanted tier ran, and none that ran failed or is N/A without a reason.

        Where nothing was wanted, nothing was shown.
        """
        ran = {result.tier for result in self.tiers}
        return bool(self.wanted) and ran.issuperset(self.wanted) and self.failed is None

    @property
    def failed(self) -> TierResult | None:
        """The first tier that makes this run red, or None."""
        for result in self.tiers:
            undeclared = result.status is Status.NA and not result.reason
            if result.status is Status.FAIL or undeclared:
                return result
        return None
