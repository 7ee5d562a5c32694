"""``canon-sweep test``: one version or commit, because a person wants to know."""

from __future__ import annotations

import click

from canon_sweep import interrupt
from canon_sweep.cli.session import Lines, Session, reporting, show_results
from canon_sweep.job.test import Wanted, run_test
from canon_sweep.job.wiring import Surroundings


@click.command()
@click.argument("recipe")
@click.option("--version", help="A release tag; without it, the latest.")
@click.option("--ref", help="A branch, tag, commit, or pull/N/head; is never promoted.")
@click.option("--quick", is_flag=True, help="On the canonical's own data, which is put back.")
@click.option("--without-pin", is_flag=True, help="As if its upgradeBase were removed.")
@click.option("--wait", is_flag=True, help="While a sweep is at work, wait for a turn.")
@click.option("--in-build", is_flag=True, help="As a step of a build: waits for no other.")
@reporting
def command(
    session: Session,
    recipe: str,
    *,
    version: str | None,
    ref: str | None,
    quick: bool,
    without_pin: bool,
    wait: bool,
    in_build: bool,
) -> int:
    """Test RECIPE cold, or on its canonical's data (--quick).

    A cold run of the latest release that passes all of the gate promotes it.
    """
    if version == "" or ref == "":
        raise click.UsageError("--version and --ref need a value")
    if quick and without_pin:
        raise click.UsageError("--quick starts from the canonical, whatever is pinned")
    if version and ref:
        raise click.UsageError("--version and --ref exclude each other")
    wanted = Wanted(
        recipe,
        version,
        ref,
        quick=quick,
        wait=wait,
        without_pin=without_pin,
        in_build=in_build,
    )
    settings = session.settings()
    # from here on the recipe has its line, whatever comes
    with interrupt.Held():
        results = run_test(settings, wanted, Surroundings(Lines(), session.say))
    show_results(session, results)
    return results.exit_code
