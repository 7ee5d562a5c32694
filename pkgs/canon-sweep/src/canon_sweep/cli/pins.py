"""``canon-sweep pins``: which pinned bases are needed still."""

from __future__ import annotations

from collections.abc import Iterator

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.core.names import plain
from canon_sweep.job.pins import Line, pins
from canon_sweep.job.wiring import Surroundings


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@click.option("--check", is_flag=True, help="Exit 1 while a redundant pin remains.")
@reporting
def command(session: Session, recipes: tuple[str, ...], *, check: bool) -> int:
    """Say of each upgradeBase whether an upgrade starts as well without it, and what shows it.

    What counts is the release after the latest one.  `test RECIPE --without-pin` gives the
    proof before the pin is removed.  Nothing is changed.
    """
    found = pins(session.settings(), recipes, Surroundings(Lines(), session.say))
    lines = [text for line in found.pins for text in _lines(line)]
    session.show(found, *(plain(text) for text in lines or ["no recipe has an upgradeBase"]))
    return found.exit_code(check=check)


def _lines(line: Line) -> Iterator[str]:
    verdict = {True: "needed", False: "redundant: remove it", None: "error"}[line.needed]
    until = f" (until {line.until})" if line.until else " (without an end: add until)"
    yield f"{line.recipe} {line.pin}: {verdict}"
    yield f"  why      {line.why}"
    yield f"  pinned   {line.reason}{until}"
    if line.dynamic:
        yield f"  dynamic  {line.dynamic}"
    if line.last_base:
        yield f"  last     the last upgrade started from: {line.last_base}"
    if line.aside:
        yield f"  aside    {line.aside}"
    for each in line.evidence:
        yield f"  run      {each.run_id}: {each.shows}"
