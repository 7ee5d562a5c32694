"""All that is measured in a run, one after another, and what there is of it so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from wire import cases, goals
from wire.figures import Growth, ManyTags, NewTag, Row
from wire.ground import Ground
from wire.plan import MANY, ROUNDS, Plan
from wire.series import Series
from wire.servers import Wire, serving


@dataclass
class Measured:
    """What there is so far."""

    rows: list[Row] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    new_tags: list[NewTag] = field(default_factory=list)
    many_tags: list[ManyTags] = field(default_factory=list)

    def goals(self) -> list[goals.Goal]:
        """Every goal that something was measured for."""
        return [
            *goals.of_rows(self.rows),
            *map(goals.of_growth, self.growth),
            *map(goals.of_new_tag, self.new_tags),
            *(goal for case in self.many_tags for goal in goals.of_many_tags(case)),
        ]


@dataclass(frozen=True)
class Measuring:
    """The servers run; each method adds to ``found``, and says what it has done."""

    plan: Plan
    folder: Path
    ground: Ground
    wires: tuple[Wire, ...]
    found: Measured = field(default_factory=Measured)
    _laid: dict[tuple[int, Wire], Series] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def of(cls, plan: Plan, folder: Path) -> Iterator[Measuring]:
        """Make the repositories, and serve them."""
        ground = Ground.made(folder, max(plan.rounds))
        with serving(ground.served, folder / "servers") as wires:
            chosen = tuple(each for each in wires if (each.scheme, each.latency) in plan.wires)
            yield cls(plan, folder, ground, chosen)

    def all(self) -> Iterator[str]:
        """Everything; what changes what is served comes last."""
        yield from self._rows()
        yield from self._growth()
        yield from self._new_tags()
        yield from self._many_tags()

    def _rows(self) -> Iterator[str]:
        for count, rounds in self.plan.rounds.items():
            for wire in self.wires:
                place = self.folder / f"{wire.scheme}-{wire.latency}-{count}"
                series = self._laid[count, wire] = Series.laid(self.ground, wire, count, place)
                row = cases.row(series, rounds, weigh=count == self.plan.weighed)
                self.found.rows.append(row)
                yield f"{row.name}: {row.over_floor} floors; relay: {row.relay:.0%} of a core"

    def _growth(self) -> Iterator[str]:
        few, many = (self._laid.get((size, self.wires[0])) for size in self.plan.growth)
        if few and many:
            self.found.growth.append(cases.growth(few, many, ROUNDS))
            yield "both in turns: {} recipes and {}".format(*self.plan.growth)

    def _new_tags(self) -> Iterator[str]:
        for wire in self.wires[: self.plan.new_tag_wires]:
            if series := self._laid.get((self.plan.new_tag, wire)):
                self.found.new_tags.append(cases.new_tag(series, self.ground, ROUNDS))
                yield f"one new tag among {self.plan.new_tag}, {wire.scheme}, {wire.latency} ms"

    def _many_tags(self) -> Iterator[str]:
        if series := self._laid.get((self.plan.many, self.wires[0])):
            self.found.many_tags.append(cases.many_tags(series, self.ground, MANY, ROUNDS))
            yield f"{MANY} tags on one recipe's remotes"
