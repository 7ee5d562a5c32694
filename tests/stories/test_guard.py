"""Never beside a build: the sweep waits for it, or leaves the rest for later."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canon_sweep import interrupt
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.engine.protocol import Converging
from canon_sweep.errors import HostFault
from canon_sweep.guard import steady
from canon_sweep.job.recover import run_recover
from canon_sweep.job.run import run_sweep
from canon_sweep.job.test import Wanted, run_test
from canon_sweep.job.wiring import Surroundings
from canon_sweep.state.journal import Deployment
from guard.fake_builds import INCOMPLETE, QUEUE, FakeBuilds, fake_builds
from stories.engines import doing, failing, intercepted
from stories.fleet import NEVER_STARTS, Fleet, Night

BUILD = "Drone has recipes/ghost #12 (running)"


@pytest.fixture
def builds(
    released: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeBuilds]:
    """The fake Drone that the fleet's guard asks; its two readings need no time between them."""
    monkeypatch.setattr(steady, "APART", 0.0)
    with fake_builds(tmp_path) as fake:
        released.options["guard"] = {"wait": "60s", "poll": "10ms", **fake.table()}
        yield fake


def gives_up_at_once(fleet: Fleet) -> None:
    """The operator does not let the sweep wait."""
    fleet.options["guard"]["wait"] = "1ms"


def ends_after(builds: FakeBuilds, looks: int) -> None:
    """The build that runs now has ended when it was looked for so often."""
    begun = builds.asked.count(QUEUE)

    def before(path: str) -> None:
        if path == QUEUE and builds.asked.count(QUEUE) - begun > looks:
            builds.idles()

    builds.before = before


def sweeps(fleet: Fleet) -> tuple[Night, list[str]]:
    """A sweep, and what it said besides its lines."""
    said: list[str] = []
    around = fleet.means()
    around = Surroundings(around.progress, said.append, around.clock, around.engine)
    return Night(run_sweep(fleet.settings(), (), around)), said


def written(fleet: Fleet) -> Any:
    """What the last run has written down."""
    return json.loads((fleet.folder / "state/runs/latest/results.json").read_text())


def test_a_sweep_beside_no_build_is_a_sweep(released: Fleet, builds: FakeBuilds) -> None:
    """Drone is asked before it begins and before each recipe, twice each time."""
    night, said = sweeps(released)

    assert [entry.outcome for entry in night.results.entries] == [Outcome.PROMOTED] * 2
    assert (night.results.exit_code, said) == (0, [])
    assert builds.asked.count(QUEUE) == 3 * 2
    assert builds.asked.count(INCOMPLETE) == 3 * 2


def test_a_build_before_the_sweep_is_waited_for(released: Fleet, builds: FakeBuilds) -> None:
    """It ends within the wait, and nothing is left undone."""
    builds.builds()
    ends_after(builds, 3)

    night, said = sweeps(released)

    assert [entry.outcome for entry in night.results.entries] == [Outcome.PROMOTED] * 2
    assert night.results.exit_code == 0
    assert [line.partition(": ")[2] for line in said] == [BUILD, "nothing is in flight any more"]


def test_a_build_that_does_not_end_defers_the_whole_run(
    released: Fleet, builds: FakeBuilds
) -> None:
    """Each recipe has its line, nothing was touched, and the operator's commands did not run."""
    trace = released.folder / "trace"
    released.options["preSweep"] = [["touch", str(trace)]]
    builds.builds()
    gives_up_at_once(released)

    night, _ = sweeps(released)

    assert night.results.exit_code == 75
    assert [entry.code for entry in night.results.entries] == [Code.IN_FLIGHT] * 2
    assert night["notes"].sentence == f"not reached: {BUILD}"
    assert night.results.noop
    assert not trace.exists()
    lines = [
        (line["recipe"], line["code"], line["sentence"]) for line in written(released)["entries"]
    ]
    assert lines == [
        ("notes", "deferred/in-flight", f"not reached: {BUILD}"),
        ("site", "deferred/in-flight", f"not reached: {BUILD}"),
    ]
    assert list(released.mirror("notes").glob("refs/heads/*")) == []


def test_a_build_in_the_middle_stops_the_sweep_until_it_has_ended(
    released: Fleet, builds: FakeBuilds
) -> None:
    """The recipe that is on is finished; the next begins when the build is over."""
    released.wrap = doing("deploy", builds.builds)
    trace: list[str] = []

    def before(path: str) -> None:
        trace.append(str(released.running()) if path == QUEUE else "")
        if path == QUEUE and len(builds.asked) > 16:
            builds.idles()

    builds.before = before

    night, said = sweeps(released)

    assert [entry.outcome for entry in night.results.entries] == [Outcome.PROMOTED] * 2
    assert said[0].endswith(BUILD)
    # whenever it looked, nothing of its own was up
    assert set(trace) == {"", "()"}


