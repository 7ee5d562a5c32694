"""When a run is over: settled, summed up and written down, whatever ended it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from canon_sweep import interrupt
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.errors import HostFault, RecipeFault, StateFault, TimeFault
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings
from canon_sweep.report.records import Entry
from canon_sweep.state.attempts import Ledger
from stories.engines import failing, intercepted
from stories.fleet import Fleet, Quiet

NEVER = {"type": "exec", "command": ["false"]}


@pytest.fixture
def signals() -> Iterator[None]:
    """The program's handlers, put back afterwards."""
    before = {number: signal.getsignal(number) for number in interrupt.SIGNALS}
    interrupt.install()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def outcomes(fleet: Fleet, recipe: str) -> list[Outcome]:
    """What the ledger has of a recipe, in order."""
    return [attempt.outcome for attempt in fleet.state().ledger.index().of(recipe)]


def test_a_probe_that_the_runs_end_cuts_short_is_not_red(released: Fleet) -> None:
    """Nobody knows whether it would have passed: the run's time was its bound."""
    released.recipes["notes"]["checks"] = [NEVER]
    released.options |= {"timeouts": {"probe": "60s"}, "maxRuntime": "1500ms"}

    night = released.sweeps("notes")

    assert night["notes"].code is Code.OUT_OF_TIME
    assert night["notes"].tag == "1.1.0+1"
    assert "maxRuntime" in night["notes"].sentence
    assert Outcome.RED not in outcomes(released, "notes")
    assert released.running() == ()
    assert released.volumes() == set()


