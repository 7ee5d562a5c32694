"""So many recipes over one wire, and all that is measured of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wire.ground import DATA, SIDES, SWEEP, TAGS, Ground, settings
from wire.servers import Wire
from wire.timing import Peak, Spent, peak, spent

THREADS = 8
SKIPPED = "skip/no-new-version"
FLOOR = str(Path(__file__).with_name("floor.py"))
# a commit is shown as main and HEAD, an annotated tag as itself and as what it leads to
REFS = 2 + 2 * TAGS
LOOP = 'while read -r url; do git ls-remote "$url" >/dev/null || exit 1; done <"$1"'
AWAY = {"enroll": False, "exception": {"reason": "to see how a run begins", "until": "2099-01-01"}}


class WrongError(Exception):
    """What was measured is not what was to be measured."""


@dataclass(frozen=True)
class Swept:
    """A sweep: what it took, and its results as it says them."""

    spent: Spent
    results: dict[str, Any]

    def seconds(self, *, of: str | None = None, but: str | None = None) -> float:
        """What the lines of recipes say they took: of this one, or of all but this one."""
        return sum(
            float(entry["seconds"])
            for entry in self.results["entries"]
            if entry["recipe"] != but and of in (None, entry["recipe"])
        )

    def pushed(self) -> dict[str, list[str]]:
        """The refs that were pushed, by recipe."""
        synced = {entry["recipe"]: entry["sync"] or {} for entry in self.results["entries"]}
        return {recipe: sync["pushed"] for recipe, sync in synced.items() if sync.get("pushed")}


@dataclass(frozen=True)
class Series:
    """A configuration with a state of its own, below ``folder``."""

    folder: Path
    wire: Wire
    recipes: tuple[str, ...]

    @classmethod
    def laid(cls, ground: Ground, wire: Wire, count: int, folder: Path) -> Series:
        """The first so many recipes over this wire; the first sweep lies behind them."""
        series = cls(folder, wire, ground.recipes[:count])
        ground.lay(folder, series.recipes)
        known = {recipe: _settings(wire, recipe) for recipe in series.recipes}
        (folder / "config.toml").write_text(settings(folder, known))
        (folder / "away").mkdir()
        # a fleet of which nobody takes part is refused
        away = {"away": _settings(wire, "nobody") | AWAY, "here": _settings(wire, "nowhere")}
        (folder / "away.toml").write_text(settings(folder / "away", away))
        series.sweep()
        return series

    def sweep(self, *names: str) -> Swept:
        """A whole run of the program, of these recipes or of all.

        Raises:
            WrongError: it ended otherwise than well, or not with a line for each recipe.
        """
        words = [*SWEEP, *names, "--json", "--config", str(self.folder / "config.toml")]
        done = spent(words)
        if not done.said:
            raise WrongError(f"a sweep ended with {done.code}: {done.errors[-2000:]}")
        results = json.loads(done.said)
        codes = {entry["recipe"]: entry["code"] for entry in results["entries"]}
        wanted = dict.fromkeys(names or self.recipes, SKIPPED)
        if done.code != 0 or codes != wanted:
            odd = [entry for entry in results["entries"] if entry["code"] != SKIPPED]
            raise WrongError(f"a sweep ended with {done.code}: {results['problems']} {odd[:2]}")
        return Swept(done, results)

    def no_op(self) -> Swept:
        """A sweep that has nothing to do.

        Raises:
            WrongError: it did something.
        """
        swept = self.sweep()
        if not swept.results["noop"]:
            raise WrongError(f"a sweep was to be a no-op: {swept.results['totals']}")
        return swept

    def start(self) -> Spent:
        """A run whose one recipe takes no part: all that begins and ends any run.

        Raises:
            WrongError: it went wrong.
        """
        done = spent([*SWEEP, "away", "--json", "--config", str(self.folder / "away.toml")])
        # hollow, as it has to be called
        if done.code != 2 or "skip/excepted" not in done.said:
            raise WrongError(f"a run of nobody ended with {done.code}: {done.errors}")
        return done

    def floor(self, recipes: Sequence[str] = (), *, threads: int = THREADS) -> tuple[float, float]:
        """Seconds and CPU seconds that the advertisements take by themselves.

        Raises:
            WrongError: they could not be read, or are not whole.
        """
        chosen = recipes or self.recipes
        done, answer = self._read(chosen, threads)
        if answer["refs"] < REFS * len(chosen) * len(SIDES):
            raise WrongError(f"the floor read {answer['refs']} refs")
        return answer["seconds"], done.cpu

    def refs(self) -> int:
        """How many refs all remotes show together."""
        return int(self._read(self.recipes, THREADS)[1]["refs"])

    def loop(self, most: int) -> float:
        """Seconds of git's own commands in a loop; of ``most`` recipes, counted up to all.

        Raises:
            WrongError: one failed.
        """
        some = self.recipes[:most]
        done = spent(["sh", "-c", LOOP, "loop", str(self._urls(some))])
        if done.code != 0:
            raise WrongError(f"git ls-remote failed: {done.errors}")
        return done.wall * len(self.recipes) / len(some)

    def peak(self) -> Peak:
        """The most memory of a sweep that has nothing to do."""
        return peak([*SWEEP, "--json", "--config", str(self.folder / "config.toml")])

    def _read(self, recipes: Sequence[str], threads: int) -> tuple[Spent, dict[str, float]]:
        done = spent([sys.executable, FLOOR, str(self._urls(recipes)), str(threads)])
        if done.code != 0:
            raise WrongError(f"the floor could not be read: {done.errors[-2000:]}")
        return done, json.loads(done.said)

    def _urls(self, recipes: Sequence[str]) -> Path:
        """A file with the URLs of both sides of these recipes."""
        file = self.folder / f"urls-{len(recipes)}-{recipes[0]}"
        urls = (self.wire.url(side, recipe) for recipe in recipes for side in SIDES)
        file.write_text("".join(f"{url}\n" for url in urls))
        return file


def _settings(wire: Wire, recipe: str) -> dict[str, object]:
    remotes = {"upstream": wire.url(SIDES[0], recipe), "mirror": wire.url(SIDES[1], recipe)}
    return remotes | {"data": DATA}
