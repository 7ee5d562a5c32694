"""``canon-sweep overrides``: all that is written against the rule."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.core.count import counted
from canon_sweep.core.names import plain
from canon_sweep.job.overrides import Line, overrides
from canon_sweep.job.wiring import Surroundings


@click.command()
@reporting
def command(session: Session) -> int:
    """List every exception, hold, N/A and pin: why, until when, and what would be without it.

    Nothing is changed.  Exit 1 if of one nobody can tell what it does.
    """
    from canon_sweep.report.table import listing  # noqa: PLC0415 - start-up

    found = overrides(session.settings(), Surroundings(Lines(), session.say))
    session.show(
        found,
        listing(("recipe", "override", "until", "left"), map(_row, found.overrides)),
        counted(len(found.overrides), "override"),
        *(plain(f"error: {problem}") for problem in found.problems),
    )
    return found.exit_code


def _row(line: Line) -> tuple[tuple[str, ...], str]:
    if not line.in_force:
        left = "ended"
    elif line.days_left is None:
        left = ""
    else:
        left = counted(max(line.days_left, 0), "day")
    cells = (line.recipe, line.key, line.until or "never: add until", left)
    return cells, f"{line.reason}; without it: {line.without}"
