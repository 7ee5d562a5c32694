"""A red counts when it was red twice, alone: once more after all others."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from msgspec import structs
from rich.console import Console

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Code
from canon_sweep.core.hold import Hold
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault, Interrupted, RecipeFault, TimeFault
from canon_sweep.report.table import results_listing
from child import in_child
from stories.engines import intercepted
from stories.fleet import NEVER_STARTS, Fleet
from stories.test_resume import Builds

FAILS = RecipeFault("service app ended with exit code 3; its log ends: no such table")


@pytest.fixture
def two(fleet: Fleet) -> Fleet:
    """Two recipes that have no canonical yet; a red is tried once more, as by default."""
    fleet.options["retries"] = 1
    for recipe in ("notes", "site"):
        fleet.publishes(recipe, "1.0.0+1")
    return fleet


def deployed(fleet: Fleet) -> list[str]:
    """Let the fleet write down whose stacks are deployed, each turn of a recipe once."""
    turns: list[str] = []

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "deploy" and turns[-1:] != [arguments[0].recipe]:
            turns.append(arguments[0].recipe)

    inner = fleet.wrap
    fleet.wrap = lambda engine: intercepted(inner(engine), before)
    return turns


def failing_of(recipe: str, *faults: BaseException) -> Callable[[Engine], Engine]:
    """Let the first waits for a recipe's stacks raise these."""
    left = list(faults)

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "wait_ready" and arguments[0].recipe == recipe and left:
            raise left.pop(0)

    return lambda engine: intercepted(engine, before)


def outcomes(fleet: Fleet, recipe: str = "notes") -> list[Outcome]:
    attempts = fleet.state().ledger.read()
    return [attempt.outcome for attempt in attempts if attempt.key.recipe == recipe]


def test_a_red_is_tried_once_more_after_all_others(two: Fleet) -> None:
    """What was the moment's fault is over by then; the line is one, and says it was flaky."""
    two.wrap = failing_of("notes", FAILS)
    turns = deployed(two)

    night = two.sweeps()

    assert turns == ["notes", "site", "notes"]
    assert [entry.recipe for entry in night.results.entries] == ["notes", "site"]
    entry = night["notes"]
    assert entry.outcome is Outcome.PROMOTED
    assert entry.flaky
    assert entry.attempts == 2
    assert entry.deploys == 3
    assert entry.canonical_writes == 1
    assert (entry.notes, entry.again, entry.repeat) == (night["site"].notes, "", "")
    assert outcomes(two) == [Outcome.RED, Outcome.PROMOTED]
    assert two.sweeps().results.noop


def test_what_is_red_twice_says_so_with_the_command_that_repeats_it(two: Fleet) -> None:
    """Whoever reads the line knows what it said last, whether it is always so, and what to type."""
    two.publishes("notes", "1.1.0+1", NEVER_STARTS)

    night = two.sweeps()

    entry = night["notes"]
    assert entry.outcome is Outcome.RED
    assert entry.attempts == 2
    assert "no such table" in entry.reason
    assert entry.again == "red 2 times, in the same way"
    assert entry.repeat == "canon-sweep test notes --version 1.1.0+1"
    assert "to-repeat" not in {note.code for note in entry.notes}
    shown = StringIO()
    Console(file=shown, width=160).print(results_listing(night.results))
    assert "red 2 times, in the same way" in shown.getvalue()
    assert "repeat it: canon-sweep test notes --version 1.1.0+1" in shown.getvalue()
    assert two.sweeps()["notes"].code is Code.KNOWN_RED


def test_a_second_failure_of_another_kind_is_told_beside_the_first(two: Fleet) -> None:
    """The tier and the cause of both: that is no broken release, but an unsteady one."""
    other = RecipeFault("not ready in time: app (an open port 8080)")
    two.wrap = failing_of("notes", FAILS, other)

    entry = two.sweeps()["notes"]

    assert entry.reason == f"install: {other}"
    assert entry.again == f"red 2 times, and not as at first: install: {FAILS}"


