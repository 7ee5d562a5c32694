"""Cleans up after a run that did not end by itself."""

from __future__ import annotations

from collections.abc import Callable

from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import Fault, HostFault
from canon_sweep.harness.discard import discard
from canon_sweep.harness.promote import discard_previous
from canon_sweep.harness.quick import put_back
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Deployment, Entry, Journal, Promotion, QuickRun


def recover(
    journal: Journal, canonicals: Canonicals, engine: Engine, say: Callable[[str], None]
) -> tuple[str, ...]:
    """Finish or undo everything that the journal says was under way.

    Volumes that a record names are never removed.  Stacks that the journal does not
    name are left alone: another canon-sweep may be at work on the same engine.
    Returns a text for each entry that could not be settled; the others were.

    Raises:
        StateFault: the journal cannot be read.
    """
    problems = []
    for entry in journal.entries():
        say(f"cleaning up after an interrupted run: {entry.recipe} ({entry.stack})")
        try:
            _settle(entry, journal, canonicals, engine)
        except Fault as fault:
            problems.append(f"{entry.stack}, left by an earlier run of {entry.recipe}: {fault}")
    return tuple(problems)


def _settle(entry: Entry, journal: Journal, canonicals: Canonicals, engine: Engine) -> None:
    if entry.engine and entry.engine != engine.name:
        raise HostFault(
            f"it is on the {entry.engine} engine", do="run once more with that engine configured"
        )
    match entry:
        case QuickRun():
            put_back(entry, engine, journal)
        case Promotion():
            record = canonicals.read(entry.recipe)
            if record is not None and record.stack == entry.stack:
                engine.undeploy(entry.stack)
                # the old volumes go: there must be no way back to the old record
                canonicals.flush(entry.recipe)
                canonicals.note_promotion(record)
                discard_previous(entry, engine, journal)
                return
            _discard(entry, journal, canonicals, engine)
        case Deployment():
            _discard(entry, journal, canonicals, engine)


def _discard(entry: Entry, journal: Journal, canonicals: Canonicals, engine: Engine) -> None:
    discard(entry.recipe, entry.stack, engine=engine, journal=journal, canonicals=canonicals)
