"""What the Swarm engine's care costs: its times over those of the same commands by hand.

By hand is what an operator's script does: ``docker stack deploy``, look at the services
each second until all are up and none is being updated; ``docker stack rm``, look until the
containers and networks are gone.  Ratios within one run; the goal: none above 1.0.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from canon_sweep.demo import fleet
from canon_sweep.demo.fleet import DemoRecipe
from canon_sweep.engine.protocol import App, Place
from canon_sweep.engine.swarm import command
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.engine.swarm.engine import SwarmEngine
from engine.docker_host import DockerHost

ROUNDS = 3
LOOK = 1.0
READY = 120.0
Times = tuple[float, float, float]
STEPS = ("install", "upgrade", "teardown")
OURS = Place("bench-1a2b3c_ci_localhost", "bench-1a2b3c.ci.localhost")
BY_HAND = Place("bench-4d5e6f_ci_localhost", "bench-4d5e6f.ci.localhost")


class Engine:
    """As the sweep does it."""

    def __init__(self, host: str, folder: Path) -> None:
        self._engine = SwarmEngine(host)

    def up(self, app: App) -> None:
        """Deploy a version and wait until it is ready."""
        self._engine.prepare(app, READY)
        self._engine.deploy(app)
        self._engine.wait_ready(app, READY)

    def down(self, stack: str) -> None:
        """End the stack."""
        self._engine.undeploy(stack)

    def clean(self, stack: str) -> None:
        """Remove what an end leaves."""
        for volume in self._engine.volumes(stack):
            self._engine.remove_volume(volume.name)
        for secret in self._engine.secrets(stack):
            self._engine.remove_secret(secret)


class Hand:
    """As an operator's script does it."""

    def __init__(self, host: str) -> None:
        self._docker = Docker(host)

    def up(self, app: App) -> None:
        """Deploy a version and look until all services are up."""
        for secret in app.source.compose.secrets:
            self._say("secret", "create", secret.name, "-", given="sesame\n", may_fail=True)
        paths = [word for path in app.source.files for word in ("-c", str(path))]
        # what the other side does as well, and no operator would wait for
        deploy = ("stack", "deploy", "--resolve-image", "never", *paths, app.stack)
        environment = command.environment(app.source, self._docker)
        line = ["docker", "--host", self._docker.host, *deploy]
        subprocess.run(line, env=environment, check=True, capture_output=True)
        self._until(lambda: self._is_up(app.stack))

    def down(self, stack: str) -> None:
        """End the stack and look until it is gone."""
        self._say("stack", "rm", stack)
        label = f"label=com.docker.stack.namespace={stack}"
        lists = (("ps", "-aq"), ("network", "ls", "-q"), ("config", "ls", "-q"))
        self._until(lambda: not any(self._say(*each, "--filter", label) for each in lists))

    def clean(self, stack: str) -> None:
        """Remove what an end leaves."""
        for kind in ("volume", "secret"):
            for name in self._say(kind, "ls", "-q", "--filter", f"name={stack}_").split():
                self._say(kind, "rm", name)

    def _is_up(self, stack: str) -> bool:
        said = self._say("stack", "services", stack, "--format", "{{.Replicas}} {{.Name}}")
        states = []
        for line in said.splitlines():
            replicas, name = line.split()[:2]
            form = "{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}"
            update = self._say("service", "inspect", name, "--format", form)
            running, _, wanted = replicas.partition("/")
            states.append(running == wanted and update in ("", "completed"))
        return bool(states) and all(states)

    def _until(self, ready: Callable[[], bool]) -> None:
        while not ready():
            time.sleep(LOOK)

    def _say(self, *words: str, given: str = "", may_fail: bool = False) -> str:
        line = ["docker", "-H", self._docker.host, *words]
        done = subprocess.run(line, input=given, text=True, capture_output=True, check=not may_fail)
        return done.stdout.strip()


def seconds(do: Callable[[], None]) -> float:
    """How long it takes."""
    began = time.monotonic()
    do()
    return time.monotonic() - began


def timed(side: Engine | Hand, place: Place, trees: Sequence[Path], tags: Sequence[str]) -> Times:
    """The steps of one recipe's life on a stack."""
    versions = zip(tags, trees, strict=True)
    old, new = (App.read("notes", tag, place, tree, {}) for tag, tree in versions)
    times = (
        seconds(lambda: side.up(old)),
        seconds(lambda: side.up(new)),
        seconds(lambda: side.down(place.stack)),
    )
    side.clean(place.stack)
    return times


def written(recipe: DemoRecipe, number: int, folder: Path) -> Path:
    """The files of the recipe's n-th release, in a folder."""
    tree = folder / str(number)
    for name, text in fleet.files(recipe, number).items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    return tree


def main() -> None:
    """Print a line for each step."""
    notes = next(recipe for recipe in fleet.FLEET if recipe.name == "notes")
    tags = notes.tags[:2]
    host = DockerHost()
    try:
        host.start()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            trees = [written(notes, number, folder) for number in range(2)]
            ours, hand = Engine(host.url, folder), Hand(host.url)
            pairs = [
                (timed(ours, OURS, trees, tags), timed(hand, BY_HAND, trees, tags))
                for _ in range(ROUNDS)
            ]
    finally:
        host.stop()
    for number, step in enumerate(STEPS):
        least = min(pair[0][number] for pair in pairs)
        by_hand = min(pair[1][number] for pair in pairs)
        print(f"{step:10} {least:6.2f} s, by hand {by_hand:6.2f} s: {least / by_hand:.2f} times")


if __name__ == "__main__":
    main()
