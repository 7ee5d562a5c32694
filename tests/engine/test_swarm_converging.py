"""Other people's stacks that are on their way, on a real Swarm."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.engine.protocol import Converging, Engine
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.overlay import HOME, STACK
from engine.neighbour import NEVER, SECONDS, Neighbour
from stories.fleet import Fleet

pytestmark = pytest.mark.swarm


@pytest.fixture
def neighbour(docker_host: str) -> Iterator[Neighbour]:
    """Whoever shares the Swarm with us."""
    made = Neighbour(docker_host)
    yield made
    made.leaves()


def test_a_stack_is_on_its_way_until_all_its_tasks_are_up(neighbour: Neighbour) -> None:
    """It is named, and the service that is waited for."""
    neighbour.deploys(service="db")
    app = neighbour.deploys(service="app", where=NEVER)

    told = "service app has 0 of 1 tasks up"
    neighbour.until(lambda seen: seen == {"traefik": told})
    neighbour.changes(app, Placement={"Constraints": []})
    neighbour.rests()


def test_only_stacks_of_others_count(neighbour: Neighbour) -> None:
    """Neither ours, nor a service that is of no stack."""
    neighbour.deploys("note-1a2b3c_ci_localhost", where=NEVER, labels={STACK: "note-1a2b3c"})
    neighbour.deploys(None, where=NEVER)

    assert neighbour.seen() == {}


def test_another_canon_sweeps_test_counts(neighbour: Neighbour) -> None:
    """The demo's, say: each has a lock of its own, and neither sees the other's."""
    ours = {STACK: "note-1a2b3c_ci_localhost", HOME: "0" * 16}
    neighbour.engine = SwarmEngine(neighbour.host, home="0" * 16)
    neighbour.deploys("note-1a2b3c_ci_localhost", where=NEVER, labels=ours)
    neighbour.deploys("demo-1a2b3c_ci_localhost", where=NEVER, labels=ours | {HOME: "f" * 16})

    assert set(neighbour.seen()) == {"demo-1a2b3c_ci_localhost"}


def test_a_job_that_runs_once_more_is_on_its_way_again(neighbour: Neighbour) -> None:
    """The tasks of its last time are all done, and say nothing of this one."""
    mode = {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
    job = neighbour.deploys("job", mode=mode, command=["sleep", "2"], condition="none")
    neighbour.until(bool)
    neighbour.rests()

    # the SDK sends an update's rules along, which a job may not have
    again = ["docker", "--host", neighbour.host, "service", "update", "--force", "--detach", job]
    subprocess.run(again, check=True, capture_output=True)

    neighbour.until(lambda seen: seen == {"job": "service app has 0 of 1 tasks done"})
    neighbour.rests()


def test_what_has_ended_well_and_may_has_arrived(neighbour: Neighbour) -> None:
    """A one-shot, a job, and a service that is scaled to none."""
    types = docker.types
    neighbour.deploys("once", command=["true"], condition="on-failure")
    neighbour.deploys("none", mode=types.ServiceMode("replicated", 0))

    neighbour.rests()


def test_a_job_is_on_its_way_until_it_is_done(neighbour: Neighbour) -> None:
    """That it runs is not what it is for."""
    mode = {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
    job = neighbour.deploys("job", mode=mode, command=["sleep", "2"], condition="none")

    assert neighbour.seen() == {"job": "service app has 0 of 1 tasks done"}
    assert job
    neighbour.rests()


def test_a_service_that_keeps_crashing_never_arrives(neighbour: Neighbour) -> None:
    """Also while it is between two tries."""
    neighbour.deploys("broken", command=["false"])

    for _ in range(10):
        neighbour.until(lambda seen: "broken" in seen)


def test_an_update_is_on_its_way_and_a_paused_one_is_not(neighbour: Neighbour) -> None:
    """A paused one never goes on by itself; with its tasks up it is at rest."""
    types: Any = docker.types
    pauses = types.UpdateConfig(parallelism=1, monitor=10**9, failure_action="pause")
    app = neighbour.deploys(update=pauses | {"Order": "start-first"})
    neighbour.rests()
    spec = neighbour.client.inspect_service(app)["Spec"]["TaskTemplate"]["ContainerSpec"]

    neighbour.changes(app, ContainerSpec=spec | {"Command": ["sleep", "2000"]})
    neighbour.until(lambda seen: seen == {"traefik": "service app is being updated"})
    neighbour.rests()
    neighbour.changes(app, ContainerSpec=spec | {"Image": "canon-sweep/nowhere:1"})
    neighbour.until(bool)
    neighbour.rests()

    assert neighbour.client.inspect_service(app)["UpdateStatus"]["State"] == "paused"


@pytest.fixture
def released(neighbour: Neighbour, tmp_path: Path) -> Fleet:
    """Two recipes, tested on the local engine, beside a neighbour on the real Swarm."""
    fleet = Fleet(tmp_path)
    for recipe in ("notes", "site"):
        fleet.publishes(recipe, "1.0.0+1")

    def beside(engine: Engine) -> Engine:
        class Beside:
            name = engine.name

            def __getattr__(self, name: str) -> Any:
                return getattr(engine, name)

            def converging(self) -> tuple[Converging, ...]:
                return neighbour.engine.converging()

        return Beside()

    fleet.wrap = beside
    return fleet


def test_a_sweep_waits_for_a_neighbours_stack(released: Fleet, neighbour: Neighbour) -> None:
    """It goes on when that is up."""
    app = neighbour.deploys(where=NEVER)
    released.options["guard"] = {"wait": f"{SECONDS:.0f}s", "poll": "100ms"}
    threading.Timer(1.0, neighbour.changes, [app], {"Placement": {"Constraints": []}}).start()

    night = released.sweeps()

    assert [entry.outcome for entry in night.results.entries] == [Outcome.PROMOTED] * 2
    assert neighbour.seen() == {}


def test_a_neighbours_stack_that_never_comes_up_defers_and_is_named(
    released: Fleet, neighbour: Neighbour
) -> None:
    """Until the operator says to ignore it."""
    neighbour.deploys(where=NEVER)
    released.options["guard"] = {"wait": "1s", "poll": "100ms"}

    night = released.sweeps()

    assert [entry.code for entry in night.results.entries] == [Code.IN_FLIGHT] * 2
    assert "stack traefik converges: service app has 0 of 1 tasks up" in night["notes"].sentence
    released.options["guard"]["ignore"] = ["traefik"]
    assert released.sweeps().results.exit_code == 0
