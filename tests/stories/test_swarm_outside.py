"""An outside harness beside a real Docker: what it leaves there is seen, kept, or named."""

from __future__ import annotations

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.engine.protocol import Engine
from canon_sweep.engine.swarm.engine import SwarmEngine
from engine.docker_host import BUSYBOX
from stories.outside import OutsideFleet
from stories.test_swarm import docker, volumes

pytestmark = pytest.mark.swarm


class SwarmOutside(OutsideFleet):
    """The stand-in's volumes and services are a Docker's."""

    host = ""

    def engine(self) -> Engine:
        """The Swarm."""
        return SwarmEngine(self.host, home="outside")


@pytest.fixture
def plain(docker_host: str, outside: OutsideFleet) -> SwarmOutside:
    """The stand-in of our own form, and a recipe with one release."""
    fleet = SwarmOutside(outside.folder)
    fleet.host = docker_host
    fleet.uses_plain()
    fleet.uses_docker(docker_host, BUSYBOX)
    fleet.releases("notes", "1.0.0+1")
    return fleet


def test_the_swarm_volumes_of_a_harness_are_promoted_and_replaced(plain: SwarmOutside) -> None:
    """By their full names, whoever made them."""
    before = volumes(plain.host)

    night = plain.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED, night["notes"].reason
    record = plain.canonical("notes")
    assert record.engine == "swarm"
    assert record.node
    assert volumes(plain.host) - before == {volume.name for volume in record.volumes}

    plain.releases("notes", "1.1.0+1")
    assert plain.sweeps()["notes"].outcome is Outcome.PROMOTED
    replaced = {volume.name for volume in plain.canonical("notes").volumes}
    assert volumes(plain.host) - before == replaced
    for volume in replaced:
        plain.engine().remove_volume(volume)


def test_a_stack_that_is_left_on_the_swarm_is_named_until_it_is_gone(plain: SwarmOutside) -> None:
    """And nothing is tested beside it."""
    plain.options["infraRetries"] = 0
    plain.releases("notes", "1.1.0+1", "stack-left")
    plain.releases("site", "1.0.0+1", "hands-nothing-over")

    night = plain.sweeps()

    left = "stack note-abc123_ci_localhost"
    try:
        assert any(left in note.text for note in night["notes"].notes)
        assert night["site"].outcome is Outcome.INFRA
        assert left in night["site"].reason
    finally:
        docker(plain.host, "service", "rm", "note-abc123_ci_localhost_app")
        plain.engine().undeploy("note-abc123_ci_localhost")
        record = plain.state().canonicals.read("notes")
        for volume in record.volumes if record else ():
            plain.engine().remove_volume(volume.name)
    again = plain.sweeps("site")["site"]
    assert again.outcome is Outcome.PROMOTE_FAILED, again.reason


def test_a_stack_that_is_going_is_waited_for_and_its_network_costs_nobody_a_test(
    plain: SwarmOutside,
) -> None:
    """As after `docker stack rm`, which ends before the last container does."""
    plain.releases("notes", "1.1.0+1", "hasty")
    plain.releases("site", "1.0.0+1")

    night = plain.sweeps()

    outcomes = [night[recipe].outcome for recipe in ("notes", "site")]
    left = "network note-abc123_ci_localhost_default"
    try:
        assert outcomes == [Outcome.PROMOTED] * 2, night.results.entries
        assert not any(note.code == "cleanup-pending" for note in night["notes"].notes)
        assert left in plain.log("notes")
        assert night.results.exit_code == 0
    finally:
        docker(plain.host, "network", "rm", "note-abc123_ci_localhost_default")
        for recipe in ("notes", "site"):
            record = plain.state().canonicals.read(recipe)
            for volume in record.volumes if record else ():
                plain.engine().remove_volume(volume.name)
