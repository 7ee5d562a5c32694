"""What was measured, as numbers: medians, ratios within one round, and how far they spread."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from wire.timing import Peak


@dataclass(frozen=True)
class Ratio:
    """The median of a ratio over all rounds, the least and the most."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, above: tuple[float, ...], below: tuple[float, ...]) -> Ratio:
        """Round by round, so that what slows a whole round down is on both sides."""
        each = [one / other for one, other in zip(above, below, strict=True)]
        return cls(median(each), min(each), max(each))

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.least:.2f} to {self.most:.2f})"


@dataclass(frozen=True)
class Row:
    """So many recipes over one wire; seconds, one for each round.

    Those of ``…_cpu`` are on a CPU: the program's, and but for the start-up the server's.
    ``relay`` is the share of a core that the long wire's relay has had meanwhile.
    """

    scheme: str
    latency: int
    recipes: int
    floor: tuple[float, ...]
    sweep: tuple[float, ...]
    start: tuple[float, ...]
    loop: tuple[float, ...]
    floor_cpu: tuple[float, ...]
    sweep_cpu: tuple[float, ...]
    start_cpu: tuple[float, ...]
    peak: Peak | None = None
    relay: float = 0.0

    @property
    def name(self) -> str:
        """How it is told apart from the others."""
        return f"{self.recipes} recipes, {self.scheme}, {self.latency} ms"

    @property
    def over_floor(self) -> Ratio:
        """The sweep as so many floors, its start-up included."""
        return Ratio.of(self.sweep, self.floor)

    @property
    def begun_over_floor(self) -> Ratio:
        """The same without the start-up."""
        begun = tuple(
            max(0.0, all_ - start) for all_, start in zip(self.sweep, self.start, strict=True)
        )
        return Ratio.of(begun, self.floor)

    @property
    def loop_over(self) -> Ratio:
        """How many sweeps the loop takes."""
        return Ratio.of(self.loop, self.sweep)

    @property
    def loop_over_begun(self) -> Ratio:
        """The same without the start-up."""
        return Ratio.of(self.loop, self._begun)

    @property
    def _begun(self) -> tuple[float, ...]:
        start = median(self.start)
        # where others are at work even that may be longer than a whole sweep
        return tuple(max(0.001, sweep - start) for sweep in self.sweep)


@dataclass(frozen=True)
class Growth:
    """No-op sweeps of few recipes and of many, in turns; seconds, one for each round."""

    scheme: str
    latency: int
    few: int
    many: int
    few_sweep: tuple[float, ...]
    many_sweep: tuple[float, ...]


@dataclass(frozen=True)
class NewTag:
    """One new tag among so many recipes; seconds, one for each round.

    ``alone`` is a run that names that one recipe, which has a new tag again.
    """

    scheme: str
    latency: int
    recipes: int
    floor: tuple[float, ...]
    start: tuple[float, ...]
    no_op: tuple[float, ...]
    sweep: tuple[float, ...]
    alone: tuple[float, ...]

    @property
    def own(self) -> float:
        """What that recipe's sync takes by itself; the least of each, as both are mostly alike."""
        return max(0.0, min(self.alone) - min(self.start))

    @property
    def extra(self) -> float:
        """What the new tag has cost the sweep."""
        return median(self.sweep) - median(self.no_op)


@dataclass(frozen=True)
class ManyTags:
    """Very many tags on the remotes of one recipe among a few; seconds.

    ``before`` is without them, ``first`` the sweep that first sees them, ``again`` those after it;
    ``others`` is what the other recipes' lines say together; ``floor`` the two remotes alone.
    """

    tags: int
    recipes: int
    before: tuple[float, ...]
    first: float
    again: tuple[float, ...]
    others_before: float
    others_first: float
    others_again: float
    floor: float

    @property
    def cost(self) -> tuple[float, float]:
        """What they cost the sweep, the first time and later."""
        return self.first - median(self.before), median(self.again) - median(self.before)
