"""What is to be reached, as ratios within one run, and whether it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from wire.figures import Growth, ManyTags, NewTag, Ratio, Row

FLOORS = 1.3
FROM = 200  # recipes, from which on the start-up is included
LOOPS = 8.0
GROWTH = 10.5  # of ten times as many
TENFOLD = 10
MEMORY = 80.0  # MiB
SECONDS = 20.0  # of very many tags
NOISE = 0.2  # seconds that the others may seem to take more, and do not


@dataclass(frozen=True)
class Goal:
    """One goal: what it is about, what is wanted, what was measured."""

    about: str
    wanted: str
    measured: str
    met: bool


def of_rows(rows: Sequence[Row]) -> Iterator[Goal]:
    """The no-op sweep's goals; up to a certain size its start-up is left out."""
    for row in rows:
        yield _over_floor(row)
    for row in rows:
        if row.latency:
            yield _loop(row)
    for row in rows:
        if row.peak is not None:
            about = f"{row.name}: peak of memory, PSS of all processes"
            measured = f"{row.peak.pss:.0f} MiB"
            yield Goal(about, f"≤ {MEMORY:g} MiB", measured, row.peak.pss <= MEMORY)


def _over_floor(row: Row) -> Goal:
    ratio = row.over_floor if row.recipes >= FROM else row.begun_over_floor
    about = f"{row.name}: {_sweep(row)} / floor"
    return Goal(about, f"≤ {FLOORS}", f"{ratio}", ratio.middle <= FLOORS)


def _loop(row: Row) -> Goal:
    ratio = row.loop_over if row.recipes >= FROM else row.loop_over_begun
    about = f"{row.name}: loop / {_sweep(row)}"
    return Goal(about, f"≥ {LOOPS:g}", f"{ratio}", ratio.middle >= LOOPS)


def _sweep(row: Row) -> str:
    return "no-op sweep" if row.recipes >= FROM else "(no-op sweep less start-up)"


def of_growth(case: Growth) -> Goal:
    """Ten times the recipes are ten times the time, and hardly more."""
    ratio = Ratio.of(case.many_sweep, case.few_sweep)
    about = f"{case.scheme}, {case.latency} ms: t({case.many}) / t({case.few})"
    most = GROWTH * case.many / case.few / TENFOLD
    return Goal(about, f"≤ {most:g}", f"{ratio}", ratio.middle <= most)


def of_new_tag(case: NewTag) -> Goal:
    """One new tag costs the floor, as the no-op does, and that recipe's sync."""
    floor, sweep = median(case.floor), median(case.sweep)
    start = 0.0 if case.recipes >= FROM else median(case.start)
    most = FLOORS * floor + start + case.own
    name = f"one new tag among {case.recipes} recipes, {case.scheme}, {case.latency} ms"
    return Goal(
        f"{name}: {FLOORS} floors and that recipe's sync{' and start-up' * bool(start)}",
        f"≤ {most:.2f} s",
        f"{sweep:.2f} s: {case.extra:+.2f} s to the no-op, its sync alone {case.own:.2f} s",
        sweep <= most,
    )


def of_many_tags(case: ManyTags) -> Iterator[Goal]:
    """Very many tags are dear to whom they belong."""
    about = f"{case.tags} tags on both remotes of one of {case.recipes}"
    for when, cost in zip(("the first time", "the second"), case.cost, strict=True):
        measured = f"{cost:.1f} s, their floor {case.floor:.1f} s"
        yield Goal(f"{about}: {when}", f"≤ {SECONDS:g} s", measured, cost <= SECONDS)
    others = (("first", case.others_first), ("second", case.others_again))
    for when, seconds in others:
        measured = f"{seconds:.2f} s, without them {case.others_before:.2f} s"
        met = seconds <= case.others_before + NOISE
        yield Goal(f"{about}: the others' own time, the {when} time", "the same", measured, met)
