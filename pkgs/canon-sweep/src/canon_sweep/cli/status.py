"""``canon-sweep status``: what the state folder says; asks no remote and no engine."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import click
import msgspec

from canon_sweep.cli.duration import duration
from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.budget import OVER, RECORD_ONLY
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Hold, Note
from canon_sweep.core.names import plain
from canon_sweep.core.waiting import sentences
from canon_sweep.errors import EXIT_WRONG, StateFault
from canon_sweep.report.records import LOST
from canon_sweep.settings.records import Settings
from canon_sweep.state import runs
from canon_sweep.state.attempts import Attempts
from canon_sweep.state.journal import Entry, unfinished
from canon_sweep.state.owner import check_owner
from canon_sweep.state.store import State

_OF_THE_CANONICAL = frozenset({LOST, "tag-moved", "canonical-ahead"})
# read here too, as it is now
_READ_HERE = frozenset({OVER, RECORD_ONLY, "history"})


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe as the state folder knows it.

    ``without_data`` is why its canonical's data was given up, with what brings it back;
    ``notes`` are those of the last run that has looked at it, which ended at ``noted_at``.
    """

    recipe: str
    enrolled: bool
    exception: str = ""
    canonical: str = ""
    promoted_at: str = ""
    retained: str = ""
    without_data: str = ""
    last_outcome: str = ""
    last_tag: str = ""
    last_at: datetime | None = None
    last_reason: str = ""
    notes: tuple[Note, ...] = ()
    noted_at: datetime | None = None
    hold: Hold | None = None
    problem: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the state folder says.

    ``problems`` are those of no single recipe; ``overdue`` is said only if an age was
    asked for.  ``unfinished`` and ``waiting`` are nothing wrong: a run may be on, and a
    resume may come.
    """

    last_sweep: runs.LastSweep | None
    overdue: bool = False
    unfinished: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    recipes: tuple[Row, ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Whether somebody should look."""
        return bool(self.overdue or self.problems or any(row.problem for row in self.recipes))


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
    status = _status(settings, State.of(settings), max_age, datetime.now(UTC))
    _show(session, status, max_age)
    return EXIT_WRONG if status.is_wrong else 0


def _status(settings: Settings, state: State, max_age: timedelta | None, now: datetime) -> Status:
    last_sweep, noted = runs.past(state.folder / "runs", now)
    attempts = state.ledger.index()
    records, unreadable = state.canonicals.read_all()
    broken = unreadable | _gone(state)
    holds, problems = _holds(state)
    entries, unread = _journal(state)
    waiting, unlisted = _waiting(state, now)
    rows = []
    for name in sorted({*settings.recipes, *records, *broken}):
        record = records.get(name)
        row = Row(
            recipe=name,
            enrolled=False,
            canonical=record.release_tag if record else "",
            promoted_at=(record.promoted_at or record.ts) if record else "",
            retained=record.retained if record else "",
            without_data=record.data_lost if record else "",
            problem=broken.get(name) or _history_problem(state, name),
        )
        row = _noted(row, noted.get(name), record)
        rows.append(_configured(row, settings, attempts, holds.get(name), now))
    is_old = last_sweep is None or (max_age is not None and now - last_sweep.ended > max_age)
    return Status(
        last_sweep=last_sweep,
        overdue=max_age is not None and is_old,
        unfinished=tuple(unfinished(entry) for entry in entries),
        waiting=waiting,
        problems=(*problems, *unread, *unlisted, *attempts.problems),
        recipes=tuple(rows),
    )


def _gone(state: State) -> dict[str, str]:
    # a history that cannot be read, so that nobody can say, is a problem of its recipe's
    with suppress(StateFault):
        return state.lost()
    return {}


def _holds(state: State) -> tuple[dict[str, Hold], list[str]]:
    try:
        return state.holds.read(), []
    except StateFault as fault:
        return {}, [str(fault)]


def _journal(state: State) -> tuple[tuple[Entry, ...], list[str]]:
    try:
        return state.journal.entries(), []
    except StateFault as fault:
        return (), [str(fault)]


def _waiting(state: State, now: datetime) -> tuple[tuple[str, ...], list[str]]:
    try:
        return sentences(state.waiting.read().values(), now), []
    except StateFault as fault:
        return (), [str(fault)]


def _history_problem(state: State, name: str) -> str:
    try:
        return "; ".join(state.canonicals.history_problems(name))
    except StateFault as fault:
        return str(fault)


def _noted(row: Row, noted: runs.Noted | None, record: Canonical | None) -> Row:
    """With what was noted of it and may still be so."""
    if noted is None:
        return row
    is_older = record is not None and record.run_id < noted.run_id
    notes = tuple(
        note
        for note in noted.notes
        # a canonical that was made anew since is another one
        if (is_older or note.code not in _OF_THE_CANONICAL) and note.code not in _READ_HERE
    )
    return msgspec.structs.replace(row, notes=notes, noted_at=noted.at)


def _configured(
    row: Row, settings: Settings, attempts: Attempts, hold: Hold | None, now: datetime
) -> Row:
    last = attempts.last_of(row.recipe)
    if last is not None:
        row = msgspec.structs.replace(
            row,
            last_outcome=str(last.outcome),
            last_tag=last.key.tag or last.key.commit[:12],
            last_at=last.ts,
            last_reason=last.reason,
        )
    recipe = settings.recipes.get(row.recipe)
    if recipe is None:
        forget = f"canon-sweep forget {row.recipe} --reason … takes it back"
        problems = [row.problem] if row.problem else []
        text = "; ".join([*problems, f"not in the configuration; {forget}"])
        return msgspec.structs.replace(row, problem=text)
    return msgspec.structs.replace(
        row,
        enrolled=recipe.enroll,
        exception=recipe.exception,
        hold=hold if hold and hold.until > now else None,
    )


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
        f"the last sweep ended {last.ended.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        f" with exit code {last.exit_code}"
        if last
        else "no sweep has ended yet"
    )
    if not status.overdue:
        return when
    return f"error: {when}, none in the last {max_age}; look at the timer and its journal"


def _cells(row: Row) -> tuple[str, ...]:
    last = f"{row.last_outcome} {row.last_tag}".strip()
    return (row.recipe, row.canonical, row.promoted_at[:10], row.retained, last)


def _what(row: Row) -> str:
    if row.problem:
        return row.problem
    if not row.enrolled:
        return f"not enrolled: {row.exception}"
    if row.hold is not None:
        what = f"{row.hold.tag} is held" if row.hold.tag else "held"
        return f"{what} until {row.hold.until:%Y-%m-%d %H:%M}: {row.hold.reason}"
    return row.last_reason


def _remarks(row: Row) -> tuple[str, ...]:
    lost = (f"its data is not kept: {row.without_data}",) if row.without_data else ()
    if row.noted_at is None:
        return lost
    when = f"{row.noted_at.astimezone(UTC):%Y-%m-%d}"
    return (*lost, *(f"{note.code}, noted {when}: {note.text}" for note in row.notes))
