"""What the state folder says of every recipe, as it stands now."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import msgspec

from canon_sweep.core import override
from canon_sweep.core.adoption import NOT_FOLLOWED
from canon_sweep.core.attempts import newest_known
from canon_sweep.core.budget import OVER, RECORD_ONLY
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Note, unheld
from canon_sweep.core.hold import Hold, has_ended
from canon_sweep.core.version import Version
from canon_sweep.core.waiting import sentences
from canon_sweep.errors import StateFault
from canon_sweep.job.atwork import at_work
from canon_sweep.job.foreign import followed_of
from canon_sweep.job.needed import known_of, why_needed
from canon_sweep.report.records import LOST
from canon_sweep.settings.inforce import InForce, in_force
from canon_sweep.settings.records import Settings
from canon_sweep.state import runs
from canon_sweep.state.attempts import Attempts
from canon_sweep.state.guests import staying
from canon_sweep.state.journal import unfinished
from canon_sweep.state.store import State

T = TypeVar("T")

_OF_THE_CANONICAL = frozenset({LOST, "tag-moved", "canonical-ahead"})
# read here too, as it is now
_READ_HERE = frozenset({OVER, RECORD_ONLY, "history", NOT_FOLLOWED, *override.NOTES})


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe as the state folder knows it.

    ``adopted`` is a canonical that another tool has made and no run of ours has proven;
    ``not_followed`` says of a record of another tool's that it is none; ``without_data`` is
    why its canonical's data was given up, with what brings it back; ``notes`` are those of the
    last run that has looked at it, which ended at ``noted_at``; ``overrides`` is what is to be
    said of the ends of its exception, hold, N/As and pin.
    """

    recipe: str
    enrolled: bool
    exception: str = ""
    canonical: str = ""
    adopted: bool = False
    not_followed: str = ""
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
    overrides: tuple[Note, ...] = ()
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


def status_of(settings: Settings, state: State, max_age: timedelta | None, now: datetime) -> Status:
    """Read everything that the state folder says; what cannot be read is a problem of its own.

    ``max_age`` is how long after its end the last run over all recipes is overdue.

    Raises:
        StateFault: nothing of it can be read.
    """
    last_sweep, noted = runs.past(state.folder / "runs", now)
    attempts = state.ledger.index()
    records, unreadable = state.current.read_all()
    broken = unreadable | _gone(settings, state)
    problems: list[str] = []
    holds = _read(state.holds.read, problems) or {}
    entries = _read(state.journal.entries, problems) or ()
    guests = _read(state.guests.entries, problems) or ()
    waiting = _read(state.waiting.read, problems) or {}
    rows = []
    for name in sorted({*settings.recipes, *records, *broken}):
        record = records.get(name)
        row = Row(
            recipe=name,
            enrolled=False,
            canonical=record.release_tag if record else "",
            adopted=record is not None and record.is_adopted,
            promoted_at=(record.promoted_at or record.ts) if record else "",
            retained=record.retained if record else "",
            without_data=record.data_lost if record else "",
            not_followed="" if name in broken else _not_followed(state, name),
            problem=broken.get(name) or _history_problem(state, name),
        )
        row = _noted(row, noted.get(name), record)
        row = _attempted(row, attempts)
        if name not in settings.recipes:
            rows.append(_forgotten(row))
            continue
        own = settings.recipe(name)
        newest = newest_known(own.tag_rule, record, attempts.of(name))
        known = partial(known_of, name, own, state, record, None)
        needed = why_needed(own, now.date(), newest, known)
        now_so = in_force(own, now.date(), newest, needed)
        rows.append(_configured(row, now_so, holds.get(name), newest, now))
    running = at_work(state)
    # what it is at is neither left over, nor is anybody not reached by it yet
    unsettled = (running,) if running else tuple(map(unfinished, entries))
    is_old = last_sweep is None or (max_age is not None and now - last_sweep.ended > max_age)
    return Status(
        last_sweep=last_sweep,
        overdue=max_age is not None and is_old,
        unfinished=(*unsettled, *map(staying, guests)),
        waiting=() if running else sentences(waiting.values(), now),
        problems=(*problems, *attempts.problems),
        recipes=tuple(rows),
    )


def _gone(settings: Settings, state: State) -> dict[str, str]:
    """Why a record is not there that should be, by recipe."""
    # a history that cannot be read, so that nobody can say, is a problem of its recipe's
    with suppress(StateFault):
        return _out_of_sight(settings, state) | state.lost()
    return {}


def _out_of_sight(settings: Settings, state: State) -> dict[str, str]:
    gone = {}
    for name in settings.recipes:
        try:
            state.check_in_sight(name)
        except StateFault as fault:
            gone[name] = str(fault)
    return gone


def _read(read: Callable[[], T], problems: list[str]) -> T | None:
    """What a file says; None, and one problem more, if it cannot be read."""
    try:
        return read()
    except StateFault as fault:
        problems.append(str(fault))
        return None


def _not_followed(state: State, name: str) -> str:
    """Of another tool's record, as far as is known without asking upstream."""
    try:
        note = followed_of(state, name, None)[1]
    except StateFault:
        return ""  # it is told as a problem of all that is read
    return note.text if note is not None else ""


def _history_problem(state: State, name: str) -> str:
    try:
        return "; ".join(state.current.history_problems(name))
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


def _attempted(row: Row, attempts: Attempts) -> Row:
    last = attempts.last_of(row.recipe)
    if last is None:
        return row
    return msgspec.structs.replace(
        row,
        last_outcome=str(last.outcome),
        last_tag=last.key.tag or last.key.commit[:12],
        last_at=last.ts,
        last_reason=last.reason,
    )


def _forgotten(row: Row) -> Row:
    """Of a recipe that is in the configuration no more."""
    forget = f"canon-sweep forget {row.recipe} --reason … takes it back"
    problems = [row.problem] if row.problem else []
    text = "; ".join([*problems, f"not in the configuration; {forget}"])
    return msgspec.structs.replace(row, problem=text)


def _configured(
    row: Row, recipe: InForce, hold: Hold | None, newest: Version | None, now: datetime
) -> Row:
    rule, why = recipe.settings.tag_rule, recipe.settings.excepted
    ended = hold is not None and has_ended(hold, newest, now, rule)
    return msgspec.structs.replace(
        row,
        enrolled=why is None,
        exception="" if why is None else why.sentence,
        hold=None if ended else hold,
        overrides=(*recipe.notes, *(unheld(hold) if hold and ended else ())),
    )
