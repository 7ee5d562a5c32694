"""``canon-sweep recover``: clean up, and nothing else."""

from __future__ import annotations

import os

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.core.count import counted
from canon_sweep.core.unit import never_began
from canon_sweep.job.recover import run_recover
from canon_sweep.job.wiring import Surroundings


@click.command()
@reporting
def command(session: Session) -> int:
    """Clean up after a run that was killed; exit 1 if something is left or wrong."""
    if reason := never_began(os.environ):
        session.say(f"canon-sweep: error settings: {reason}")
    recovery = run_recover(session.settings(), Surroundings(Lines(), session.say))
    wrong = f", {counted(len(recovery.problems), 'problem')}" if recovery.problems else ""
    session.show(
        recovery,
        f"{recovery.recovered} cleaned up, {len(recovery.left)} left{wrong}",
        *(f"error: {left}" for left in recovery.left),
        *(f"error: {problem}" for problem in recovery.problems),
    )
    return recovery.exit_code
