"""``canon-sweep check``: whether the configuration can be used."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Session, reporting


@click.command()
@reporting
def command(session: Session) -> int:
    """Read the configuration, report every mistake in it, and do nothing else."""
    settings = session.settings()
    count, enrolled = len(settings.recipes), len(settings.enrolled)
    recipes = "1 recipe" if count == 1 else f"{count} recipes"
    text = f"{recipes}, {enrolled} enrolled: the configuration is sound"
    session.show({"recipes": count, "enrolled": enrolled, "sound": True}, text)
    return 0
