"""When a run of CI is green."""

from __future__ import annotations

import msgspec
import pytest

from canon_sweep.core.image import Image
from canon_sweep.core.result import CiResult, Status, Tier, TierResult
from core.examples import green

LATEST = green("1.0.0+1")


def ran(*tiers: TierResult, wanted: tuple[Tier, ...]) -> CiResult:
    return msgspec.structs.replace(LATEST, tiers=tiers, wanted=wanted)


PASSED = TierResult(tier=Tier.INSTALL, status=Status.PASS)


def test_every_tier_is_wanted_unless_it_is_said() -> None:
    """A tier that did not run is no pass."""
    assert LATEST.green
    assert not msgspec.structs.replace(LATEST, tiers=LATEST.tiers[:-1]).green


def test_only_what_was_wanted_has_to_run() -> None:
    """An older record, or an outside result with other tiers, can be judged."""
    assert ran(PASSED, wanted=(Tier.INSTALL,)).green
    assert not ran(PASSED, wanted=(Tier.INSTALL, Tier.CUSTOM)).green


def test_nothing_wanted_is_never_green() -> None:
    """A run that had nothing to show has shown nothing."""
    assert not ran(wanted=()).green
    assert not ran(PASSED, wanted=()).green


@pytest.mark.parametrize(
    ("status", "reason", "is_green"),
    [(Status.NA, "none declared", True), (Status.NA, "", False), (Status.FAIL, "broke", False)],
)
def test_na_needs_a_reason(status: Status, reason: str, is_green: bool) -> None:
    """N/A counts only with its reason; a failure is red, wanted or not."""
    custom = TierResult(tier=Tier.CUSTOM, status=status, reason=reason)

    assert ran(PASSED, custom, wanted=(Tier.INSTALL, Tier.CUSTOM)).green is is_green
    assert ran(PASSED, custom, wanted=(Tier.INSTALL,)).green is is_green


def test_a_result_without_the_field_is_read_as_wanting_all() -> None:
    """What was written before the field existed is judged as before."""
    old = msgspec.to_builtins(LATEST)
    del old["wanted"]

    assert msgspec.convert(old, CiResult) == LATEST


def test_an_image_of_version_and_base_is_one_image() -> None:
    """A note on it is told once; one that only the base has is told too."""
    shared, old = (Image(name=name, digest="sha256:1") for name in ("db:15", "app:1"))
    result = CiResult(
        tag="1.1.0+1", commit="c", cold=True, tiers=(), images=(shared,), base_images=(old, shared)
    )

    assert result.all_images == (shared, old)
