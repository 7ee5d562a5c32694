"""Many weeks in a row, each with its fault, drawn from a seed; then a clean one.

The sweeps are processes of the command line, on a clock of the seed's own (libfaketime).
The fleet is the stories': real git remotes and the local engine.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from host import faketime
from stories.fleet import NEVER_STARTS, RUNS, SUNDAY, Fleet, toml

RECIPES = ("chat", "notes", "wiki")
# a line of shell that sleeps has nothing to settle; and libfaketime refuses a sleep now and then
PROGRAM = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds)
from canon_sweep.engine.local import ready
ready.SETTLE = 0.0
from canon_sweep.entry import main
main()
"""


@dataclass(slots=True)
class Week:
    """What was done to one sweep, and how it ended; ``results`` are None where it was killed."""

    fault: str
    code: int
    results: dict[str, Any] | None
    said: str


@dataclass(slots=True)
class Soak:
    """A fleet in a folder, and all that befalls it."""

    fleet: Fleet
    seed: int
    now: datetime = SUNDAY
    good: dict[str, str] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    minor: int = 0

    def run(self, sweeps: int) -> Iterator[Week]:
        """The first sweep, and then as many weeks as are wanted, one at a time."""
        chance = random.Random(self.seed)
        for recipe in RECIPES:
            self._release(recipe, good=True)
        yield self._sweep("none")
        for _ in range(sweeps):
            for recipe in RECIPES:
                if chance.random() < 0.4:
                    self._release(recipe, good=chance.random() < 0.7)
            fault = chance.choice(sorted(_FAULTS))
            with _FAULTS[fault](self, chance):
                kill_after = chance.uniform(0.2, 3) if fault == "killed" else None
                yield self._sweep(fault, kill_after)

    def ends(self) -> Week:
        """A week without a fault, after whatever was remembered as red may be tried again."""
        self.now += timedelta(days=7)
        return self._sweep("none")

    def verify(self) -> subprocess.CompletedProcess[str]:
        """Whether every record holds."""
        return self._command("verify")

    def prune(self) -> subprocess.CompletedProcess[str]:
        """What nothing names any more; nothing of it goes."""
        return self._command("prune", "--dry-run")

    def logs(self) -> str:
        """What the last run's recipes said."""
        logs = (self.fleet.folder / "state" / "runs" / "latest").glob("*.log")
        return "\n".join(log.read_text(errors="replace") for log in sorted(logs))

    def _release(self, recipe: str, *, good: bool) -> None:
        self.minor += 1
        tag = f"1.{self.minor}.0+1"
        self.fleet.publishes(recipe, tag, RUNS if good else NEVER_STARTS)
        (self.good if good else self.bad)[recipe] = tag
        if good:
            self.bad.pop(recipe, None)

    def _sweep(self, fault: str, kill_after: float | None = None) -> Week:
        self.now += timedelta(days=7)
        latest = self.fleet.folder / "state" / "runs" / "latest" / "results.json"
        before = latest.read_bytes() if latest.exists() else b""
        done = self._command("run", kill_after=kill_after)
        after = latest.read_bytes() if latest.exists() else b""
        results = json.loads(after) if after != before else None
        return Week(fault, done.returncode, results, done.stderr)

    def _command(
        self, *words: str, kill_after: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        config = self.fleet.folder / "config.toml"
        config.write_text(settings(self.fleet))
        command = [sys.executable, "-c", PROGRAM, *words, "--config", str(config)]
        env = os.environ | faketime(self.now)
        with subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                out, err = process.communicate(timeout=kill_after)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                out, err = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def settings(fleet: Fleet) -> str:
    """The fleet's settings as a file for the command line."""
    guard = {"lockFiles": [str(_building(fleet))], "wait": "300ms", "poll": "100ms"}
    return toml(
        {
            "stateDir": f"{fleet.folder}/state",
            "cacheDir": f"{fleet.folder}/cache",
            "engine": "local",
            "retries": 0,
            "infraRetries": 0,
            "timeouts": {"probe": "400ms"},
            "guard": guard,
            "recipes": fleet.recipes,
        }
    )


def _building(fleet: Fleet) -> Path:
    """What a build has locked."""
    return fleet.folder / "build.lock"


@contextmanager
def _in_flight(soak: Soak, _chance: random.Random) -> Iterator[None]:
    with _building(soak.fleet).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _nothing(_soak: Soak, _chance: random.Random) -> Iterator[None]:
    yield


@contextmanager
def _engine_down(soak: Soak, _chance: random.Random) -> Iterator[None]:
    """The local engine's folder is not there, as on a disk that was not mounted."""
    place = soak.fleet.folder / "state" / "local"
    away = place.with_name("away")
    place.rename(away)
    place.write_text("")
    yield
    place.unlink()
    away.rename(place)


@contextmanager
def _upstream_down(soak: Soak, chance: random.Random) -> Iterator[None]:
    place = soak.fleet.upstream(chance.choice(RECIPES))
    away = place.with_suffix(".away")
    place.rename(away)
    yield
    away.rename(place)


@contextmanager
def _disk_full(soak: Soak, chance: random.Random) -> Iterator[None]:
    """The state's file system has next to no room left."""
    filler = soak.fleet.folder / "state" / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    os.truncate(filler, max(0, filler.stat().st_size - chance.choice((0, 4, 32, 128)) * 1024))
    yield
    filler.unlink()


@contextmanager
def _clock_moved(soak: Soak, chance: random.Random) -> Iterator[None]:
    """It is wrong for one night: by years, into the past or the future."""
    wrong = timedelta(days=chance.choice((-4000, -30, -1, 1, 30, 400)))
    soak.now += wrong
    yield
    soak.now -= wrong


_FAULTS = {
    "none": _nothing,
    "build in flight": _in_flight,
    "engine down": _engine_down,
    "upstream down": _upstream_down,
    "disk full": _disk_full,
    "killed": _nothing,
    "clock moved": _clock_moved,
}
