"""The disk of a real Docker Engine: seen, weighed, and never filled."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from msgspec.structs import replace

from canon_sweep.core.attempts import Outcome, Took
from canon_sweep.core.decision import Code
from canon_sweep.job import room
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings
from engine.docker_host import BUSYBOX, DockerHost
from engine.installed import or_skip
from engine.registry import Registry, running_registry
from stories.fleet import WEEK, Fleet, Night

pytestmark = pytest.mark.swarm

MIB = 2**20
RESTS = "echo >/ready; exec sleep 600"
HOLDS = f"busybox head -c {8 * MIB} /dev/zero >/data/big; {RESTS}"
FILLS = "while busybox head -c 4194304 /dev/zero >>/data/big; do sleep 0.05; done; exec sleep 600"


def compose(image: str, program: str) -> dict[str, str]:
    """A recipe's files: a line of shell with a volume, healthy as soon as it rests."""
    app = {
        "image": image,
        "command": ["sh", "-c", program.replace("$", "$$")],
        "environment": {"DATA": "/data"},
        "volumes": ["data:/data"],
        "stop_grace_period": "0s",
        "healthcheck": {
            "test": ["CMD", "busybox", "test", "-e", "/ready"],
            "interval": "200ms",
            "retries": 1000,
        },
        "deploy": {"endpoint_mode": "dnsrr", "update_config": {"order": "stop-first"}},
    }
    tree = {"version": "3.8", "services": {"app": app}, "volumes": {"data": {}}}
    return {"compose.yml": json.dumps(tree)}


def swarm_fleet(folder: Path, host: str) -> Fleet:
    """A fleet that is swept on an engine."""
    fleet = Fleet(folder)
    fleet.options = {
        "engine": "swarm",
        "swarm": {"host": host},
        "timeouts": {"probe": "20s", "deploy": "40s"},
    }
    return fleet


def means(fleet: Fleet) -> Surroundings:
    """The engine that the settings name, as on a host."""
    return replace(fleet.means(), engine=None)


def sweeps(fleet: Fleet) -> Night:
    """The timer fires."""
    return Night(run_sweep(fleet.settings(), (), means(fleet)))


def took(fleet: Fleet) -> Took:
    """What the last test of notes took."""
    last = fleet.state().ledger.index().last_of("notes")
    assert last is not None
    assert last.took is not None
    return last.took


def volumes(client: Any) -> set[str]:
    """Every volume on an engine."""
    return {body["Name"] for body in client.volumes()["Volumes"] or ()}


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A real registry, open to everybody."""
    with running_registry() as registry:
        yield registry


def test_images_that_a_test_fetched_are_what_it_took_of_them(
    tmp_path: Path, docker_host: str, registry: Registry
) -> None:
    """With the volumes of both versions at once; what was here already took nothing."""
    client: Any = docker.APIClient(docker_host, version="1.41")
    registry.publish(docker_host, "app:1")
    name = f"{registry.host}/app:1"
    size = client.inspect_image(name)["Size"]
    client.remove_image(name)
    fleet = swarm_fleet(tmp_path, docker_host)
    fleet.commits("notes", "1.0.0+1", compose(name, HOLDS))

    assert sweeps(fleet)["notes"].outcome is Outcome.PROMOTED

    first = took(fleet)
    assert first.images == size
    assert 8 * MIB <= first.volumes < 9 * MIB
    fleet.now += WEEK
    fleet.commits("notes", "1.1.0+1", compose(name, HOLDS))
    assert sweeps(fleet)["notes"].outcome is Outcome.PROMOTED
    second = took(fleet)
    assert second.images == 0
    # its own set, and the one that was upgraded
    assert 16 * MIB <= second.volumes < 18 * MIB
    client.close()


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    """An engine that has a disk of 384 MiB to itself, and keeps its images there too."""
    host = DockerHost(disk=f"size={384 * MIB}")
    try:
        or_skip(host.start)
        yield host.url
    finally:
        host.stop()


def test_an_engine_is_never_out_of_disk_because_of_a_test(
    tmp_path: Path, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test is ended at the floor, all of it goes, and the next recipe has its turn."""
    monkeypatch.setattr(room, "PERIOD", 0.05)
    client: Any = docker.APIClient(small, version="1.41")
    before = volumes(client)
    fleet = swarm_fleet(tmp_path, small)
    fleet.commits("notes", "1.0.0+1", compose(BUSYBOX, HOLDS))
    fleet.commits("site", "1.0.0+1", compose(BUSYBOX, HOLDS))
    first = sweeps(fleet)
    assert {entry.outcome for entry in first.results.entries} == {Outcome.PROMOTED}
    kept = fleet.canonical("notes")
    fleet.now += WEEK
    fleet.commits("notes", "1.1.0+1", compose(BUSYBOX, FILLS))
    fleet.commits("site", "1.1.0+1", compose(BUSYBOX, HOLDS))
    fleet.options |= {
        "disk": {"minFree": "64MiB", "floor": "64MiB", "assumedPeak": "1MiB"},
        "infraRetries": 1,
    }

    night = sweeps(fleet)

    assert night["notes"].outcome is Outcome.INFRA
    assert "below disk.floor 64.0 MiB" in night["notes"].reason
    assert night["notes"].attempts == 2
    assert night["site"].outcome is Outcome.PROMOTED
    assert night.results.problems == ()
    assert fleet.canonical("notes") == kept
    named = {v.name for r in ("notes", "site") for v in fleet.canonical(r).volumes}
    assert volumes(client) - before == named
    assert client.services() == []
    client.close()
    # what went wild does not bar the release that mends it
    fleet.now += WEEK
    fleet.commits("notes", "1.2.0+1", compose(BUSYBOX, HOLDS))
    later = sweeps(fleet)
    assert later["notes"].outcome is Outcome.PROMOTED
    assert later["site"].code is Code.NO_NEW_VERSION


def test_an_image_that_finds_no_room_is_no_red(
    tmp_path: Path, small: str, registry: Registry
) -> None:
    """The host's disk is full while it is pulled; with room, the release is promoted."""
    digs = f"busybox head -c {48 * MIB} /dev/urandom >/big"
    registry.publish_after(small, "big:1", ["sh", "-c", digs])
    client: Any = docker.APIClient(small, version="1.41")
    client.remove_image(f"{registry.host}/big:1")
    client.close()
    fleet = swarm_fleet(tmp_path, small)
    fleet.commits("notes", "1.0.0+1", compose(BUSYBOX, HOLDS))
    assert sweeps(fleet)["notes"].outcome is Outcome.PROMOTED
    kept = fleet.canonical("notes")
    fleet.commits("notes", "1.1.0+1", compose(f"{registry.host}/big:1", HOLDS))
    disk = Path(small.removeprefix("unix://")).parent / "data"
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - 24 * MIB)

    night = sweeps(fleet)

    assert night["notes"].outcome is Outcome.INFRA
    assert "no space left on device" in night["notes"].reason
    assert fleet.canonical("notes") == kept
    filler.unlink()
    assert sweeps(fleet)["notes"].outcome is Outcome.PROMOTED
