"""``canon-sweep doctor``: whatever a sweep will need, asked before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from canon_sweep.cli.session import DEFAULT_CONFIG, Lines, Session, reporting
from canon_sweep.core.checkup import Check, Outcome, Totals
from canon_sweep.core.count import counted

if TYPE_CHECKING:
    from canon_sweep.job.doctor import Examination

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
    session.show(
        found,
        listing(("about", "outcome"), _rows(found)),
        f"{counted(len(found.recipes), 'recipe')}, {_sum(found.totals)}",
    )
    return found.exit_code


def _rows(found: Examination) -> Iterator[tuple[tuple[str, str], str]]:
    """A row for each check that is not well; where all are, one that says in a word what is."""
    told: set[str] = set()
    for about, checks in (
        (_HOST, found.host),
        *((one.recipe, one.checks) for one in found.recipes),
    ):
        bad = [check for check in checks if check.outcome != Outcome.OK]
        for check in bad:
            yield (about, check.outcome), _said(check, told)
        if not bad:
            yield (about, Outcome.OK), _well(checks)


def _said(check: Check, told: set[str]) -> str:
    """What was found and what to do; how to look as the service does is told once."""
    said = f"{check.subject}: {check.found}"
    is_known = check.outcome == Outcome.UNKNOWN and check.do in told
    told.add(check.do)
    return said if is_known or not check.do else f"{said}; {check.do}"


def _well(checks: Iterable[Check]) -> str:
    step = [check.found for check in checks if check.subject == _STEP]
    return "; ".join(step) or ", ".join(dict.fromkeys(check.subject for check in checks))


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
