"""The engine's strays: one list for `verify`, which tells them, and `prune`, which removes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.kept import named_by
from canon_sweep.core.stray import COPY, Kind, Stray, made_by_others, not_ours, running, strays
from canon_sweep.engine.protocol import Engine
from canon_sweep.harness.quick import lost_parts
from canon_sweep.state.journal import named_in
from canon_sweep.state.store import State


class Strays(NamedTuple):
    """What nothing names.

    ``unread`` are the recipes whose records cannot be read or are gone, so that volumes and
    secrets are not among it, and ``problems`` is why, a text each; ``others`` counts what
    another canon-sweep has made.
    """

    found: tuple[Stray, ...]
    unread: tuple[str, ...]
    problems: tuple[str, ...]
    others: int


def look(state: State, engine: Engine) -> Strays:
    """Look for what neither records nor journal name.

    Raises:
        HostFault: the engine cannot be asked.
        StateFault: the journal, the folder of all records, a history or the ledger cannot be
            read.
    """
    # in the order in which a run makes things: they are in the journal before they are there,
    # and in a record before they leave the journal
    there = engine.of_ours()
    journal = named_in(state.journal.entries())
    records, problems = state.records()
    unread = tuple(sorted(problems))
    found = strays(there, named_by(records), journal, unread)
    if found:
        # who only looks may do so while a run is on, and takes away what it has made
        still = set(engine.of_ours())
        found = tuple(stray for stray in found if not still.isdisjoint(stray.things))
        old = _out_of_step(records, engine)
        found = tuple(replace(stray, doubt=stray.doubt or old) for stray in found)
    return Strays(found, unread, tuple(problems.values()), made_by_others(there))


def _out_of_step(records: Iterable[Canonical], engine: Engine) -> str:
    """Why what is on the engine may be newer than the records, empty if nothing says so.

    So it is with a state folder that came out of a backup, or was copied: what looks like a
    stray is then what was promoted since.
    """
    for record in records:
        lost = lost_parts(record, engine) if record.kept_by(engine.name) else ()
        if lost:
            return (
                f"the record of {record.recipe} names {lost[0]}, which is gone: the records may"
                " be older than what is here"
            )
    return ""


def remove(stray: Stray, engine: Engine) -> str:
    """Take a stray away; gives why it stays, empty if it is gone.

    A stack goes whole or not at all: where somebody else has put something into it, it stays.

    Raises:
        HostFault: the engine cannot be used, or something still uses it.
    """
    if stray.doubt:
        return stray.doubt
    (first, *_) = stray.things
    if stray.is_data and stray.stack and not first.name.startswith(COPY):
        up = running(engine.leftovers(stray.stack))
        if up:
            return f"its stack is up: {', '.join(up)}"
    if first.kind is Kind.VOLUME:
        engine.remove_volume(first.name)
    elif first.kind is Kind.SECRET:
        engine.remove_secret(first.name)
    else:
        theirs = not_ours(engine.leftovers(stray.stack), engine.of_ours())
        if theirs:
            return f"somebody else has put into it: {', '.join(theirs)}"
        engine.undeploy(stray.stack)
    left = set(stray.things) & set(engine.of_ours())
    return f"still there: {', '.join(map(str, sorted(left)))}" if left else ""
