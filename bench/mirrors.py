"""What a sweep that has nothing to do takes: beside its floor, and beside git's own commands.

The floor is what the wire allows: the same advertisements, read by pygit2 in eight threads.
The loop is a line of shell, `git ls-remote` of one remote after another.  All are measured in
turns, in one run, and compared within each round: a machine on which others work is slower
for all of them.  Real servers, real runs of the program; each of them has to be the no-op that
it is taken for, or this fails.  Whether the goals are met is said, and is no failure.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from wire import cases, goals
from wire.drawing import drawing
from wire.figures import ManyTags, NewTag, Row
from wire.ground import Ground
from wire.series import Series, WrongError
from wire.servers import serving
from wire.table import listed, quiet, table

MANY = 100_000


@dataclass(frozen=True)
class Plan:
    """How much is measured: rounds by number of recipes, over which wires.

    One new tag is measured among ``new_tag`` recipes over the first ``new_tag_wires``, many
    tags on one of ``many``, memory at ``weighed``; none of them where there is no such number.
    """

    rounds: dict[int, int]
    wires: tuple[tuple[str, int], ...]
    new_tag: int
    new_tag_wires: int
    many: int
    weighed: int

    def only(self, sizes: Sequence[int]) -> Plan:
        """The same for these numbers of recipes alone."""
        return replace(self, rounds={size: self.rounds.get(size, 3) for size in sizes})


WHOLE = Plan(
    rounds={21: 7, 100: 5, 200: 5, 1000: 3},
    wires=(("git", 0), ("git", 20), ("http", 0), ("http", 20)),
    new_tag=200,
    new_tag_wires=2,
    many=21,
    weighed=1000,
)
QUICK = Plan(
    rounds={21: 3, 100: 2},
    wires=(("git", 0), ("git", 20)),
    new_tag=100,
    new_tag_wires=1,
    many=0,
    weighed=100,
)


@dataclass
class Measured:
    """What there is so far."""

    rows: list[Row] = field(default_factory=list)
    new_tags: list[NewTag] = field(default_factory=list)
    many_tags: list[ManyTags] = field(default_factory=list)

    def goals(self) -> list[goals.Goal]:
        """Every goal that something was measured for."""
        found = list(goals.of_rows(self.rows))
        found += map(goals.of_new_tag, self.new_tags)
        return found + [goal for case in self.many_tags for goal in goals.of_many_tags(case)]


def measure(plan: Plan, folder: Path, measured: Measured) -> Iterator[str]:
    """Measure it all, and say what is done."""
    ground = Ground.made(folder, max(plan.rounds))
    yield f"{len(ground.recipes)} recipes are made"
    with serving(ground.served, folder / "servers") as wires:
        chosen = [wire for wire in wires if (wire.scheme, wire.latency) in plan.wires]
        laid = {}
        for count, rounds in plan.rounds.items():
            for wire in chosen:
                place = folder / f"{wire.scheme}-{wire.latency}-{count}"
                series = laid[count, wire] = Series.laid(ground, wire, count, place)
                row = cases.row(series, rounds, weigh=count == plan.weighed)
                measured.rows.append(row)
                yield f"{row.name}: {row.over_floor} floors; relay: {row.relay:.0%} of a core"
        # last: they change what is served
        for wire in chosen[: plan.new_tag_wires] if plan.new_tag in plan.rounds else ():
            rounds = plan.rounds[plan.new_tag]
            measured.new_tags.append(cases.new_tag(laid[plan.new_tag, wire], ground, rounds))
            yield f"one new tag among {plan.new_tag}, {wire.scheme}, {wire.latency} ms"
        if plan.many in plan.rounds:
            few = laid[plan.many, chosen[0]]
            measured.many_tags.append(cases.many_tags(few, ground, MANY, rounds=3))
            yield f"{MANY} tags on one remote"


def main() -> None:
    """Print the table and the goals, and draw the table if that is wanted."""
    words = argparse.ArgumentParser(description="what a no-op sweep takes, beside its floor")
    words.add_argument("--quick", action="store_true", help="less of everything, in two minutes")
    words.add_argument("--recipes", type=int, nargs="+", metavar="N", help="of so many alone")
    words.add_argument("--draw", type=Path, metavar="FILE", help="draw the table as an SVG")
    given = words.parse_args()
    plan = QUICK if given.quick else WHOLE
    plan = plan.only(given.recipes) if given.recipes else plan
    began, measured = time.monotonic(), Measured()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-mirrors-") as folder:
            for done in measure(plan, Path(folder), measured):
                print(f"{time.monotonic() - began:5.0f} s  {done}", file=sys.stderr, flush=True)
    except WrongError as error:
        sys.exit(f"bench/mirrors.py: {error}")
    print(table(measured.rows))
    print(quiet(measured.rows), "\n")
    print(listed(measured.goals()))
    if given.draw:
        given.draw.write_text(drawing(measured.rows))


if __name__ == "__main__":
    main()
