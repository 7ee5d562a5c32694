"""``canon-sweep run``: the sweep."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Lines, Session, reporting, show_results
from canon_sweep.errors import EXIT_WRONG
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@click.option("--retry", is_flag=True, help="Test a release again even if it is a known red.")
@click.option(
    "--assert-noop",
    is_flag=True,
    help="Exit 1 if anything was tested, pushed, or written to a canonical.",
)
@reporting
def command(session: Session, recipes: tuple[str, ...], retry: bool, assert_noop: bool) -> int:
    """Sync every mirror, test each new release cold, promote what passes.

    Without a RECIPE, all of them.  A second run at once does nothing.
    """
    settings = session.settings()
    results = run_sweep(settings, recipes, Surroundings(Lines(), session.say), retry=retry)
    show_results(session, results)
    if assert_noop and not results.noop:
        session.say("canon-sweep: error not-a-noop: this run was asserted to do nothing")
        return results.exit_code or EXIT_WRONG
    return results.exit_code
