"""``canon-sweep hold``: leave a recipe alone, with a reason and an end."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import click
import msgspec

from canon_sweep.cli.duration import duration
from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.decision import Hold
from canon_sweep.core.names import printable
from canon_sweep.core.version import IgnoredTag
from canon_sweep.state.owner import check_owner
from canon_sweep.state.store import State


@click.command()
@click.argument("recipe")
@click.option("--reason", required=True, help="Why; it is shown wherever the recipe is.")
@click.option("--for", "span", default="30d", callback=duration, help="How long [30d].")
@click.option("--tag", help="Only this release; the hold dies with the next one.")
@reporting
def command(session: Session, recipe: str, reason: str, span: timedelta, tag: str | None) -> int:
    """Leave RECIPE alone for a while; its mirror is still synced."""
    from canon_sweep.job.hold import remark_of  # noqa: PLC0415 - start-up

    settings = session.settings()
    own = settings.recipe(recipe)
    if not reason.strip():
        raise click.BadParameter("a hold needs a reason", param_hint="--reason")
    version = own.tag_rule.read(tag) if tag is not None else None
    if isinstance(version, IgnoredTag):
        told = f"{printable(version.tag)} is no release tag: {version.reason}"
        raise click.BadParameter(told, param_hint="--tag")
    check_owner([settings.state_dir], sys.argv)
    until = datetime.now(UTC).replace(microsecond=0) + span
    hold = Hold(recipe=recipe, reason=reason.strip(), until=until, tag=tag)
    State.of(settings).holds.put(hold)
    note = remark_of(settings, recipe, tag)
    what = f"{recipe} {tag}" if tag else recipe
    text = f"{what} is held until {until:%Y-%m-%d %H:%M} UTC: {hold.reason}"
    session.show(msgspec.to_builtins(hold) | {"note": note}, f"{text}; {note}" if note else text)
    return 0
