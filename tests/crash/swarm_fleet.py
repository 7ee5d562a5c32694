"""The stories' fleet on a Docker Swarm."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from canon_sweep.core.canonical import Canonical
from canon_sweep.engine.protocol import App, Engine, Place
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.ready import Limits
from canon_sweep.job.prune import Pruning, run_prune
from canon_sweep.job.wiring import Surroundings
from crash.tiers import Steps
from engine.docker_host import BUSYBOX
from stories.fleet import Fleet

# what everything of ours carries, or is called by
KINDS = ("container", "network", "volume", "secret", "config", "service")


@dataclass(slots=True)
class SwarmFleet(Fleet):
    """Its recipes are one container each, with a volume; ``host`` is the engine's address.

    ``steps`` are what a sweep of it has the engine do, if anybody has listened.
    """

    host: str = ""
    steps: Steps = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.options |= {"engine": "swarm", "swarm": {"host": self.host}}

    def compose(self, program: str, tag: str, *, ready: bool, secret: bool) -> str:
        """One container with a volume and a secret."""
        return _compose(program, tag)

    def means(self) -> Surroundings:
        """The engine that the settings name, as on a host."""
        return replace(Fleet.means(self), engine=None)

    def engine(self) -> Engine:
        """The Swarm, as another process would reach it."""
        return SwarmEngine(self.host)

    def prunes(self) -> Pruning:
        """The operator, or the timer."""
        return run_prune(self.settings(), self.means(), dry_run=False)

    def leaves(self, stack: str) -> None:
        """Have a stack of ours up that neither a record nor the journal names."""
        source = self.folder / stack
        source.mkdir()
        (source / "compose.yml").write_text(_compose("exec sleep 1000", "1.0.0+1"))
        engine = SwarmEngine(
            self.host, limits=Limits(patience=0, settle=0.3), home=self.state().home.read()
        )
        app = App.read("notes", "1.0.0+1", Place(stack, "left.ci.localhost"), source, {})
        engine.prepare(app, 30)
        engine.deploy(app)
        engine.wait_ready(app, 30)

    def there(self) -> set[str]:
        """Everything on the engine, whoever made it."""
        return {f"{kind} {name}" for kind in KINDS for name in self._list(kind)}

    def kept(self) -> set[str]:
        """What the records name."""
        records = [self.canonical(recipe) for recipe in self.state().canonicals.recipes()]
        volumes = {f"volume {volume.name}" for record in records for volume in record.volumes}
        return volumes | {f"secret {secret}" for record in records for secret in record.secrets}

    def whole(self, recipe: str) -> Canonical:
        """A record of which everything is there, with the data that was seeded."""
        record = self.canonical(recipe)
        assert self.kept() <= self.there()
        token, seeded = self._token(record.volumes[0].name), record.stack.split("_")[0]
        assert token == seeded, f"{token!r} is there, and {seeded!r} was seeded"
        return record

    def digest(self, recipe: str) -> str:
        """What a canonical's volume holds."""
        return self.engine().volume_digest(self.canonical(recipe).volumes[0].name)

    def forget(self, recipe: str) -> None:
        """Take a canonical's things off the engine."""
        record = self.canonical(recipe)
        for volume in record.volumes:
            self.engine().remove_volume(volume.name)
        for secret in record.secrets:
            self.engine().remove_secret(secret)

    def _token(self, volume: str) -> str:
        # not what a `docker run` prints: of a container that ends at once it may print nothing
        command = ["create", "--network=none", "-v", f"{volume}:/data", BUSYBOX, "true"]
        made = self._docker(*command).strip()
        try:
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder, "token")
                self._docker("cp", f"{made}:/data/token", str(copy))
                return copy.read_text().strip()
        finally:
            self._docker("rm", made)

    def _list(self, kind: str) -> list[str]:
        every = ["--all"] if kind == "container" else []
        name = "{{.Names}}" if kind == "container" else "{{.Name}}"
        return self._docker(kind, "ls", *every, "--format", name).split()

    def _docker(self, *words: str) -> str:
        command = ["docker", "-H", self.host, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def promptly(tag: str) -> dict[str, Any]:
    """How a service of this version is deployed, without the waits of a Swarm's own."""
    soon = {"monitor": "100ms"}
    return {
        "restart_policy": {"delay": "100ms"},
        "update_config": soon,
        "rollback_config": soon,
        "labels": [
            f"coop-cloud.${{STACK_NAME}}.version={tag}",
            "coop-cloud.${STACK_NAME}.timeout=60",
        ],
    }


def _compose(program: str, tag: str) -> str:
    service = {
        "image": BUSYBOX,
        "command": ["sh", "-c", program],
        "environment": {"DATA": "/data"},
        "volumes": ["data:/data"],
        "secrets": ["pw"],
        "stop_grace_period": "100ms",
        "deploy": promptly(tag),
    }
    secret = {"external": True, "name": "${STACK_NAME}_pw_v1"}
    # JSON is YAML
    return json.dumps(
        {"services": {"app": service}, "volumes": {"data": {}}, "secrets": {"pw": secret}}
    )