def test_a_build_in_the_middle_that_does_not_end_defers_the_rest(
    released: Fleet, builds: FakeBuilds
) -> None:
    """What was done is done; the rest is named, and is the next sweep's."""
    gives_up_at_once(released)
    released.wrap = doing("deploy", builds.builds)

    night, _ = sweeps(released)

    assert night["notes"].outcome is Outcome.PROMOTED
    assert night["site"].code is Code.IN_FLIGHT
    assert night.results.exit_code == 75
    assert released.running() == ()

    builds.idles()
    second, _ = sweeps(released)

    assert second["notes"].code is Code.NO_NEW_VERSION
    assert second["site"].outcome is Outcome.PROMOTED
    assert second.results.exit_code == 0


def test_a_partly_deferred_run_with_a_red_recipe_is_wrong(
    released: Fleet, builds: FakeBuilds
) -> None:
    """Being put off hides nothing."""
    gives_up_at_once(released)
    released.publishes("notes", "1.2.0+1", NEVER_STARTS)
    released.wrap = doing("deploy", builds.builds)

    night, _ = sweeps(released)

    assert night["notes"].outcome is Outcome.RED
    assert night["site"].code is Code.IN_FLIGHT
    assert night.results.exit_code == 1


def test_who_takes_no_part_is_not_deferred(released: Fleet, builds: FakeBuilds) -> None:
    """An exception has its own line, whatever is in flight, and nobody waits for its sake."""
    released.add("site", enroll=False, exception="no stable health")
    builds.builds()
    gives_up_at_once(released)

    night, _ = sweeps(released)

    assert night["notes"].code is Code.IN_FLIGHT
    assert (night["site"].code, night.results.exit_code) == (Code.EXCEPTED, 75)


@pytest.mark.parametrize("status", ["unreachable", "forbidden"])
def test_a_doubt_defers_too_and_says_what_to_do(
    released: Fleet, builds: FakeBuilds, status: str
) -> None:
    """Nobody tests beside a Drone that cannot be asked."""
    gives_up_at_once(released)
    if status == "unreachable":
        released.options["guard"]["drone"]["url"] = "http://127.0.0.1:9"
    else:
        builds.token_file.write_text("somebody's")

    night, _ = sweeps(released)

    assert night.results.exit_code == 75
    assert "cannot tell whether a build is in flight: http://127.0.0.1:" in night["notes"].sentence


@pytest.mark.parametrize("quick", [False, True])
def test_a_test_by_hand_waits_and_is_deferred_too(
    released: Fleet, builds: FakeBuilds, quick: bool
) -> None:
    """Cold, or on the canonical's data: both deploy."""
    sweeps(released)
    before = released.bytes_of("notes")
    builds.builds()
    gives_up_at_once(released)

    results = run_test(released.settings(), Wanted("notes", quick=quick), released.means())

    assert (results.exit_code, results.entries[0].code) == (75, Code.IN_FLIGHT)
    assert results.entries[0].deploys == 0
    assert released.bytes_of("notes") == before

    ends_after(builds, 2)
    released.options["guard"]["wait"] = "60s"
    assert released.tests("notes", quick=quick).outcome is not None


@pytest.mark.parametrize("kind", ["drone", "woodpecker"])
def test_a_step_of_a_build_does_not_wait_for_its_own_build(
    released: Fleet, builds: FakeBuilds, kind: str
) -> None:
    """A pull request's test is run by the very build that the sweep waits for."""
    sweeps(released)
    builds.builds()
    released.options["guard"] = {"wait": "1ms", "poll": "10ms", **builds.table(kind)}

    step = Wanted("notes", ref="main", quick=True, in_build=True)
    results = run_test(released.settings(), step, released.means())

    assert (results.exit_code, results.entries[0].outcome) == (0, Outcome.PASSED)
    assert sweeps(released)[0]["notes"].code is Code.IN_FLIGHT


def test_a_step_of_a_build_is_not_beside_what_else_is_in_flight(released: Fleet) -> None:
    """Only the server of builds has let it run."""
    sweeps(released)
    mine = f"sleep {os.getpid()}.5"
    other = subprocess.Popen(mine.split())
    released.options["guard"] = {"wait": "1ms", "poll": "10ms", "processes": [mine]}

    step = Wanted("notes", ref="main", in_build=True)
    try:
        results = run_test(released.settings(), step, released.means())
    finally:
        other.kill()
        other.wait()

    assert (results.exit_code, results.entries[0].code) == (75, Code.IN_FLIGHT)


def test_what_a_killed_run_left_is_cleaned_up_beside_a_build(
    released: Fleet, builds: FakeBuilds
) -> None:
    """It is in the build's way, and nothing is deployed for it: neither asks Drone."""
    builds.builds()
    gives_up_at_once(released)
    left = Deployment(recipe="notes", stack="note-000000_ci_localhost", engine="local")
    released.state().journal.put(left)

    assert run_recover(released.settings(), released.means()).recovered == 1
    assert builds.asked == []

    released.state().journal.put(left)
    night, _ = sweeps(released)

    assert (night.results.totals.recovered, night.results.exit_code) == (1, 75)


