"""A length of time as a person types it: ``90m``, ``9d``."""

from __future__ import annotations

from datetime import timedelta

import click

from canon_sweep.settings.duration import seconds


def duration(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> timedelta | None:
    """The value of an option."""
    try:
        return None if value is None else timedelta(seconds=seconds(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
