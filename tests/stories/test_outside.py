"""Sweeps with an outside harness that hands over what it kept: a stand-in, and our promotion."""

from __future__ import annotations

from canon_sweep.core.attempts import Outcome
from stories.outside import OutsideFleet


def test_a_green_release_is_promoted_by_us(outside: OutsideFleet) -> None:
    """The record names the stack and the volume that the harness left, whole and down."""
    outside.uses_plain()
    outside.releases("notes", "1.0.0+1")
    tagged = outside.releases("notes", "1.1.0+1")

    night = outside.sweeps()

    print(outside.log("notes"))
    print(night["notes"])
    assert night["notes"].outcome is Outcome.PROMOTED
    record = outside.canonical("notes")
    assert (record.tag, record.commit, record.base) == ("1.1.0+1", tagged, "1.0.0+1")


def test_ccci(outside: OutsideFleet) -> None:
    outside.uses_ccci()
    outside.releases("notes", "1.0.0+1")
    outside.releases("notes", "1.1.0+1")

    night = outside.sweeps()

    print(outside.log("notes"))
    print(night["notes"])
    assert night["notes"].outcome is Outcome.PROMOTE_FAILED
