"""``canon-sweep unhold``: end a hold."""

from __future__ import annotations

import sys

import click

from canon_sweep.cli.session import Session, reporting
from canon_sweep.state.owner import check_owner
from canon_sweep.state.store import State


@click.command()
@click.argument("recipe")
@reporting
def command(session: Session, recipe: str) -> int:
    """End the hold of RECIPE."""
    settings = session.settings()
    settings.recipe(recipe)
    check_owner([settings.state_dir], sys.argv)
    dropped = State.of(settings).holds.drop(recipe)
    text = f"{recipe} is held no longer" if dropped else f"{recipe} was not held"
    session.show({"recipe": recipe, "was_held": dropped}, text)
    return 0
