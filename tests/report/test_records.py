"""What a run's lines add up to."""

from __future__ import annotations

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code, Note
from canon_sweep.report.records import (
    LOST,
    Entry,
    Sync,
    exit_code_of,
    exit_code_of_resume,
    totals_of,
)


def entry(code: Code, outcome: Outcome | None = None, **more: object) -> Entry:
    return Entry(recipe="notes", code=code, sentence="why", outcome=outcome, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "outcome", "exit_code"),
    [
        (Code.NO_NEW_VERSION, None, 0),
        (Code.NEVER_RELEASED, None, 0),
        (Code.CANONICAL_AHEAD, None, 0),
        (Code.HELD, None, 0),
        (Code.EXCEPTED, None, 0),
        (Code.KNOWN_RED, None, 0),
        (Code.NEW_RELEASE, None, 0),
        (Code.NEW_RELEASE, Outcome.PROMOTED, 0),
        (Code.NEW_RELEASE, Outcome.PASSED, 0),
        (Code.NEW_RELEASE, Outcome.RED, 1),
        (Code.NEW_RELEASE, Outcome.REFUSED, 1),
        (Code.NEW_RELEASE, Outcome.INFRA, 1),
        (Code.NEW_RELEASE, Outcome.PROMOTE_FAILED, 1),
        (Code.SYNC_ERROR, None, 1),
        (Code.HOST_ERROR, None, 1),
        (Code.INTERNAL_ERROR, None, 1),
        (Code.OUT_OF_TIME, None, 1),
        (Code.DISK, None, 1),
        (Code.IN_FLIGHT, None, 75),
    ],
)
def test_every_code_has_its_exit_code(code: Code, outcome: Outcome | None, exit_code: int) -> None:
    """A recipe that was dropped, or ended badly, never ends a run with 0."""
    assert exit_code_of([entry(code, outcome)]) == exit_code


def test_a_canonical_that_is_not_whole_is_wrong_until_it_is_made_anew() -> None:
    """A note that must not be overlooked."""
    notes = (Note(code=LOST, text="volume x is gone"),)

    assert entry(Code.NO_NEW_VERSION, notes=notes).is_wrong
    assert not entry(Code.NEW_RELEASE, Outcome.PROMOTED, notes=notes).is_wrong
    assert not entry(Code.NO_NEW_VERSION, notes=(Note(code="tag-moved", text="x"),)).is_wrong


def test_something_wrong_outranks_something_deferred() -> None:
    """One red is enough."""
    wrong = entry(Code.NEW_RELEASE, Outcome.RED)

    assert exit_code_of([entry(Code.IN_FLIGHT), wrong]) == 1


@pytest.mark.parametrize("code", [Code.IN_FLIGHT, Code.OUT_OF_TIME, Code.DISK])
def test_what_a_resume_puts_off_once_more_is_only_deferred(code: Code) -> None:
    """It was told by the sweep; and it is tried again in half an hour."""
    late = entry(code, deferred_weeks=4)

    assert exit_code_of_resume([late, entry(Code.NEW_RELEASE, Outcome.PROMOTED)]) == 75
    assert exit_code_of_resume([late, entry(Code.NEW_RELEASE, Outcome.RED)]) == 1
    assert exit_code_of_resume([late], ["retryWindow is over"]) == 1
    assert exit_code_of_resume([entry(Code.HELD)]) == 0


def test_a_resume_is_not_wrong_for_what_the_sweep_has_told() -> None:
    """As long as that keeps somebody waiting; what is new is."""
    unbegun = entry(Code.NEW_RELEASE, Outcome.INFRA)
    assert unbegun.is_unbegun

    assert exit_code_of_resume([unbegun], ["a stack is up"], ["a stack is up"]) == 75
    assert exit_code_of_resume([unbegun], ["another"], ["a stack is up"]) == 1
    assert exit_code_of_resume([entry(Code.HELD)], ["a stack is up"], ["a stack is up"]) == 1


def test_a_recipe_without_a_line_is_wrong() -> None:
    """Decided recipes are exactly the enrolled ones, or the run is in error."""
    assert exit_code_of([entry(Code.NO_NEW_VERSION)], ["lost"]) == 1


@pytest.mark.parametrize(
    "acted",
    [
        entry(Code.NEW_RELEASE, Outcome.INFRA),
        entry(Code.NO_NEW_VERSION, sync=Sync(main="a", pushed=("refs/heads/main",))),
        entry(Code.NO_NEW_VERSION, sync=Sync(main="a", deleted={"1.0.0+1": "b"})),
        entry(Code.INTERNAL_ERROR, deploys=1),
        entry(Code.NEW_RELEASE, canonical_writes=1),
    ],
)
def test_anything_done_is_no_noop(acted: Entry) -> None:
    """Tested, pushed, deleted, deployed or written: each of them counts."""
    idle = entry(Code.NO_NEW_VERSION, sync=Sync(main="a", fetched=True))

    assert totals_of([idle]).is_noop
    assert not totals_of([idle, acted]).is_noop
