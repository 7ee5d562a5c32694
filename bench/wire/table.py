"""The table as the README has it, and the goals beside what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from wire.figures import Row
from wire.goals import Goal

COLUMNS = (
    "recipes",
    "server",
    "latency",
    "floor",
    "no-op sweep / floor",
    "the same without start-up",
    "loop / no-op sweep",
    "all CPU: sweep / floor",
    "peak",
)


def table(rows: Sequence[Row]) -> str:
    """A line for each row; ratios are medians, with the least and the most of the rounds.

    ``all CPU`` is the servers' as well: what others do at the same time does not touch it.
    """
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *map(_cells, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def quiet(rows: Sequence[Row]) -> str:
    """How much of the machine others have had meanwhile: what begins a run waits for nobody."""
    cpu = median(each for row in rows for each in row.start_cpu)
    wall = median(each for row in rows for each in row.start)
    return (
        f"A run's start-up took {wall:.2f} s, of which {cpu:.2f} s on a CPU:"
        f" others made it {wall / cpu:.1f} times as long."
    )


def listed(goals: Sequence[Goal]) -> str:
    """A line for each goal."""
    lines = [("goal", "wanted", "measured", "met"), ("---",) * 4]
    lines += [(goal.about, goal.wanted, goal.measured, _met(goal)) for goal in goals]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _met(goal: Goal) -> str:
    return "yes" if goal.met else "**no**"


def _cells(row: Row) -> tuple[str, ...]:
    cpu = median(row.sweep_cpu) / median(row.floor_cpu)
    return (
        str(row.recipes),
        row.scheme,
        f"{row.latency} ms",
        f"{median(row.floor):.2f} s",
        str(row.over_floor),
        str(row.begun_over_floor),
        str(row.loop_over),
        f"{cpu:.2f}",
        "" if row.peak is None else f"{row.peak.pss:.0f} MiB",
    )
