"""``canon-sweep prune``: what nothing names any more goes, and what is old."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.core.count import counted
from canon_sweep.core.names import plain
from canon_sweep.job.prune import Pruning, run_prune
from canon_sweep.job.wiring import Surroundings


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@reporting
def command(session: Session, dry_run: bool) -> int:
    """Remove what no record and no run names, old runs and old images.

    Never anything without canon-sweep's label, or another canon-sweep's; never an image that
    anything uses.  Exit 1 if something is left that nothing names.
    """
    pruning = run_prune(session.settings(), Surroundings(Lines(), session.say), dry_run=dry_run)
    session.show(
        pruning,
        *(plain(act.line) for act in pruning.acts),
        *(plain(f"left alone: {text}") for text in pruning.left),
        *(plain(f"later: {text}") for text in pruning.remarks),
        _sum(pruning),
    )
    return pruning.exit_code


def _sum(pruning: Pruning) -> str:
    done = len(pruning.acts) - pruning.failed
    said = [f"{done} {'to be removed' if pruning.dry_run else 'removed'}"]
    said += [f"{pruning.failed} not removed"] if pruning.failed else []
    said += [f"{len(pruning.left)} left alone"] if pruning.left else []
    if pruning.others:
        said.append(f"{counted(pruning.others, 'thing')} of another canon-sweep's not looked at")
    return ", ".join(said)
