"""Cleans up after a run that did not end by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from canon_sweep.core import denial
from canon_sweep.core.canonical import made_elsewhere
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import Fault, HostFault, StateFault
from canon_sweep.harness.discard import check_all_read, discard, discard_previous
from canon_sweep.harness.quick import put_back
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.history import Forgotten
from canon_sweep.state.journal import Deployment, Entry, Journal, Promotion, QuickRun

# the kinds of leftovers that are data, and run no more; see `Engine.leftovers`
_EXISTS = ("volume ", "secret ", "remains of ")


class Unsettled(msgspec.Struct, frozen=True):
    """What an earlier run left and could not be cleaned up.

    What still ``runs`` may disturb any test; what merely exists disturbs its own
    recipe's only.
    """

    recipe: str
    stack: str
    runs: bool
    why: str

    def __str__(self) -> str:
        return f"{self.stack}, left by an earlier run of {self.recipe}: {self.why}"


def recover(
    journal: Journal, canonicals: Canonicals, engine: Engine, say: Callable[[str], None]
) -> tuple[Unsettled, ...]:
    """Finish or undo everything that the journal says was under way.

    Volumes that a record names are never removed.  Stacks that the journal does not
    name are left alone: another canon-sweep may be at work on the same engine.
    Returns each entry that could not be settled; the others were.

    Raises:
        StateFault: the journal cannot be read.
    """
    left = []
    for entry in journal.entries():
        say(f"cleaning up after an interrupted run: {entry.recipe} ({entry.stack})")
        try:
            _settle(entry, journal, canonicals, engine)
        except Exception as error:  # also a bug must not keep the others from being settled
            runs = _may_run(entry.stack, engine)
            left.append(Unsettled(entry.recipe, entry.stack, runs, _why(error)))
    return tuple(left)


def _settle(entry: Entry, journal: Journal, canonicals: Canonicals, engine: Engine) -> None:
    elsewhere = made_elsewhere(entry.engine, engine.name) if entry.engine else ""
    if elsewhere:
        raise HostFault(elsewhere, do="run once more with that engine configured")
    match entry:
        case QuickRun():
            put_back(
                entry,
                engine=engine,
                journal=journal,
                canonicals=canonicals,
                named=partial(check_all_read, canonicals),
            )
        case Promotion():
            record = canonicals.read(entry.recipe)
            if record is not None and record.stack == entry.stack:
                engine.undeploy(entry.stack)
                # the old volumes go: there must be no way back to the old record
                canonicals.flush(entry.recipe)
                canonicals.note_promotion(record)
                discard_previous(entry, engine=engine, journal=journal, canonicals=canonicals)
                return
            if record is None:
                _check_not_lost(entry, canonicals, engine)
            _discard(entry, journal, canonicals, engine)
        case Deployment():
            _discard(entry, journal, canonicals, engine)


def _check_not_lost(entry: Promotion, canonicals: Canonicals, engine: Engine) -> None:
    """See that there never was a record: a promotion puts one in another's place.

    Raises:
        StateFault: there was, and nobody can say whether it was the old or the new one.
    """
    past = canonicals.past(entry.recipe)
    was_there = bool(entry.discarded.volumes or entry.discarded.secrets)
    if was_there and not (past and isinstance(past[-1], Forgotten)):
        engine.undeploy(entry.stack)
        raise StateFault(
            f"the record of {entry.recipe} is gone, and it may name this stack",
            do=f"bring it back; or give it up: canon-sweep forget {entry.recipe} --reason TEXT",
        )


def _why(error: Exception) -> str:
    if isinstance(error, Fault):
        return str(error)
    if exhaustion := denial.exhaustion(error):
        return str(exhaustion)
    kind = str(HostFault(f"{type(error).__name__}: {error}"))
    return f"a bug in canon-sweep ({kind[:300]})"


def _may_run(stack: str, engine: Engine) -> bool:
    """Whether more than data is left of a stack; a doubt is a yes."""
    try:
        parts = engine.leftovers(stack)
    except Exception:
        return True
    return any(not part.startswith(_EXISTS) for part in parts)


def _discard(entry: Entry, journal: Journal, canonicals: Canonicals, engine: Engine) -> None:
    # it must not run on, whatever becomes of its data
    engine.undeploy(entry.stack)
    check_all_read(canonicals)
    discard(entry.recipe, entry.stack, engine=engine, journal=journal, canonicals=canonicals)
