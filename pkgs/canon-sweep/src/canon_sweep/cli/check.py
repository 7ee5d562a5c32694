"""``canon-sweep check``: whether the configuration can be used."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.count import counted


@click.command()
@reporting
def command(session: Session) -> int:
    """Read the configuration, report every mistake in it, and do nothing else."""
    settings = session.settings()
    count, enrolled = len(settings.recipes), len(settings.enrolled)
    text = f"{counted(count, 'recipe')}, {enrolled} enrolled: the configuration is sound"
    session.show({"recipes": count, "enrolled": enrolled, "sound": True}, text)
    return 0
