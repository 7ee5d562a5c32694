"""``canon-sweep run``: the sweep."""

from __future__ import annotations

import click

from canon_sweep import interrupt
from canon_sweep.cli.session import Lines, Session, reporting, show_results
from canon_sweep.errors import EXIT_DONE, EXIT_WRONG
from canon_sweep.job.resume import nothing_due, run_resume
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@click.option(
    "--retry",
    is_flag=True,
    help="Test a release again that is a known red, or a canonical without its data.",
)
@click.option(
    "--assert-noop",
    is_flag=True,
    help="Exit 1 if anything was tested, pushed, closed, or written to a canonical.",
)
@click.option(
    "--accept-upstream",
    is_flag=True,
    help="Let the mirrors of the named recipes lose what upstream does not show any more.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Only what the last sweep has not reached, while its retryWindow lasts.",
)
@reporting
def command(
    session: Session,
    recipes: tuple[str, ...],
    *,
    retry: bool,
    assert_noop: bool,
    accept_upstream: bool,
    resume: bool,
) -> int:
    """Sync every mirror, test each new release cold, promote what passes.

    Without a RECIPE, all of them.  A second run at once does nothing.
    """
    if accept_upstream and not recipes:
        raise click.UsageError("--accept-upstream is for recipes that are named")
    if resume and (recipes or retry):
        raise click.UsageError("--resume goes with no RECIPE and no --retry")
    settings = session.settings()
    around = Surroundings(Lines(), session.say)
    # from here on each recipe has its line, whatever comes
    with interrupt.Held():
        results = (
            run_resume(settings, around)
            if resume
            else run_sweep(settings, recipes, around, retry=retry, accept_upstream=accept_upstream)
        )
    if results is None:
        session.show({"due": []}, nothing_due(settings, around))
        return EXIT_DONE
    show_results(session, results)
    if assert_noop and not results.noop:
        session.say("canon-sweep: error not-a-noop: this run was asserted to do nothing")
        return results.exit_code or EXIT_WRONG
    return results.exit_code
