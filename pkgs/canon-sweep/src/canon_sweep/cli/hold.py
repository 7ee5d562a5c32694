"""``canon-sweep hold``: leave a recipe alone, with a reason and an end."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta

import click
import msgspec

from canon_sweep.cli.duration import duration
from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.hold import Hold
from canon_sweep.core.moment import END
from canon_sweep.core.names import printable
from canon_sweep.core.override import day_of
from canon_sweep.core.version import IgnoredTag, TagRule
from canon_sweep.state.owner import check_owner
from canon_sweep.state.store import State

_MONTH = timedelta(days=30)


@click.command()
@click.argument("recipe")
@click.option("--reason", required=True, help="Why; it is shown wherever the recipe is.")
@click.option("--for", "span", callback=duration, help="How long [30d].")
@click.option("--until", help="Its last day (2027-01-31, UTC), or the last release for it.")
@click.option("--tag", help="Only this release; the hold dies with the next one.")
@reporting
def command(
    session: Session,
    recipe: str,
    *,
    reason: str,
    span: timedelta | None,
    until: str | None,
    tag: str | None,
) -> int:
    """Leave RECIPE alone for a while; its mirror is still synced."""
    from canon_sweep.job.hold import remark_of  # noqa: PLC0415 - start-up

    settings = session.settings()
    own = settings.recipe(recipe)
    if not reason.strip():
        raise click.BadParameter("a hold needs a reason", param_hint="--reason")
    if span is not None and until is not None:
        raise click.UsageError("--for and --until exclude each other")
    version = own.tag_rule.read(tag) if tag is not None else None
    if isinstance(version, IgnoredTag):
        told = f"{printable(version.tag)} is no release tag: {version.reason}"
        raise click.BadParameter(told, param_hint="--tag")
    now = datetime.now(UTC).replace(microsecond=0)
    end = {"until": now + (span or _MONTH)} if until is None else _end_of(until, own.tag_rule, now)
    hold = msgspec.convert({"recipe": recipe, "reason": reason.strip(), "tag": tag, **end}, Hold)
    check_owner([settings.state_dir], sys.argv)
    State.of(settings).holds.put(hold)
    note = remark_of(settings, hold, now)
    what = f"{recipe} {tag}" if tag else recipe
    text = f"{what} is held {hold.end}: {hold.reason}"
    session.show(msgspec.to_builtins(hold) | {"note": note}, f"{text}; {note}" if note else text)
    return 0


def _end_of(until: str, rule: TagRule, now: datetime) -> dict[str, object]:
    """The fields of a hold that say when it ends."""
    day = day_of(until)
    if day is not None and day < now.date():
        raise click.BadParameter(f"{until} is over", param_hint="--until")
    if day is not None:
        # through its last day, and the last one that there is has none after it
        is_last = day == date.max
        return {"until": END if is_last else datetime.combine(day + timedelta(days=1), time(), UTC)}
    read = rule.order(until)
    if isinstance(read, IgnoredTag):
        told = f"{printable(until)} is neither a day, such as 2027-01-31, nor a release"
        raise click.BadParameter(f"{told}: {read.reason}", param_hint="--until")
    return {"up_to": until}
