"""Somebody who has one recipe of the catalogue in the settings, and sweeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import docker

from canon_sweep.core.canonical import Canonical
from canon_sweep.demo import upstream
from canon_sweep.engine.local import port
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.ready import Limits
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings
from canon_sweep.report.records import Entry
from canon_sweep.settings.load import read
from canon_sweep.state.canonicals import Canonicals
from engine.registry import Registry, running_registry
from recipes.catalogue import Habit
from stories.fleet import Quiet

TAGS = "1.0.0+1", "1.1.0+1"


class Operator:
    """Somebody who has one recipe in the settings, and sweeps.

    ``now`` has the digest by which the ``registry`` has each tag of the image ``app`` today.
    """

    def __init__(self, host: str, folder: Path, habit: Habit) -> None:
        self._folder = folder
        self._habit = habit
        self._host = host
        self._port = next(iter(port.free(1, set())))
        self.registry: Registry | None = None
        self.now: dict[str, str] = {}
        self._client: Any = docker.APIClient(host, version="1.41", timeout=60)
        # a failure is believed at once: here the engine is slow only when the machine is
        limits = Limits(patience=0, settle=0.3)
        self.engine = SwarmEngine(host, limits=limits)
        for name in ("upstream", "mirror"):
            upstream.create(folder / name)

    def publishes(self, files: dict[str, str]) -> None:
        """The maintainer releases these files, as often as the habit needs."""
        for when, tag in enumerate(TAGS[: self._habit.about.releases], start=1_780_000_000):
            there = {path: text.replace("@TAG@", tag) for path, text in files.items()}
            upstream.publish(self._folder / "upstream", there, tag, tag, when=when)

    def sweeps(self, over: dict[str, Any]) -> Entry:
        """The timer fires, with these settings of the recipe beside the habit's."""
        recipe = self._habit.about.settings | over
        recipe |= {name: (self._folder / name).as_uri() for name in ("upstream", "mirror")}
        settings = {
            "stateDir": str(self._folder / "state"),
            "cacheDir": str(self._folder / "cache"),
            "engine": "swarm",
            "swarm": {"host": self._host},
            "retries": 0,
            "recipes": {self._habit.name: self._filled(recipe)},
        }
        around = Surroundings(Quiet(), lambda _: None, engine=self.engine)
        results = run_sweep(read(settings, "config.toml"), (), around, retry=False)
        return results.entries[0]

    def has_images_of(self, registry: Registry) -> None:
        """An earlier sweep left what the tags were then; they have moved since."""
        self.registry = registry
        app = f"{registry.host}/app"
        for tag, moved in self._habit.about.moved.items():
            before = registry.publish(self._host, f"app:{tag}", moved.was)
            self.now[tag] = registry.publish(self._host, f"app:{tag}", moved.now)
            self._client.tag(f"{app}@{before}", app, tag, force=True)

    def pulls(self, tag: str) -> None:
        """By hand: what the registry's image ``app`` is today is here as well."""
        assert self.registry is not None
        self._client.pull(f"{self.registry.host}/app", tag)

    def _filled(self, settings: dict[str, Any]) -> Any:
        text = json.dumps(settings).replace("@PORT@", str(self._port))
        text = text.replace("@REGISTRY@", self.registry.host if self.registry else "")
        return json.loads(text.replace("@SOCKET@", self._host.removeprefix("unix://")))

    @property
    def record(self) -> Canonical | None:
        """The canonical's."""
        return Canonicals(self._folder / "state" / "canonicals").read(self._habit.name)

    def log(self, run_id: str) -> str:
        """What was said while the recipe was tested."""
        return (self._folder / "state" / "runs" / run_id / f"{self._habit.name}.log").read_text()

    def leaves(self) -> None:
        """The canonical does not stay on the engine."""
        self._client.close()
        record = self.record
        for volume in record.volumes if record is not None else ():
            self.engine.remove_volume(volume.name)
        for secret in record.secrets if record is not None else ():
            self.engine.remove_secret(secret)


@contextmanager
def at_work(host: str, folder: Path, habit: Habit) -> Iterator[Operator]:
    """Whoever runs the host that the recipe of the habit is tested on."""
    operator = Operator(host, folder, habit)
    with running_registry() if habit.about.moved else nullcontext() as registry:
        if registry is not None:
            operator.has_images_of(registry)
        yield operator
    operator.leaves()