def test_every_red_has_its_turn_before_any_has_another(two: Fleet) -> None:
    """As often as retries says, a round at a time."""
    two.options["retries"] = 2
    for recipe in ("notes", "site"):
        two.publishes(recipe, "1.1.0+1", NEVER_STARTS)
    turns = deployed(two)

    night = two.sweeps()

    assert turns == ["notes", "site"] * 3
    assert [entry.attempts for entry in night.results.entries] == [3, 3]
    assert night["site"].again == "red 3 times, in the same way"


def test_a_third_try_that_does_not_come_about_leaves_what_two_have_shown(two: Fleet) -> None:
    """The notes of an earlier try are not said twice, and what both took is the line's."""
    two.options |= {"retries": 2, "infraRetries": 0}
    two.wrap = failing_of("notes", FAILS, FAILS, TimeFault("maxRuntime is used up"))

    entry = two.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert entry.again == "red 2 times, in the same way"
    assert entry.deploys == 3
    assert [note.code for note in entry.notes] == ["not-repeated"]


def test_a_test_by_hand_tries_again_at_once(two: Fleet) -> None:
    """There are no others to wait for; nothing of a sweep is pending by it."""
    two.wrap = failing_of("notes", FAILS)

    entry = two.tests("notes")

    assert entry.outcome is Outcome.PROMOTED
    assert entry.flaky
    assert entry.attempts == 2
    assert two.state().waiting.read() == {}


def test_a_commits_command_names_the_commit(two: Fleet) -> None:
    """A pull request has no tag."""
    commit = two.publishes("notes", None, NEVER_STARTS)

    entry = two.tests("notes", ref="main")

    assert entry.repeat == f"canon-sweep test notes --ref {commit}"
    assert two.tests("notes", ref=entry.repeat.split()[-1]).commit == entry.commit


def test_the_guard_is_asked_before_a_rerun_too(two: Fleet) -> None:
    """A build that began meanwhile has the host; the red says what was in its rerun's way."""
    builds = Builds(two.folder / "build.lock")
    two.options["guard"] = {"wait": "1ms", "poll": "1ms", "lockFiles": [str(builds.path)]}

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "deploy" and arguments[0].recipe == "site" and not builds.path.exists():
            builds.begins()

    fails = failing_of("notes", FAILS)
    two.wrap = lambda engine: intercepted(fails(engine), before)

    night = two.sweeps()
    builds.ends()

    assert night["site"].outcome is Outcome.PROMOTED
    entry = night["notes"]
    assert entry.outcome is Outcome.RED
    assert entry.attempts == 1
    assert entry.deploys == 1
    assert [note.code for note in entry.notes] == ["not-repeated"]
    assert "build.lock" in entry.notes[0].text
    assert entry.repeat == "canon-sweep test notes --version 1.0.0+1"
    assert night.results.exit_code == 1


def test_a_red_that_a_build_kept_from_its_rerun_is_tried_when_that_has_ended(two: Fleet) -> None:
    """Red twice, alone, is what counts; a resume is the first that can see to it."""
    builds = Builds(two.folder / "build.lock")
    two.options["guard"] = {"wait": "1ms", "poll": "1ms", "lockFiles": [str(builds.path)]}

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "deploy" and arguments[0].recipe == "site" and not builds.path.exists():
            builds.begins()

    fails = failing_of("notes", FAILS)
    two.wrap = lambda engine: intercepted(fails(engine), before)
    assert two.sweeps()["notes"].outcome is Outcome.RED
    two.wrap = lambda engine: engine

    still = two.resumes()
    builds.ends()
    night = two.resumes()

    assert still is not None
    assert (still["notes"].code, still.results.exit_code) == (Code.IN_FLIGHT, 75)
    assert night is not None
    assert night["notes"].outcome is Outcome.PROMOTED
    assert outcomes(two) == [Outcome.RED, Outcome.PROMOTED]
    assert two.state().waiting.read() == {}


