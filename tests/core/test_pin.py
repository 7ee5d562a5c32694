"""Whether a pinned base is still needed, and which run shows it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.override import Kind, Override
from canon_sweep.core.pin import Known, Seen, Standing, last_base, standing
from canon_sweep.core.result import BrokenBase
from core.examples import RULE, attempt, canonical, known

PIN = Override(Kind.PIN, "3.0.0 never comes up", subject="3.0.1+1")
TAGS = ("2.1.0+1", "3.0.0+1", "3.0.1+1")
BROKEN = Seen(run_id="20260101T000000Z", tag="3.0.1+1", base="2.1.0+1", upgraded=True,
              broken=(BrokenBase(tag="3.0.0+1", reason="its entrypoint is 404"),))  # fmt: skip


def judged(proven: str | None, *seen: Seen, run_id: str = "20260601T000000Z") -> Standing:
    record = canonical(proven) if proven else None
    # as our own tiers have it
    tiers = {"install": "pass", "reattach": "pass"}
    record = msgspec.structs.replace(record, run_id=run_id, tiers=tiers) if record else None
    return standing(PIN, Known(RULE, record, known(*TAGS), seen))


def test_a_proven_canonical_of_the_pinned_version_makes_it_redundant() -> None:
    """And the run that promoted it is the evidence."""
    answer = judged("3.0.1+1", BROKEN)

    assert not answer.needed
    assert answer.dynamic == "3.0.1+1"
    assert answer.why == (
        "an upgrade starts from the canonical 3.0.1+1, the pinned one, without it too"
    )
    assert [each.run_id for each in answer.evidence] == ["20260601T000000Z"]
    assert "was promoted" in answer.evidence[0].shows


def test_an_outside_harness_shows_no_more_than_its_results_say() -> None:
    """It has no tier that takes up again what is kept."""
    record = msgspec.structs.replace(
        canonical("3.0.1+1"), run_id="20260601T000000Z", tiers={"install": "pass"}
    )

    answer = standing(PIN, Known(RULE, record, known(*TAGS)))

    assert not answer.needed
    assert [each.shows for each in answer.evidence] == [
        "3.0.1+1 was promoted: it came up from nothing"
    ]


def test_a_newer_canonical_makes_it_redundant_too() -> None:
    """A pin would hold the base back for ever."""
    answer = judged("3.0.2+1")

    assert not answer.needed
    assert "newer than the pinned one" in answer.why


def test_without_a_canonical_nothing_is_proven() -> None:
    """The first base is the newest release, which nobody has seen come up."""
    answer = judged(None)

    assert answer.needed
    assert answer.dynamic == "3.0.1+1"
    assert "nothing shows that 3.0.1+1 comes up" in answer.why


def test_a_pinned_release_that_is_red_keeps_its_pin_and_says_why() -> None:
    """The gate: no canonical comes of it, so nothing is dropped."""
    red = msgspec.structs.replace(
        attempt("3.0.1+1", Outcome.RED, ago=timedelta(days=1)), reason="install: 404"
    )

    answer = standing(PIN, Known(RULE, None, known(*TAGS), (BROKEN,), (red,)))

    assert answer.needed
    assert answer.why.endswith("3.0.1+1 was red (install: 404)")
    assert [each.shows for each in answer.evidence] == [
        "3.0.1+1 was red: install: 404",
        "3.0.0+1 did not come up as a base: its entrypoint is 404",
    ]


def test_an_older_canonical_is_another_base() -> None:
    """What the pin is for: a newer base than the canonical."""
    answer = judged("2.1.0+1", BROKEN)

    assert answer.needed
    assert "would start from the canonical 2.1.0+1" in answer.why
    assert [each.shows for each in answer.evidence] == [
        "3.0.1+1 was upgraded from 2.1.0+1",
        "2.1.0+1 was promoted: it came up from nothing, and was taken up again",
        "3.0.0+1 did not come up as a base: its entrypoint is 404",
    ]


def test_a_canonical_that_does_not_come_up_any_more_is_no_base() -> None:
    """What was seen last counts, and only what was seen since it was promoted."""
    gone = BrokenBase(tag="3.0.1+1", reason="its image is gone")
    later = Seen(run_id="20260701T000000Z", tag="3.0.2+1", broken=(gone,))
    again = Seen(run_id="20260801T000000Z", tag="3.0.2+1", base="3.0.1+1", upgraded=True)
    before = msgspec.structs.replace(later, run_id="20260501T000000Z")

    assert judged("3.0.1+1", later).needed
    assert "did not come up the last time" in judged("3.0.1+1", later).why
    assert not judged("3.0.1+1", again, later).needed
    assert not judged("3.0.1+1", before).needed


def test_another_tools_canonical_is_proven_by_a_run_of_ours() -> None:
    """Its record alone shows nothing."""
    shown = Seen(
        run_id="20260701T000000Z", tag="3.0.2+1", base="3.0.1+1", upgraded=True, without_pin=True
    )

    assert judged("3.0.1+1", run_id="").needed
    assert "not shown" in judged("3.0.1+1", run_id="").why
    proven = judged("3.0.1+1", shown, run_id="")
    assert not proven.needed
    assert proven.evidence[0].shows == "3.0.2+1 was upgraded from 3.0.1+1, without the pin"


def test_results_that_do_not_tell_the_base_are_no_evidence() -> None:
    """An outside harness may keep it to itself."""
    silent = Seen(run_id="20260701T000000Z", tag="3.0.2+1", upgraded=True)

    answer = judged("3.0.1+1", silent, run_id="")

    assert answer.needed
    assert answer.evidence[0].shows == "what 3.0.2+1 was upgraded from is not shown"
    assert last_base((silent,)) == "not shown"
    assert last_base((BROKEN,)) == "2.1.0+1"
    assert last_base(()) == ""


def test_what_was_shown_again_and_again_is_told_once() -> None:
    """By the newest run that shows it: there are a hundred pull requests in a month."""
    pulls = [
        Seen(run_id=f"2026070{day}T000000Z", base="3.0.1+1", upgraded=True) for day in (3, 2, 1)
    ]

    answer = judged("3.0.1+1", *pulls)

    again, promoted = answer.evidence
    assert (again.run_id, again.shows) == (pulls[0].run_id, "a commit was upgraded from 3.0.1+1")
    assert "was promoted" in promoted.shows


@pytest.mark.parametrize("proven", [None, "3.0.1+1"])
def test_a_pin_that_is_no_release_is_redundant(proven: str | None) -> None:
    """No test could use it."""
    record = canonical(proven) if proven else None

    answer = standing(PIN, Known(RULE, record, known("1.0.0+1")))

    assert not answer.needed
    assert "no release" in answer.why
