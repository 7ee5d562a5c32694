"""``canon-sweep budget``: what canonicals retain, and what comes next."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.core.names import plain
from canon_sweep.core.space import shown
from canon_sweep.job.budget import Forecast, Line, forecast
from canon_sweep.job.wiring import Surroundings


@click.command()
@reporting
def command(session: Session) -> int:
    """Show what each canonical retains, and whether each recipe's next release has room.

    A recipe's next test is reckoned with the most that its last tests took, and the data of
    one that has no canonical yet with the most that was there at one time; until a test has
    gone through, with disk.assumedPeak at least.  Exit 1 if one has no room, or its data would
    not be kept.
    """
    from canon_sweep.report.table import listing  # noqa: PLC0415 - start-up

    found = forecast(session.settings(), Surroundings(Lines(), session.say))
    session.show(
        found,
        listing(("recipe", "canonical", "keeps", "next test"), map(_row, found.recipes)),
        *(plain(text) for text in _sums(found)),
        *(plain(f"error: {problem}") for problem in found.problems),
    )
    return found.exit_code


def _row(line: Line) -> tuple[tuple[str, ...], str]:
    keeps = "unknown" if line.retained is None else shown(line.retained)
    peak = shown(line.peak) + ("" if line.peak_known else " (assumed)")
    said = "; ".join(line.problems) or "has room"
    if line.takes:
        said = f"{said}; its data takes the place of that of {', '.join(line.takes)}, by priority"
    if line.data_told and not line.problems:
        said = f"{said}; its data: {line.data_told}"
    if line.reason:
        said = f"{said}; keeps nothing: {line.reason}"
    return (line.recipe, line.canonical, keeps, peak), said


def _sums(found: Forecast) -> tuple[str, ...]:
    least = "at least " if found.unknown else ""
    bound = "without a budget" if found.budget is None else f"of {shown(found.budget)}"
    kept = f"canonicals retain {least}{shown(found.retained)} {bound}"
    if found.unknown:
        kept += f"; nobody knows how much {', '.join(found.unknown)} retains"
    free = (
        "nobody can say how much is free on the engine's disk"
        if found.free is None or found.total is None
        else f"{shown(found.free)} of {shown(found.total)} are free on the engine's disk"
    )
    set_ = [("minFree", found.min_free), ("floor", found.floor)]
    bounds = [f"disk.{key} is {shown(value)}" for key, value in set_ if value is not None]
    return (kept, "; ".join([free, *bounds]))