def test_a_test_that_cannot_be_remembered_as_broken_off_says_so(
    released: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It will be first in line again, and may use up the next run's time too: here is why."""

    def full(_ledger: Ledger, _attempt: object) -> None:
        raise StateFault("No space left on device")

    released.recipes["notes"]["checks"] = [NEVER]
    released.options |= {"timeouts": {"probe": "60s"}, "maxRuntime": "1500ms"}
    with monkeypatch.context() as patch:
        # a disk that is full just then cannot be had
        patch.setattr(Ledger, "add", full)
        entry = released.sweeps("notes")["notes"]

    assert entry.code is Code.OUT_OF_TIME
    assert [note.code for note in entry.notes] == ["ledger"]


def test_a_command_that_the_runs_end_cuts_short_is_not_red(released: Fleet) -> None:
    """Also where one command may take longer than all the tries of a probe."""
    released.recipes["notes"]["checks"] = [{"type": "exec", "command": ["sleep", "60"]}]
    released.options |= {"timeouts": {"probe": "400ms", "exec": "60s"}, "maxRuntime": "1500ms"}

    night = released.sweeps("notes")

    assert night["notes"].code is Code.OUT_OF_TIME
    assert Outcome.RED not in outcomes(released, "notes")


def test_a_probe_that_has_its_own_time_is_red(released: Fleet) -> None:
    """The other side of it: what fails within its own limit is the recipe's."""
    released.recipes["notes"]["checks"] = [NEVER]

    assert released.sweeps("notes")["notes"].outcome is Outcome.RED


def test_a_red_whose_rerun_has_no_time_counts_and_says_so(released: Fleet) -> None:
    """It was seen to fail; that there was no second look changes nothing of it."""
    released.recipes["notes"]["retries"] = 1
    waits = [0]

    def before(name: str, _arguments: object) -> None:
        if name == "wait_ready":
            waits[0] += 1
            if waits[0] == 1:
                raise RecipeFault("service app exited with code 3")
            raise TimeFault("maxRuntime is used up")

    released.wrap = lambda engine: intercepted(engine, before)

    entry = released.sweeps("notes")["notes"]

    assert entry.outcome is Outcome.RED
    assert "exited with code 3" in entry.reason
    (note,) = entry.notes
    assert note.code == "not-repeated"
    assert note.text.startswith("not repeated: ")
    assert outcomes(released, "notes") == [Outcome.RED]
    assert released.sweeps("notes")["notes"].code is Code.KNOWN_RED


def test_what_the_end_of_a_run_cannot_clean_up_makes_it_wrong(released: Fleet) -> None:
    """Results come after the last cleaning up, not before it."""
    released.sweeps()
    released.publishes("notes", "1.2.0+1")
    released.wrap = failing("remove_volume", HostFault("the volume is busy"), times=99)

    night = released.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1
    assert night.results.problems
    assert all("the volume is busy" in problem for problem in night.results.problems)
    latest = released.folder / "state" / "runs" / "latest" / "results.json"
    assert json.loads(latest.read_text())["problems"] == list(night.results.problems)


class InTheWay(Quiet):
    """Something takes the place of the results while the run is on."""

    def __init__(self, fleet: Fleet) -> None:
        self._runs = fleet.folder / "state" / "runs"

    def begins(self, recipe: str) -> None:
        for run in self._runs.iterdir():
            (run / "results.json").mkdir(exist_ok=True)


def test_results_that_cannot_be_written_are_shown_all_the_same(released: Fleet) -> None:
    """Whoever looks on sees every line, and what is missing."""
    around = Surroundings(
        InTheWay(released), lambda _: None, lambda: released.now, released.engine()
    )

    results = run_sweep(released.settings(), (), around)

    assert [entry.outcome for entry in results.entries] == [Outcome.PROMOTED] * 2
    assert results.exit_code == 1
    assert ["results.json cannot be written" in problem for problem in results.problems] == [True]


class StopsAfter(Quiet):
    """Somebody stops the run when the line of a recipe is printed."""

    def __init__(self, recipe: str) -> None:
        self.recipe = recipe

    def ended(self, entry: Entry) -> None:
        if entry.recipe == self.recipe:
            os.kill(os.getpid(), signal.SIGTERM)


def clock_that_stops(now: datetime) -> Callable[[], datetime]:
    """Somebody stops the run before its first recipe."""

    def clock() -> datetime:
        os.kill(os.getpid(), signal.SIGTERM)
        return now

    return clock


@pytest.mark.usefixtures("signals")
def test_a_signal_between_two_recipes_leaves_a_line_for_each(released: Fleet) -> None:
    """What was done is written down, and what was not reached says why."""
    around = Surroundings(
        StopsAfter("notes"), lambda _: None, lambda: released.now, released.engine()
    )

    results = run_sweep(released.settings(), (), around)

    notes, site = results.entries
    assert notes.outcome is Outcome.PROMOTED
    assert site.code is Code.OUT_OF_TIME
    assert "SIGTERM" in site.sentence
    assert results.exit_code == 1
    path = released.folder / "state" / "runs" / results.run_id / "results.json"
    assert len(json.loads(path.read_text())["entries"]) == 2


@pytest.mark.usefixtures("signals")
def test_a_signal_before_the_first_recipe_leaves_a_line_for_each(released: Fleet) -> None:
    """A run that did nothing says so."""
    around = Surroundings(
        Quiet(), lambda _: None, clock_that_stops(released.now), released.engine()
    )

    # as the command does, from before its first step
    with interrupt.Held():
        results = run_sweep(released.settings(), (), around)

    assert [entry.code for entry in results.entries] == [Code.OUT_OF_TIME] * 2
    assert (released.folder / "state" / "runs" / results.run_id / "results.json").exists()
    assert released.volumes() == set()


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    """Who starts a run with nohup means it."""
    before = {number: signal.getsignal(number) for number in interrupt.SIGNALS}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        interrupt.install()

        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is not before[signal.SIGTERM]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_only_recipes_that_stay_out_are_a_hollow_sweep(released: Fleet) -> None:
    """Exit 2, by name: an empty night must not look green."""
    released.add("site", enroll=False, exception="no stable health")

    named = released.sweeps("site").results

    assert named.exit_code == 2
    assert "site" in named.hollow
    assert "no stable health" in named.hollow
    assert released.sweeps().results.exit_code == 0


def test_infra_says_why_a_second_run_is_no_noop(released: Fleet) -> None:
    """It is not remembered, since it says nothing of the recipe."""
    released.options["infraRetries"] = 0
    released.wrap = failing("prepare", HostFault("no image"), times=99)

    first, second = released.sweeps().results, released.sweeps().results

    assert not first.noop
    assert [entry.outcome for entry in second.entries] == [Outcome.INFRA] * 2
