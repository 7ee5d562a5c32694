"""What the operator has done before a sweep."""

from __future__ import annotations

import errno
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from canon_sweep import interrupt
from canon_sweep.core.decision import Code
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings
from stories.fleet import Fleet, Night


def sweeps(fleet: Fleet, *recipes: str) -> tuple[Night, list[str]]:
    """A sweep, and what it said besides its lines."""
    said: list[str] = []
    around = fleet.means()
    around = Surroundings(around.progress, said.append, around.clock, around.engine)
    return Night(run_sweep(fleet.settings(), recipes, around)), said


def results_of(fleet: Fleet) -> Any:
    """What the last run has written down."""
    return json.loads((fleet.folder / "state/runs/latest/results.json").read_text())


def test_commands_run_in_order_before_the_first_recipe(released: Fleet) -> None:
    """Each has its line, with its exit code; no canonical is there yet when they run."""
    trace = released.folder / "trace"
    records = released.folder / "state/canonicals"
    released.options["preSweep"] = [
        ["sh", "-c", f"ls {records} > {trace}; echo traefik >> {trace}"],
        ["sh", "-c", f"echo keycloak >> {trace}"],
    ]

    night, said = sweeps(released)

    assert trace.read_text() == "traefik\nkeycloak\n"
    assert night.results.exit_code == 0
    assert [line.endswith("ended with exit code 0") for line in said] == [True, True]
    assert [step["exit_code"] for step in results_of(released)["pre_sweep"]] == [0, 0]


def test_a_command_that_fails_makes_the_run_wrong_and_stops_no_recipe(released: Fleet) -> None:
    """The recipes are tested all the same: who rolls live apps has his own gate."""
    released.options["preSweep"] = [
        ["sh", "-c", "echo traefik: no such service >&2; exit 3"],
        ["/nowhere/roll"],
        ["true"],
    ]

    night, said = sweeps(released)

    assert night["notes"].canonical == "1.1.0+1"
    assert night.results.exit_code == 1
    missing = os.strerror(errno.ENOENT)
    assert [problem.split(" ", 1)[1] for problem in night.results.problems] == [
        "sh -c 'echo traefik: no such service >&2; exit 3' ended with exit code 3",
        f"/nowhere/roll failed: /nowhere/roll cannot be run: {missing}; see that it is there",
    ]
    assert "  traefik: no such service" in said


def test_a_second_run_is_a_no_op_whatever_ran_before_it(released: Fleet) -> None:
    """What they do is the operator's; what counts is what was tested, pushed and written."""
    released.options["preSweep"] = [["true"]]
    released.sweeps()

    night, _ = sweeps(released)

    assert night.results.noop


def test_a_run_of_named_recipes_runs_none(released: Fleet) -> None:
    """Who looks at one recipe by hand does not mean to roll live apps."""
    released.options["preSweep"] = [["false"]]

    night, said = sweeps(released, "notes")

    assert (night.results.exit_code, said) == (0, [])


def test_a_command_takes_no_longer_than_the_run_may(released: Fleet) -> None:
    """The time is the whole run's."""
    released.options |= {"preSweep": [["sleep", "60"]], "maxRuntime": "300ms"}

    night, _ = sweeps(released)

    assert "sleep did not end within" in night.results.problems[0]
    assert night["notes"].code is Code.OUT_OF_TIME


def test_a_run_that_is_stopped_runs_no_further_command(
    released: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal ends the one that is under way, and every recipe still has its line."""
    before = {number: signal.getsignal(number) for number in interrupt.SIGNALS}
    interrupt.install()
    trace = Path(released.folder / "trace")
    stop = f"touch {trace}; kill -TERM {os.getpid()}; sleep 60"
    released.options["preSweep"] = [["sh", "-c", stop], ["rm", str(trace)]]
    try:
        night, _ = sweeps(released)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert trace.exists()
    assert len(night.results.pre_sweep) == 1
    assert night["notes"].code is Code.OUT_OF_TIME
    assert night["site"].code is Code.OUT_OF_TIME
