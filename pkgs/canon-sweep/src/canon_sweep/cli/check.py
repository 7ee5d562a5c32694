"""``canon-sweep check``: whether the configuration can be used."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.count import counted
from canon_sweep.core.names import plain


@click.command()
@reporting
def command(session: Session) -> int:
    """Read the configuration, report every mistake in it, and do nothing else.

    An exception, N/A or pin that has no end is named: it is no mistake yet.
    """
    settings = session.settings()
    count, enrolled = len(settings.recipes), len(settings.enrolled(datetime.now(UTC).date()))
    text = f"{counted(count, 'recipe')}, {enrolled} enrolled: the configuration is sound"
    endless = settings.endless
    session.show(
        {"recipes": count, "enrolled": enrolled, "sound": True, "endless": endless},
        text,
        *(plain(f"recipes.{key} has no end: add until") for key in endless),
    )
    return 0
