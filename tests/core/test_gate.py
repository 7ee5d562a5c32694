"""The five conditions."""

from __future__ import annotations

import msgspec
import pytest

from canon_sweep.core.gate import Condition, gate
from canon_sweep.core.release import Releases
from canon_sweep.core.result import CiResult, Status, Tier, TierResult
from core.examples import green, known, version

RELEASES = known("1.0.0+1", "1.1.0+1")
LATEST = green("1.1.0+1")


def test_green_cold_latest_enrolled_and_tagged_is_promoted() -> None:
    """All five, and only all five."""
    verdict = gate(LATEST, RELEASES, enrolled=True)

    assert verdict.promote
    assert verdict.failed == ()


def tier(tier: Tier, status: Status, reason: str = "") -> CiResult:
    others = tuple(result for result in LATEST.tiers if result.tier is not tier)
    changed = TierResult(tier=tier, status=status, reason=reason)
    return msgspec.structs.replace(LATEST, tiers=(*others, changed))


@pytest.mark.parametrize(
    ("result", "releases", "enrolled", "condition"),
    [
        (tier(Tier.UPGRADE, Status.FAIL, "no data"), RELEASES, True, Condition.GREEN),
        (tier(Tier.UPGRADE, Status.NA), RELEASES, True, Condition.GREEN),
        (msgspec.structs.replace(LATEST, tiers=LATEST.tiers[:3]), RELEASES, True, Condition.GREEN),
        (msgspec.structs.replace(LATEST, tiers=()), RELEASES, True, Condition.GREEN),
        (green("1.1.0+1", cold=False), RELEASES, True, Condition.COLD),
        (green("1.0.0+1"), RELEASES, True, Condition.LATEST),
        (LATEST, known("1.1.0+1", "1.2.0+1"), True, Condition.LATEST),
        (LATEST, RELEASES, False, Condition.ENROLLED),
        (green("1.1.0+1", commit="a" * 40), RELEASES, True, Condition.TAGGED),
    ],
)
def test_each_condition_alone_refuses_and_is_named(
    result: CiResult, releases: Releases, enrolled: bool, condition: Condition
) -> None:
    """One failed condition is enough, and it is the one that is named."""
    verdict = gate(result, releases, enrolled=enrolled)

    assert not verdict.promote
    assert [failed.condition for failed in verdict.failed] == [condition]
    assert verdict.failed[0].reason
    assert str(condition) in verdict.sentence


def test_an_untagged_commit_is_refused_by_name() -> None:
    """A canonical is always a real release."""
    verdict = gate(green("", commit="a" * 40), RELEASES, enrolled=True)

    assert Condition.TAGGED in [failed.condition for failed in verdict.failed]


def test_a_tag_withdrawn_during_the_test_is_refused() -> None:
    """The releases are those of after the test."""
    verdict = gate(LATEST, known("1.0.0+1"), enrolled=True)

    assert {failed.condition for failed in verdict.failed} == {
        Condition.LATEST,
        Condition.TAGGED,
    }


def test_a_canonical_never_goes_back() -> None:
    """The latest that is left is not newer than a canonical whose tag is gone."""
    verdict = gate(LATEST, RELEASES, enrolled=True, proven=version("1.2.0+1"))

    assert [failed.condition for failed in verdict.failed] == [Condition.LATEST]
    assert gate(LATEST, RELEASES, enrolled=True, proven=version("1.1.0+1")).promote


def test_what_is_shared_with_other_deployments_is_refused_by_name() -> None:
    """A canonical's data must not be what the next test writes to."""
    shares = msgspec.structs.replace(LATEST, cold=False, shares=("/srv/data", "media"))

    verdict = gate(shares, RELEASES, enrolled=True)

    assert [failed.condition for failed in verdict.failed] == [Condition.COLD]
    assert "/srv/data, media" in verdict.sentence
    assert "stateless = true" in verdict.sentence


def test_a_declared_na_is_green() -> None:
    """A tier that does not apply, with its reason, stops nothing."""
    declared = tier(Tier.UPGRADE, Status.NA, "cannot be upgraded in CI")

    assert gate(declared, RELEASES, enrolled=True).promote
