"""``canon-sweep status``: what the state folder says; asks no remote and no engine."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import click

from canon_sweep.cli.duration import duration
from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.moment import in_utc
from canon_sweep.core.names import plain
from canon_sweep.errors import EXIT_WRONG
from canon_sweep.job.status import Row, Status, status_of
from canon_sweep.settings.duration import written
from canon_sweep.state.layout import check_layout
from canon_sweep.state.owner import check_owner
from canon_sweep.state.store import State


@click.command()
@click.option(
    "--max-age",
    metavar="AGE",
    callback=duration,
    help="Exit 1 if no run over all recipes has ended for this long, e.g. 9d: for a monitor.",
)
@reporting
def command(session: Session, max_age: timedelta | None) -> int:
    """Show every recipe's canonical, last attempt, notes, any hold, and the last sweep."""
    settings = session.settings()
    check_owner([settings.state_dir], sys.argv, only_reads=True)
    check_layout(settings)
    status = status_of(settings, State.of(settings), max_age, datetime.now(UTC))
    _show(session, status, max_age)
    return EXIT_WRONG if status.is_wrong else 0


def _show(session: Session, status: Status, max_age: timedelta | None) -> None:
    if session.as_json:
        session.show(status)
        return
    from canon_sweep.report import table  # noqa: PLC0415 - start-up

    columns = ("recipe", "canonical", "since", "kept", "last attempt")
    rows = tuple(table.Row(_cells(row), (_what(row), *_remarks(row))) for row in status.recipes)
    lines = [f"unfinished: {text}" for text in status.unfinished]
    lines += status.waiting
    lines += [f"error: {problem}" for problem in status.problems]
    session.show(
        status,
        table.Listing(columns, rows),
        *map(plain, [_last(status, max_age), *lines]),
    )


def _last(status: Status, max_age: timedelta | None) -> str:
    last = status.last_sweep
    when = (
        f"the last sweep ended {in_utc(last.ended):%Y-%m-%d %H:%M} UTC"
        f" with exit code {last.exit_code}"
        if last
        else "no sweep has ended yet"
    )
    if not status.overdue:
        return when
    recently = f", none in the last {written(max_age.total_seconds())}" if last and max_age else ""
    return f"error: {when}{recently}; look at the timer and its journal"


def _cells(row: Row) -> tuple[str, ...]:
    last = f"{row.last_outcome} {row.last_tag}".strip()
    kept = "adopted" if row.adopted else row.retained
    return (row.recipe, row.canonical, row.promoted_at[:10], kept, last)


def _what(row: Row) -> str:
    if row.problem:
        return row.problem
    if not row.enrolled:
        return f"not enrolled: {row.exception}"
    if row.hold is not None:
        what = f"{row.hold.tag} is held" if row.hold.tag else "held"
        return f"{what} {row.hold.end}: {row.hold.reason}"
    return row.last_reason


def _remarks(row: Row) -> tuple[str, ...]:
    lost = tuple(f"its data is not kept: {text}" for text in filter(None, [row.without_data]))
    lost = (*lost, *filter(None, [row.not_followed]))
    lost += tuple(f"{note.code}: {note.text}" for note in row.overrides)
    if row.noted_at is None:
        return lost
    when = f"{in_utc(row.noted_at):%Y-%m-%d}"
    return (*lost, *(f"{note.code}, noted {when}: {note.text}" for note in row.notes))
