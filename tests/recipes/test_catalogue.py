"""Each habit of the wild is promoted, and its near miss is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.demo import upstream
from canon_sweep.engine.local import port
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.ready import Limits
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings
from canon_sweep.report.records import Entry
from canon_sweep.settings.load import read
from canon_sweep.state.canonicals import Canonicals
from recipes.catalogue import Habit, habits
from stories.fleet import Quiet

pytestmark = pytest.mark.swarm

CATALOGUE = habits()
TAGS = "1.0.0+1", "1.1.0+1"


class Operator:
    """Somebody who has one recipe in the settings, and sweeps."""

    def __init__(self, host: str, folder: Path, habit: Habit) -> None:
        self._folder = folder
        self._habit = habit
        self._host = host
        self._port = next(iter(port.free(1, set())))
        # a failure is believed at once: here the engine is slow only when the machine is
        limits = Limits(patience=0, settle=0.3)
        self.engine = SwarmEngine(host, folder / "state" / "swarm", limits=limits)
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

    def _filled(self, settings: dict[str, Any]) -> Any:
        text = json.dumps(settings).replace("@PORT@", str(self._port))
        return json.loads(text.replace("@SOCKET@", self._host.removeprefix("unix://")))

    def leaves(self) -> None:
        """The canonical does not stay on the engine."""
        record = Canonicals(self._folder / "state" / "canonicals").read(self._habit.name)
        for volume in record.volumes if record is not None else ():
            self.engine.remove_volume(volume.name)
        for secret in record.secrets if record is not None else ():
            self.engine.remove_secret(secret)


@pytest.fixture
def operator(habit: Habit, docker_host: str, tmp_path: Path) -> Iterator[Operator]:
    """Whoever runs the host that the recipe of the habit is tested on."""
    operator = Operator(docker_host, tmp_path, habit)
    yield operator
    operator.leaves()


@pytest.mark.parametrize("habit", CATALOGUE, ids=lambda habit: habit.name)
def test_a_habit_of_the_wild_is_promoted(habit: Habit, operator: Operator) -> None:
    """It means what its author and Docker say."""
    operator.publishes(habit.good)

    entry = operator.sweeps({})

    assert entry.outcome is Outcome.PROMOTED, entry.reason


@pytest.mark.parametrize("habit", CATALOGUE, ids=lambda habit: habit.name)
def test_its_near_miss_is_not(habit: Habit, operator: Operator) -> None:
    """One thing is wrong, and the reason names it."""
    miss = habit.about.near_miss
    operator.publishes(habit.bad)

    entry = operator.sweeps(miss.settings)

    assert entry.outcome == miss.outcome, entry.reason
    assert re.search(miss.reason, entry.reason, re.DOTALL), entry.reason
    assert miss.deploys in (None, entry.deploys)
