"""``canon-sweep recover``: clean up, and nothing else."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.job.recover import run_recover
from canon_sweep.job.wiring import Surroundings


@click.command()
@reporting
def command(session: Session) -> int:
    """Clean up after a run that was killed; exit 1 if something is left."""
    recovery = run_recover(session.settings(), Surroundings(Lines(), session.say))
    lines = [f"error: {left}" for left in recovery.left]
    session.show(
        recovery,
        f"{recovery.recovered} cleaned up, {len(recovery.left)} left",
        *lines,
    )
    return recovery.exit_code
