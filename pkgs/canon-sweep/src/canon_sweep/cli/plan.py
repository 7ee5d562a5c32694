"""``canon-sweep plan``: what a sweep would do."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Lines, Session, reporting, show_results
from canon_sweep.job.run import run_plan
from canon_sweep.job.wiring import Surroundings


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@reporting
def command(session: Session, recipes: tuple[str, ...]) -> int:
    """Take the decisions that `run` would take now, and change nothing."""
    results = run_plan(session.settings(), recipes, Surroundings(Lines(), session.say))
    show_results(session, results)
    return results.exit_code
