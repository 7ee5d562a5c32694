"""The demo's four sweeps on a real Docker Swarm, and what is left on it afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.core.canonical import Canonical
from canon_sweep.demo import fleet, upstream
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.settings.load import load
from canon_sweep.state.store import State
from engine.installed import SWEPT
from engine.swarm_fixture import DockerHosts

pytestmark = pytest.mark.swarm

PROGRAM = [sys.executable, "-c", "from canon_sweep.entry import main; main()"]


class Told:
    """A demo that has been told on a Swarm, with what it printed."""

    def __init__(self, folder: Path, host: str, story: dict[str, Any], before: set[str]) -> None:
        self.folder, self.host, self.before = folder, host, before
        self.sweeps: list[dict[str, Any]] = story["sweeps"]
        self.settings = load(folder / "config.toml")
        self.state = State.of(self.settings)
        self.engine = SwarmEngine(host)

    def entries(self, number: int) -> dict[str, dict[str, Any]]:
        """The lines of one of the four sweeps, by recipe."""
        entries = self.sweeps[number - 1]["results"]["entries"]
        return {entry["recipe"]: entry for entry in entries}

    def canonical(self, recipe: str) -> Canonical:
        """A recipe's record."""
        record = self.state.canonicals.read(recipe)
        assert record is not None
        return record

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on the demo's configuration."""
        command = [*PROGRAM, *words, "--config", str(self.folder / "config.toml")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def ours(self) -> set[str]:
        """Everything on the engine but volumes and what was there before the demo."""
        return everything(self.host) - self.before

    def volumes(self) -> set[str]:
        """Every volume on the engine, but what was there before the demo."""
        return volumes(self.host) - self.before

    def kept(self) -> set[str]:
        """The volumes that records name."""
        records = map(self.canonical, self.state.canonicals.recipes())
        return {volume.name for record in records for volume in record.volumes}

    def digests(self) -> dict[str, str]:
        """What is in each of them."""
        return {name: self.engine.volume_digest(name) for name in sorted(self.kept())}


def docker(host: str, *words: str) -> set[str]:
    """The lines that the docker command answers."""
    done = subprocess.run(
        ["docker", "-H", host, *words], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def volumes(host: str) -> set[str]:
    """Every volume on the engine, by name."""
    return docker(host, "volume", "ls", "--format", "{{.Name}}")


def secrets(host: str) -> set[str]:
    """Every secret on the engine, by name."""
    return docker(host, "secret", "ls", "--format", "{{.Name}}")


def everything(host: str) -> set[str]:
    """Containers, stacks, services, networks and configs by name."""
    return set().union(
        docker(host, "ps", "--all", "--format", "container:{{.Names}}"),
        docker(host, "stack", "ls", "--format", "stack:{{.Name}}"),
        docker(host, "service", "ls", "--format", "service:{{.Name}}"),
        docker(host, "network", "ls", "--format", "network:{{.Name}}"),
        docker(host, "config", "ls", "--format", "config:{{.Name}}"),
    )


@pytest.fixture(scope="module")
def told(docker_hosts: DockerHosts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The demo, told once; every test below looks at what it left."""
    docker_host = docker_hosts.use(SWEPT)
    folder = tmp_path_factory.mktemp("swarm") / "demo"
    before = everything(docker_host) | volumes(docker_host) | secrets(docker_host)
    command = ["demo", "--json", "--dir", str(folder), "--engine", "swarm", "--host", docker_host]
    done = subprocess.run([*PROGRAM, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = Told(folder, docker_host, json.loads(done.stdout), before)
    yield told
    for recipe in told.state.canonicals.recipes():
        record = told.canonical(recipe)
        for volume in record.volumes:
            told.engine.remove_volume(volume.name)
        for secret in record.secrets:
            told.engine.remove_secret(secret)


def test_every_claim_of_the_demo_holds(told: Told) -> None:
    """Promoted; a no-op; one promoted and one kept back byte for byte; a no-op."""
    claims = [claim for sweep in told.sweeps for claim in sweep["claims"]]

    assert len(told.sweeps) == 4
    assert claims
    assert all(claim["holds"] for claim in claims), claims
    assert [told.entries(n)["counter"]["code"] for n in (1, 2, 3, 4)] == [
        "test/first-canonical",
        "skip/no-new-version",
        "test/new-release",
        "skip/known-red",
    ]
    assert told.entries(3)["counter"]["outcome"] == "red"
    assert told.entries(3)["counter"]["tiers"][-1]["tier"] == "upgrade"
    assert told.entries(3)["notes"]["base"] == "1.1.0+1.1.0"


def test_nothing_of_ours_is_left_but_the_canonicals_volumes(told: Told) -> None:
    """No container, stack, service, network or config; exactly the volumes of the records."""
    assert told.ours() == set()
    assert told.volumes() == told.kept()
    assert secrets(told.host) - told.before == set(told.canonical("notes").secrets)


def test_every_record_holds(told: Told) -> None:
    """verify finds each tag, commit, volume and secret."""
    done = told.run("verify")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 records, 0 problems" in done.stdout


def test_the_record_names_the_tags_commit_though_main_is_ahead(told: Told) -> None:
    """And a quick run reattaches it, finds its data, and leaves it as it was."""
    record = told.canonical("site")
    ahead = told.entries(1)["site"]["sync"]["main"]
    before = told.digests()

    done = told.run("test", "site", "--quick", "--json")

    assert record.commit != ahead
    assert record.node == told.engine.node()
    assert record.commit == told.entries(1)["site"]["commit"]
    (entry,) = json.loads(done.stdout)["entries"]
    assert entry["outcome"] == "passed", entry
    tiers = {tier["tier"]: tier["status"] for tier in entry["tiers"]}
    assert tiers == {"reattach": "pass", "upgrade": "n/a", "custom": "pass"}
    assert told.digests() == before
    assert told.ours() == set()


def test_a_quick_run_that_is_killed_is_put_back_by_the_next_run(told: Told) -> None:
    """kill -9 while the version under test is up on the canonical's own data."""
    before, volumes = told.digests(), told.volumes()
    command = ["test", "notes", "--ref", "main", "--quick"]
    run = subprocess.Popen(
        [*PROGRAM, *command, "--config", str(told.folder / "config.toml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack = f"stack:{told.canonical('notes').stack}"
    while stack not in everything(told.host):
        assert run.poll() is None
        time.sleep(0.05)  # another process's progress is no event of ours
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert stack in everything(told.host)

    cleaned = json.loads(told.run("run", "--json").stdout)
    done = told.run("run", "--assert-noop")

    assert cleaned["totals"]["recovered"] == 1
    assert done.returncode == 0, done.stdout + done.stderr
    assert told.digests() == before
    assert told.volumes() == volumes
    assert told.ours() == set()
    assert told.state.journal.entries() == ()


def test_an_engine_that_cannot_be_reached_is_infra(told: Told, tmp_path: Path) -> None:
    """Never red: a new release is tested again when the engine is back."""
    text = (told.folder / "config.toml").read_text()
    state = tmp_path / "state"
    elsewhere = text.replace(str(told.folder / "state"), str(state)).replace(
        told.host, f"unix://{tmp_path}/no.sock"
    )
    config = tmp_path / "config.toml"
    config.write_text(elsewhere)

    done = subprocess.run(
        [*PROGRAM, "run", "site", "--json", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    (entry,) = json.loads(done.stdout)["entries"]
    assert entry["outcome"] == "infra"
    assert "no.sock" in entry["reason"]


def test_an_image_that_cannot_be_pulled_is_infra(told: Told, tmp_path: Path) -> None:
    """No registry is reachable here, as on a night without network."""
    upstreams = tmp_path / "demo"
    fleet.create_upstreams(upstreams)
    fleet.create_mirrors(upstreams)
    config = tmp_path / "config.toml"
    config.write_text("infraRetries = 0\n" + fleet.config_toml(upstreams, "swarm", told.host))
    repo = fleet.upstream_path(upstreams, "site")
    files = fleet.files(next(r for r in fleet.FLEET if r.name == "site"), 0)
    files["compose.yml"] = files["compose.yml"].replace("canon-sweep/python:1", "no.invalid/x:1")
    upstream.publish(repo, files, "Pull from nowhere", "3.0.0+3.0.0", when=1_790_000_000)

    done = subprocess.run(
        [*PROGRAM, "run", "site", "--json", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )

    (entry,) = json.loads(done.stdout)["entries"]
    assert entry["outcome"] == "infra", entry
    assert "no.invalid/x:1" in entry["reason"]
    assert entry["deploys"] == 0
