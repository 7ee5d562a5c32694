"""What the attempt ledger says of a release."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from canon_sweep.core.attempts import Outcome, known_red, overdue_again, untold
from canon_sweep.core.canonical import Canonical
from core.examples import NOW, attempt

DAY, SIX_DAYS = timedelta(days=1), timedelta(days=6)
RED = attempt("1.0.0+1", Outcome.RED, ago=DAY)


def test_a_recent_red_is_known() -> None:
    """The attempt itself is the answer, with its tier and its time."""
    assert known_red([RED], RED.key, NOW, SIX_DAYS) == RED
    assert known_red([RED], RED.key, NOW, DAY) is None


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.PROMOTE_FAILED])
def test_refused_and_promote_failed_are_remembered(outcome: Outcome) -> None:
    """What was green and came to nothing is not tried again at once, but a week later."""
    green = attempt("1.0.0+1", outcome, ago=DAY)

    assert known_red([green], RED.key, NOW, SIX_DAYS) == green
    assert known_red([green], RED.key, NOW, DAY) is None


def test_a_later_conclusive_outcome_replaces_it() -> None:
    """The last word counts."""
    promoted = attempt("1.0.0+1", Outcome.PROMOTED, ago=timedelta(hours=1))
    refused = attempt("1.0.0+1", Outcome.REFUSED, ago=timedelta(hours=1))

    assert known_red([RED, promoted], RED.key, NOW, SIX_DAYS) is None
    assert known_red([RED, refused], RED.key, NOW, SIX_DAYS) == refused


@pytest.mark.parametrize("outcome", [Outcome.INFRA, Outcome.OUT_OF_TIME])
def test_infra_and_out_of_time_say_nothing(outcome: Outcome) -> None:
    """A failed host, or a run that ended, neither makes a release red nor clears it."""
    infra = attempt("1.0.0+1", outcome, ago=timedelta(hours=1))

    assert known_red([infra], RED.key, NOW, SIX_DAYS) is None
    assert known_red([RED, infra], RED.key, NOW, SIX_DAYS) == RED


def test_a_quick_run_says_nothing_of_a_cold_one() -> None:
    """What fails on the canonical's data is not thereby red."""
    quick = msgspec.structs.replace(RED, quick=True)

    assert known_red([quick], RED.key, NOW, SIX_DAYS) is None


def test_an_attempt_from_the_future_does_not_count() -> None:
    """A clock that was wrong once must not silence a recipe for years."""
    future = attempt("1.0.0+1", Outcome.RED, ago=-DAY)

    assert known_red([future], RED.key, NOW, SIX_DAYS) is None


OVERDUE = msgspec.structs.replace(attempt("1.0.0+1", Outcome.INFRA, ago=DAY), overdue=True)


def test_a_second_deadline_in_a_row_is_the_recipes() -> None:
    """The first may be a slow host's; what says nothing does not come between them."""
    network = attempt("1.0.0+1", Outcome.INFRA, ago=timedelta(hours=2))

    assert not overdue_again([], OVERDUE.key)
    assert overdue_again([OVERDUE], OVERDUE.key)
    assert overdue_again([OVERDUE, network], OVERDUE.key)
    assert overdue_again([msgspec.structs.replace(OVERDUE, outcome=Outcome.RED)], OVERDUE.key)


def test_another_end_in_between_begins_anew() -> None:
    """And so do other settings, and a quick run is none."""
    other = attempt("1.0.0+1", Outcome.INFRA, ago=DAY, digest="other")

    assert not overdue_again([OVERDUE, RED], OVERDUE.key)
    assert not overdue_again([OVERDUE], other.key)
    assert not overdue_again([msgspec.structs.replace(OVERDUE, quick=True)], OVERDUE.key)


def test_a_promotion_that_the_ledger_does_not_tell_of_is_made_up_for() -> None:
    """As the record has it; not what another tool has made, or a version that said less."""
    record = Canonical(
        recipe="notes",
        version="1.0.0+1",
        tag="1.0.0+1",
        commit=RED.key.commit,
        engine="local",
        run_id="20260614T030000Z",
        promoted_at="2026-06-14T03:10:00+00:00",
    )

    made = untold(record, [RED])

    assert made is not None
    assert (made.outcome, made.run_id) == (Outcome.PROMOTED, record.run_id)
    assert made.ts.isoformat() == record.promoted_at
    # neither how long it took nor what it was tested with is made up
    assert (made.seconds, made.took, made.key.digest) == (0.0, None, "")
    assert known_red([RED, made], RED.key, NOW, SIX_DAYS) == RED
    assert untold(record, [RED, made]) is None
    for less in ({"engine": ""}, {"run_id": ""}, {"promoted_at": "once"}):
        assert untold(msgspec.structs.replace(record, **less), [RED]) is None
