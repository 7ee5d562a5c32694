"""A test that would not end in time does not begin; who is quicker goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault, RecipeFault
from canon_sweep.job import wiring
from stories.engines import failing, intercepted
from stories.fleet import NEVER_STARTS, WEEK, Fleet

MINUTE = 60.0
AWAY = HostFault("the engine is away")
RED = RecipeFault("service app exited with code 3")


class Stopwatch:
    """The run's time, which the story tells: ``left`` seconds of it, whoever asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 9 * 60 * MINUTE
        monkeypatch.setattr(wiring, "countdown", lambda _whole: lambda: self.left)


@pytest.fixture
def watch(released: Fleet, monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """A run of nine hours, all of which is left."""
    released.options["maxRuntime"] = "9h"
    return Stopwatch(monkeypatch)


def took(fleet: Fleet, recipe: str, seconds: float) -> None:
    """Let the recipe's last test have taken so long."""
    ledger = fleet.state().ledger
    last = ledger.index().last_of(recipe)
    assert last is not None
    ledger.add(msgspec.structs.replace(last, seconds=seconds))


def failing_late(
    watch: Stopwatch, *failures: tuple[Exception, float]
) -> Callable[[Engine], Engine]:
    """Let the first tests of notes fail, each with so much of the run's time left."""
    to_come = list(failures)

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "wait_ready" and arguments[0].recipe == "notes" and to_come:
            fault, watch.left = to_come.pop(0)
            raise fault

    return lambda engine: intercepted(engine, before)


def test_each_attempt_says_what_it_took(released: Fleet) -> None:
    """In the ledger, also where it was red."""
    released.publishes("site", "1.2.0+1", NEVER_STARTS)
    released.sweeps()

    for recipe in ("notes", "site"):
        last = released.state().ledger.index().last_of(recipe)
        assert last is not None
        assert 0 < last.seconds < MINUTE


def test_who_would_not_end_in_time_is_put_off_and_the_next_one_goes_on(
    released: Fleet, watch: Stopwatch
) -> None:
    """With the figures; the next week he comes first."""
    released.sweeps()
    took(released, "notes", 51 * MINUTE)
    for recipe in ("notes", "site"):
        released.publishes(recipe, "1.2.0+1")
    watch.left = 34 * MINUTE

    night = released.sweeps()

    assert night["notes"].code is Code.OUT_OF_TIME
    assert night["notes"].sentence == (
        "not begun: its test takes 51 min (by 2 past ones), and 34 min are left of maxRuntime"
    )
    assert (night["notes"].tag, night["notes"].deploys) == ("1.2.0+1", 0)
    assert night["site"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1
    assert released.state().waiting.due().keys() == {"notes"}

    watch.left = 51 * MINUTE
    last = released.resumes()
    assert last is not None
    assert last["notes"].outcome is Outcome.PROMOTED


def test_who_is_not_known_yet_may_take_what_the_settings_allow(
    released: Fleet, watch: Stopwatch
) -> None:
    """A recipe's own limits, where it has any."""
    released.add("site", timeouts={"prepare": "2m", "deploy": "1m"})
    watch.left = 7 * MINUTE

    night = released.sweeps()

    assert "its test may take 50 min by the limits in the settings" in night["notes"].sentence
    assert night["site"].outcome is Outcome.PROMOTED


def test_nothing_to_test_needs_no_time(released: Fleet, watch: Stopwatch) -> None:
    """Who has no new release is told so, however late."""
    released.sweeps()
    watch.left = 1.0

    assert released.sweeps().results.noop


def test_who_takes_longer_than_any_run_is_given_his_chance(
    released: Fleet, watch: Stopwatch
) -> None:
    """At its beginning; a run that is nearly over is none."""
    released.sweeps()
    took(released, "notes", 20 * 60 * MINUTE)
    released.publishes("notes", "1.2.0+1")
    released.now += WEEK
    watch.left = 4 * 60 * MINUTE
    assert released.sweeps()["notes"].code is Code.OUT_OF_TIME

    watch.left = 5 * 60 * MINUTE
    assert released.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_a_broken_engine_says_nothing_of_how_long_a_test_takes(
    released: Fleet, watch: Stopwatch
) -> None:
    """Nor is anybody quicker because it failed at once."""
    released.options["infraRetries"] = 0
    released.wrap = failing("deploy", HostFault("the engine is away"), times=2)
    released.sweeps()
    released.wrap = lambda engine: engine
    watch.left = 49 * MINUTE

    assert "by the limits in the settings" in released.sweeps()["notes"].sentence


def test_a_test_has_an_end_of_its_own(released: Fleet) -> None:
    """It is taken down and is nobody's red; the others have their time."""
    never = {"type": "exec", "command": ["false"]}
    released.options |= {"timeouts": {"probe": "60s"}, "infraRetries": 0}
    released.add("notes", checks=[never], timeouts={"test": "1500ms"})

    night = released.sweeps()

    assert night["notes"].outcome is Outcome.INFRA
    assert night["notes"].reason == (
        "the test did not end within 1.5s;"
        " raise timeouts.test, of this recipe alone or of all, if it takes that long"
    )
    assert night["site"].outcome is Outcome.PROMOTED
    assert released.running() == ()
    assert released.volumes() == {released.canonical("site").volumes[0].name}


def test_each_try_of_a_test_has_its_own_time(released: Fleet) -> None:
    """What the first has used up is not taken from the second."""
    flag = released.folder / "second"
    passes = {"type": "exec", "command": ["test", "-e", str(flag)]}
    own = {"timeouts": {"test": "5s", "probe": "60s"}, "expectedNA": {"upgrade": "quicker"}}
    released.add("notes", checks=[passes], **own)
    released.options["infraRetries"] = 1
    deploys: list[str] = []

    def before(name: str, _arguments: object) -> None:
        if name == "deploy":
            deploys.append(name)
            if len(deploys) == 2:
                flag.touch()

    released.wrap = lambda engine: intercepted(engine, before)

    entry = released.sweeps("notes")["notes"]

    assert (entry.outcome, entry.attempts) == (Outcome.PROMOTED, 2)


@pytest.fixture
def slow(released: Fleet, watch: Stopwatch) -> Fleet:
    """Two recipes with a new release each; a test of notes takes most of an hour."""
    released.sweeps()
    took(released, "notes", 51 * MINUTE)
    for recipe in ("notes", "site"):
        released.publishes(recipe, "1.2.0+1")
    watch.left = 60 * MINUTE
    return released


def test_a_failed_host_is_not_tried_again_where_that_would_not_end_in_time(
    slow: Fleet, watch: Stopwatch
) -> None:
    """It is infra, as it was seen, and says why it was not repeated; the others go on."""
    slow.wrap = failing_late(watch, (AWAY, 34 * MINUTE))

    night = slow.sweeps()

    entry = night["notes"]
    assert (entry.outcome, entry.attempts, entry.deploys) == (Outcome.INFRA, 1, 1)
    assert "the engine is away" in entry.reason
    assert [note.text for note in entry.notes if note.code == "not-repeated"] == [
        "not repeated: its test takes 51 min (by 2 past ones), and 34 min are left of maxRuntime"
    ]
    assert night["site"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1


def test_a_failed_host_is_tried_again_where_there_is_time(slow: Fleet, watch: Stopwatch) -> None:
    """To the minute."""
    slow.wrap = failing_late(watch, (AWAY, 51 * MINUTE))

    entry = slow.sweeps()["notes"]

    assert (entry.outcome, entry.attempts) == (Outcome.PROMOTED, 2)


def test_what_may_take_half_of_a_run_is_tried_again_after_a_second(
    released: Fleet, watch: Stopwatch
) -> None:
    """Nobody knows yet how long it takes: what the settings allow is no reason to give up."""
    released.options["maxRuntime"] = "1m"
    watch.left = 59.0
    released.wrap = failing_late(watch, (AWAY, 58.0))

    entry = released.sweeps("notes")["notes"]

    assert (entry.outcome, entry.attempts) == (Outcome.PROMOTED, 2)


def test_a_red_that_would_not_end_in_time_waits_for_its_repetition(
    slow: Fleet, watch: Stopwatch
) -> None:
    """It counts, and says why; a resume, which has the time, sees to it."""
    slow.recipes["notes"]["retries"] = 1
    slow.wrap = failing_late(watch, (RED, 34 * MINUTE))

    night = slow.sweeps()

    entry = night["notes"]
    assert (entry.outcome, entry.attempts) == (Outcome.RED, 1)
    assert [note.text for note in entry.notes] == [
        "not repeated: its test takes 51 min (by 3 past ones), and 34 min are left of maxRuntime"
    ]
    assert {name: each.again for name, each in slow.state().waiting.read().items()} == {
        "notes": True
    }

    watch.left = 51 * MINUTE
    last = slow.resumes()
    assert last is not None
    assert last["notes"].outcome is Outcome.PROMOTED
    assert slow.state().waiting.read() == {}


def test_how_long_a_red_took_is_known_when_it_is_to_be_repeated(
    released: Fleet, watch: Stopwatch
) -> None:
    """By the limits alone there would be no time for it; that they were not needed was seen."""
    released.recipes["notes"]["retries"] = 1
    released.wrap = failing_late(watch, (RED, 5 * MINUTE))

    entry = released.sweeps("notes")["notes"]

    assert (entry.outcome, entry.attempts, entry.flaky) == (Outcome.PROMOTED, 2, True)


def test_a_red_of_a_test_by_hand_is_not_repeated_where_there_is_no_time(
    slow: Fleet, watch: Stopwatch
) -> None:
    """Who asks for a test is given it, however long it takes; its repetition is the program's."""
    slow.recipes["notes"]["retries"] = 1
    watch.left = 40 * MINUTE
    slow.wrap = failing_late(watch, (RED, 34 * MINUTE))

    entry = slow.tests("notes")

    assert (entry.outcome, entry.attempts) == (Outcome.RED, 1)
    assert [note.code for note in entry.notes] == ["not-repeated"]


def test_a_repetition_that_a_failed_host_ends_is_not_begun_anew_without_time(
    slow: Fleet, watch: Stopwatch
) -> None:
    """What was red stays red."""
    slow.recipes["notes"]["retries"] = 1
    slow.wrap = failing_late(watch, (RED, 55 * MINUTE), (AWAY, 34 * MINUTE))

    entry = slow.sweeps()["notes"]

    assert (entry.outcome, entry.attempts) == (Outcome.RED, 2)
    assert [note.text for note in entry.notes] == [
        "not repeated: the rerun failed: the engine is away"
    ]