def assert_not_replaced(two: Fleet, made: Canonical) -> None:
    """This is promoted by another run between the two tries, and stays what it is."""

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "deploy" and arguments[0].recipe == "site":
            two.state().canonicals.write(made)

    fails = failing_of("notes", FAILS)
    two.wrap = lambda engine: intercepted(fails(engine), before)

    entry = two.sweeps()["notes"]

    assert (entry.outcome, entry.attempts) == (Outcome.RED, 1)
    assert [note.text for note in entry.notes if note.code == "not-repeated"] == [
        f"not repeated: another run has promoted {made.release_tag} meanwhile"
    ]
    assert two.canonical("notes") == made


def test_what_another_run_has_promoted_meanwhile_is_not_replaced(two: Fleet) -> None:
    """A person who waited had his turn between the two; what he has made names its own data."""
    commit = two.publishes("notes", "1.1.0+1")
    made = Canonical(recipe="notes", version="1.1.0+1", commit=commit, ts="20260614T030500Z")

    assert_not_replaced(two, made)


def test_another_release_of_the_same_commit_is_another_canonical(two: Fleet) -> None:
    """What was red is by then the canonical itself: it would be upgraded to from itself."""
    two.sweeps("notes")
    proven = two.canonical("notes")
    # the same commit, released once more, so that what it is upgraded from is an older one
    two.repo("notes").references.create("refs/tags/1.1.0+1", proven.commit)

    assert_not_replaced(two, structs.replace(proven, version="1.1.0+1", tag="1.1.0+1"))


def test_one_that_is_held_meanwhile_is_not_tried_again(two: Fleet) -> None:
    """Who sees a red in the log, and holds the recipe, has the host spared its rerun."""
    until = two.now + timedelta(days=7)
    hold = Hold(recipe="notes", reason="it eats the disk", until=until)

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "deploy" and arguments[0].recipe == "site":
            two.state().holds.put(hold)

    fails = failing_of("notes", FAILS)
    two.wrap = lambda engine: intercepted(fails(engine), before)

    entry = two.sweeps()["notes"]

    assert (entry.outcome, entry.attempts) == (Outcome.RED, 1)
    assert [note.text for note in entry.notes] == ["not repeated: held meanwhile: it eats the disk"]


@pytest.mark.parametrize("how", ["resume", "sweep"])
def test_a_red_that_a_kill_kept_from_its_rerun_does_not_count_yet(two: Fleet, how: str) -> None:
    """It waits as who was not reached does; it was red once, and nobody knows better."""
    fails = failing_of("notes", FAILS)
    tries = [0]

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        tries[0] += name == "deploy" and arguments[0].recipe == "notes"
        if tries[0] == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    two.wrap = lambda engine: intercepted(fails(engine), before)
    assert in_child(two.sweeps) == -signal.SIGKILL
    two.wrap = lambda engine: engine
    assert outcomes(two) == [Outcome.RED]
    waiting = two.state().waiting.read()
    assert {name: entry.again for name, entry in waiting.items()} == {"notes": True}

    night = two.resumes() if how == "resume" else two.sweeps()

    assert night is not None
    assert night["notes"].outcome is Outcome.PROMOTED
    assert two.state().waiting.read() == {}
    assert two.resumes() is None


@pytest.mark.parametrize(
    "fault",
    [HostFault("the engine hung"), TimeFault("the engine hung"), Interrupted("the engine hung")],
    ids=lambda fault: type(fault).__name__,
)
def test_a_rerun_that_something_comes_between_leaves_the_red(
    two: Fleet, fault: BaseException
) -> None:
    """The host, the run's end, a person: what was seen before it counts."""
    two.options["infraRetries"] = 0
    two.wrap = failing_of("notes", FAILS, fault)

    entry = two.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert "no such table" in entry.reason
    assert [note.code for note in entry.notes] == ["not-repeated"]
    assert "the engine hung" in entry.notes[0].text
    assert entry.again == ""


def test_a_bug_in_a_rerun_ends_it_and_is_told(two: Fleet) -> None:
    """It is tried no more, and nothing goes round for ever."""
    two.wrap = failing_of("notes", FAILS, ZeroDivisionError("a bug"))

    night = two.sweeps()

    assert night["notes"].code is Code.INTERNAL_ERROR
    assert "ZeroDivisionError" in night["notes"].why
    assert night["site"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1
