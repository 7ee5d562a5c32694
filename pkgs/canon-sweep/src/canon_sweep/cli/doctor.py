"""``canon-sweep doctor``: whatever a sweep will need, asked before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from canon_sweep.cli.session import DEFAULT_CONFIG, Lines, Session, reporting
from canon_sweep.core.checkup import Check, Outcome, Totals
from canon_sweep.core.count import counted

_HOST = "(host)"
_STEP = "mirror.step"


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@reporting
def command(session: Session, recipes: tuple[str, ...]) -> int:
    """Ask every remote, the guard, the engine and this host what a sweep will need of them.

    Each upstream is read; each mirror is read, and asked as before a push, with nothing
    pushed.  Nothing is changed, and it may run beside a sweep.  Named recipes are looked at
    alone, with the host.

    Exit 1 if something is wrong, or could not be asked; what is only warned of is 0.
    """
    settings = session.settings()
    from canon_sweep.job.doctor import examine  # noqa: PLC0415 - start-up
    from canon_sweep.job.wiring import Surroundings  # noqa: PLC0415
    from canon_sweep.report.table import listing  # noqa: PLC0415

    timed = session.config == Path(DEFAULT_CONFIG)
    found = examine(settings, recipes, Surroundings(Lines(), session.say), timed=timed)
    groups = [(_HOST, found.host), *((each.recipe, each.checks) for each in found.recipes)]
    session.show(
        found,
        listing(
            ("about", "outcome"), (row for about, checks in groups for row in _rows(about, checks))
        ),
        f"{counted(len(found.recipes), 'recipe')}, {_sum(found.totals)}",
    )
    return found.exit_code


def _rows(about: str, checks: Iterable[Check]) -> Iterator[tuple[tuple[str, str], str]]:
    """A row for each check that is not well; where all are, one that says in a word what is."""
    checks = tuple(checks)
    bad = [check for check in checks if check.outcome != Outcome.OK]
    for check in bad:
        said = f"{check.subject}: {check.found}"
        yield (about, check.outcome), f"{said}; {check.do}" if check.do else said
    if not bad:
        step = [check.found for check in checks if check.subject == _STEP]
        subjects = dict.fromkeys(check.subject for check in checks)
        yield (about, Outcome.OK), "; ".join(step) or ", ".join(subjects)


def _sum(totals: Totals) -> str:
    count = counted(totals.ok + totals.warn + totals.fail + totals.unknown, "check")
    parts = (
        f"{number} {word}"
        for number, word in (
            (totals.fail, "failed"),
            (totals.unknown, "unknown"),
            (totals.warn, "to know of"),
        )
        if number
    )
    return f"{count}: {', '.join(parts) or 'all is well'}"