def test_a_plan_waits_for_nobody(released: Fleet, builds: FakeBuilds) -> None:
    """It changes nothing."""
    builds.builds()

    assert released.plans()["notes"].code is Code.FIRST_CANONICAL
    assert builds.asked == []


def test_the_runs_own_time_ends_the_waiting(released: Fleet, builds: FakeBuilds) -> None:
    """And then it is the time that ran out, which is not passed over in silence."""
    builds.builds()
    released.options["maxRuntime"] = "200ms"

    night, _ = sweeps(released)

    assert [entry.code for entry in night.results.entries] == [Code.OUT_OF_TIME] * 2
    assert night["notes"].sentence == f"not reached: maxRuntime is used up, and {BUILD}"
    assert night.results.exit_code == 1


def test_a_signal_ends_the_waiting_at_once(released: Fleet, builds: FakeBuilds) -> None:
    """Whoever stops the service does not wait for a build that has nothing to do with it."""
    before = {number: signal.getsignal(number) for number in interrupt.SIGNALS}
    released.options["guard"] |= {"poll": "60s", "wait": "1h"}
    builds.builds()
    interrupt.install()
    killed: list[float] = []

    def said(_line: str) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.1)

    def alarm(*_: object) -> None:
        killed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    alarmed = signal.signal(signal.SIGALRM, alarm)
    around = released.means()
    around = Surroundings(around.progress, said, around.clock, around.engine)
    try:
        night = Night(run_sweep(released.settings(), (), around))
        took = time.monotonic() - killed[0]
    finally:
        for number, handler in (before | {signal.SIGALRM: alarmed}).items():
            signal.signal(number, handler)

    assert took < 5
    assert [entry.code for entry in night.results.entries] == [Code.OUT_OF_TIME] * 2
    assert night["notes"].sentence == "not reached: stopped by SIGTERM"


def busy(fleet: Fleet, looks: float) -> None:
    """Somebody deploys a stack, which is up when it was looked at so often."""
    seen = [0]

    class Deploys:
        """The engine with a neighbour, which the local one cannot have."""

        def __init__(self, engine: Any) -> None:
            self._engine, self.name = engine, engine.name

        def __getattr__(self, name: str) -> Any:
            return getattr(self._engine, name)

        def converging(self) -> tuple[Converging, ...]:
            """Traefik, for a while."""
            seen[0] += 1
            why = "service app has 0 of 1 tasks up"
            return (Converging("traefik", why),) if seen[0] <= looks else ()

    fleet.wrap = lambda engine: intercepted(Deploys(engine), lambda *_: None)


def test_a_stack_that_converges_is_waited_for(released: Fleet) -> None:
    """Without a word in the settings."""
    released.options["guard"] = {"poll": "10ms"}
    busy(released, 3)

    night, said = sweeps(released)

    assert night.results.exit_code == 0
    assert said[0].endswith("stack traefik converges: service app has 0 of 1 tasks up")


def test_a_stack_that_never_converges_is_named(released: Fleet) -> None:
    """So that the operator knows whom to look at, or to ignore."""
    released.options["guard"] = {"wait": "1ms", "poll": "1ms"}
    busy(released, math.inf)

    night, _ = sweeps(released)

    assert night.results.exit_code == 75
    assert "stack traefik converges: service app has 0 of 1" in night["site"].sentence


@pytest.mark.parametrize("guard", [{"ignore": ["traefik"]}, {"stacks": False}])
def test_a_stack_that_is_not_to_be_waited_for_is_not(
    released: Fleet, guard: dict[str, Any]
) -> None:
    """One of them, or all."""
    released.options["guard"] = {"wait": "1ms", "poll": "1ms", **guard}
    busy(released, math.inf)

    assert sweeps(released)[0].results.exit_code == 0


def test_an_engine_that_does_not_tell_of_stacks_is_a_doubt(released: Fleet) -> None:
    """It is there: a test could begin beside whatever it is busy with."""
    released.options["guard"] = {"wait": "1ms", "poll": "1ms"}
    released.wrap = failing("converging", HostFault("Docker refused: deadline exceeded"), 10)

    night, _ = sweeps(released)

    assert night.results.exit_code == 75
    assert "cannot tell" in night["notes"].sentence
    assert "deadline exceeded" in night["notes"].sentence


def test_an_engine_that_is_away_is_no_build(released: Fleet) -> None:
    """The tests say so, each with `infra`, and the run is wrong."""
    away = HostFault("Docker does not answer")
    released.options["guard"] = {"wait": "1ms", "poll": "1ms"}

    def before(name: str, _arguments: tuple[Any, ...]) -> None:
        if name in ("converging", "node", "prepare"):
            raise away

    released.wrap = lambda engine: intercepted(engine, before)

    night, _ = sweeps(released)

    assert night["notes"].outcome is Outcome.INFRA
    assert night.results.exit_code == 1
