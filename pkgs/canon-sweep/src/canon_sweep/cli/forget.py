"""``canon-sweep forget``: take a canonical back."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.job.forget import run_forget
from canon_sweep.job.wiring import Surroundings


@click.command()
@click.argument("recipe")
@click.option("--reason", required=True, help="Why; it is kept in the history.")
@reporting
def command(session: Session, recipe: str, reason: str) -> int:
    """Take RECIPE's canonical back: its record goes to the history, its data is removed.

    RECIPE may be one that is no longer in the configuration. What a harness keeps by itself
    stays where it is, and is followed no longer.
    """
    if not reason.strip():
        raise click.BadParameter("a reason is needed", param_hint="--reason")
    around = Surroundings(Lines(), session.say)
    forgotten = run_forget(session.settings(), recipe, reason.strip(), around)
    session.show(
        forgotten,
        f"{recipe}: {forgotten.canonical} is no canonical any more: {forgotten.reason}",
        *(f"error: {left}" for left in forgotten.left),
        *(f"error: {problem}" for problem in forgotten.problems),
    )
    return forgotten.exit_code
