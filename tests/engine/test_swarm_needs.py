"""What a test rests on and nobody deploys for it, on a real Swarm."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from canon_sweep.core.attempts import Outcome
from crash.swarm_fleet import SwarmFleet
from engine.installed import OWN
from engine.neighbour import NEVER, RUNS, SECONDS, Neighbour
from engine.swarm_fixture import DockerHosts
from stories.fleet import RUNS as RESTS
from stories.fleet import Fleet

pytestmark = pytest.mark.swarm

TYPES: Any = docker.types
# healthy as long as the file is there
CHECKS = {
    "command": ["sh", "-c", "touch /up; exec sleep 1000"],
    "healthcheck": TYPES.Healthcheck(
        test=["CMD", "busybox", "test", "-e", "/up"], interval=10**8, retries=3
    ),
}


@pytest.fixture
def neighbour(docker_hosts: DockerHosts) -> Iterator[Neighbour]:
    """Whoever runs keycloak here."""
    made = Neighbour(docker_hosts.use(OWN))
    yield made
    made.leaves()


@pytest.fixture
def fleet(neighbour: Neighbour, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet on the same Swarm, whose one recipe needs keycloak."""
    fleet = SwarmFleet(tmp_path, host=neighbour.host)
    fleet.options["timeouts"] = {"probe": "20s"}
    fleet.add("notes", needs=["keycloak"])
    fleet.publishes("notes", "1.0.0+1", RESTS)
    yield fleet
    for recipe in fleet.state().canonicals.recipes():
        fleet.forget(recipe)


def until(neighbour: Neighbour, said: str) -> None:
    """Wait until this is what keycloak lacks."""
    end = time.monotonic() + SECONDS
    while said not in (lack := neighbour.engine.lacks("keycloak")) or bool(said) != bool(lack):
        assert time.monotonic() < end, lack
        time.sleep(0.05)  # the Swarm has no event for a state that it has reached


def test_a_stack_that_is_up_and_healthy_lacks_nothing(neighbour: Neighbour) -> None:
    """Each of its services; one without a health check as soon as it runs."""
    assert neighbour.engine.lacks("keycloak") == "it is not deployed"

    neighbour.deploys("keycloak", "app", **CHECKS)
    neighbour.deploys("keycloak", "db")

    until(neighbour, "")


@pytest.mark.parametrize(
    ("over", "lack"),
    [
        ({"where": NEVER}, "its service db has 0 of 1 tasks up"),
        ({"command": ["sh", "-c", "exit 1"]}, "its service db has 0 of 1 tasks up"),
        (CHECKS | {"command": RUNS}, "its service db has 0 of 1 tasks up"),
        ({"mode": TYPES.ServiceMode("replicated", 0)}, "nothing of it runs"),
    ],
    ids=("nowhere", "fails", "never healthy", "scaled to 0"),
)
def test_what_a_stack_lacks_is_told_with_its_service(
    neighbour: Neighbour, over: dict[str, Any], lack: str
) -> None:
    """Whoever reads the line knows where to look."""
    neighbour.deploys("keycloak", "db", **over)

    until(neighbour, lack)


def test_a_service_that_stops_to_be_healthy_is_not_up(neighbour: Neighbour) -> None:
    """From the moment that its check fails, before Swarm has ended it."""
    neighbour.deploys("keycloak", "app", **CHECKS)
    until(neighbour, "")
    (container,) = neighbour.client.containers(
        filters={"label": "com.docker.stack.namespace=keycloak"}
    ) or neighbour.client.containers(filters={"name": "keycloak_app"})

    run = neighbour.client.exec_create(container["Id"], ["busybox", "rm", "/up"])
    neighbour.client.exec_start(run["Id"])

    until(neighbour, "its service app ")


def test_nothing_is_deployed_while_what_a_recipe_needs_is_not_there(
    fleet: Fleet, neighbour: Neighbour
) -> None:
    """Infra with the service that is missing; tested as soon as it is there, and left alone."""
    absent = fleet.sweeps()["notes"]
    neighbour.deploys("keycloak", "db", where=NEVER)
    fleet.options["guard"] = {"stacks": False}
    half = fleet.sweeps()["notes"]

    for entry, lack in ((absent, "it is not deployed"), (half, "its service db has 0 of 1")):
        assert entry.outcome is Outcome.INFRA
        assert entry.deploys == 0
        assert f"notes needs the stack keycloak, and {lack}" in entry.reason
        assert "a test never does" in entry.reason

    fleet.options["guard"] = {"stacks": True}
    neighbour.changes(neighbour.made[0], Placement={"Constraints": []})
    until(neighbour, "")
    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED
    assert fleet.tests("notes", quick=True).outcome is Outcome.PASSED
    assert neighbour.engine.lacks("keycloak") == ""
    neighbour.changes(neighbour.made[0], Placement={"Constraints": NEVER})
    fleet.options["guard"] = {"stacks": False}
    quick = fleet.tests("notes", quick=True)
    assert quick.outcome is Outcome.INFRA
    assert quick.deploys == 0
