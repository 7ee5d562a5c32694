"""``canon-sweep check``: whether the configuration can be used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import click

from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.count import counted
from canon_sweep.core.names import plain
from canon_sweep.settings.records import Settings


@click.command()
@reporting
def command(session: Session) -> int:
    """Read the configuration, report every mistake in it, and do nothing else.

    An exception, N/A or pin that has no end is named: it is no mistake yet.
    """
    settings = session.settings()
    count, enrolled = len(settings.recipes), len(settings.enrolled(datetime.now(UTC).date()))
    text = f"{counted(count, 'recipe')}, {enrolled} enrolled: the configuration is sound"
    endless = tuple(_endless(settings))
    session.show(
        {"recipes": count, "enrolled": enrolled, "sound": True, "endless": endless},
        text,
        *(plain(f"recipes.{key} has no end: add until") for key in endless),
    )
    return 0


def _endless(settings: Settings) -> Iterator[str]:
    """The overrides that nothing will ever end."""
    for name, recipe in sorted(settings.recipes.items()):
        for each in recipe.overrides:
            if not each.until:
                yield f"{name}.{each.key}"
