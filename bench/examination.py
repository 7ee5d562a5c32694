"""What `canon-sweep doctor` takes for a fleet: beside the floor of a sweep, in one run.

It reads both sides of each recipe and asks each mirror as before a push, over HTTP also for
where it has moved: three advertisements a recipe where the floor reads two.  The goal: below
5 s for 21 recipes at 20 ms.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from wire.ground import MAIN, Ground
from wire.series import Series
from wire.servers import serving
from wire.timing import spent

RECIPES = 21
ROUNDS = 3
GOAL = 5.0


def doctor(series: Series) -> float:
    """Seconds of a whole run that finds all remotes well; the least of some."""
    words = [sys.executable, "-c", MAIN, "doctor", "--json"]
    times = []
    for _ in range(ROUNDS):
        done = spent([*words, "--config", str(series.folder / "config.toml")])
        if not done.said or json.loads(done.said)["exit_code"] != 0:
            sys.exit(f"bench/examination.py: not all is well: {done.said[-2000:]} {done.errors}")
        times.append(done.wall)
    return min(times)


def main() -> None:
    """Print a line for each wire."""
    with tempfile.TemporaryDirectory(prefix="bench-doctor-") as name:
        folder = Path(name)
        ground = Ground.made(folder, RECIPES)
        with serving(ground.served, folder / "servers") as wires:
            for wire in wires:
                place = folder / f"{wire.scheme}-{wire.latency}"
                series = Series.laid(ground, wire, RECIPES, place)
                took, floor = doctor(series), min(series.floor()[0] for _ in range(ROUNDS))
                start = series.start().wall
                word = "ok" if took < GOAL else "MISSED"
                print(
                    f"{RECIPES} recipes, {wire.scheme}, {wire.latency} ms: {took:.2f} s,"
                    f" {took / (floor + start):.1f} times the floor and a start; goal {word}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
