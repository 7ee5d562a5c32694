"""What is under way right now, so that the next run can clean up after a crash.

An entry is written before the thing that it tells of is done, and taken away
after that is undone or made permanent.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from canon_sweep.core import names
from canon_sweep.core.kept import Named
from canon_sweep.core.stray import COPY
from canon_sweep.state import lock, register


class Deployment(msgspec.Struct, frozen=True, kw_only=True, tag="deployment"):
    """A test's stack: to be torn down with its volumes and secrets."""

    recipe: str
    stack: str
    engine: str = ""


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """What a replaced canonical leaves behind."""

    volumes: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class Promotion(msgspec.Struct, frozen=True, kw_only=True, tag="promotion"):
    """A stack that is becoming the canonical.

    Once the record names ``stack``, the previous canonical's ``discarded`` is to
    be removed; until then the stack is.
    """

    recipe: str
    stack: str
    discarded: Discarded
    engine: str = ""


class QuickRun(msgspec.Struct, frozen=True, kw_only=True, tag="quick"):
    """A canonical that is in use: its volumes are to be put back from ``snapshots``.

    ``complete`` is false while the snapshots are being made: the volumes are
    untouched then, and the snapshots are to be removed.
    """

    recipe: str
    stack: str
    snapshots: dict[str, str]
    secrets: tuple[str, ...] = ()
    complete: bool = False
    engine: str = ""


Entry = Deployment | Promotion | QuickRun


def unfinished(entry: Entry) -> str:
    """An entry for who finds it while no run is at work; with the next step."""
    match entry:
        case Deployment():
            what, then = "was being tested or taken away", "removes what no record names"
        case Promotion():
            what, then = "was becoming the canonical", "ends or undoes that"
        case QuickRun():
            what, then = "was in use by a quick run", "puts it back"
    return (
        f"stack {entry.stack} of {entry.recipe} {what} when a run was broken off:"
        f" canon-sweep recover {then}"
    )


def named_in(entries: Iterable[Entry]) -> Named:
    """All that is under way, with what is still to be removed and what is to be put back."""
    volumes: set[str] = set()
    secrets: set[str] = set()
    stacks: set[str] = set()
    for entry in entries:
        stacks.add(entry.stack)
        match entry:
            case Promotion():
                volumes.update(entry.discarded.volumes)
                secrets.update(entry.discarded.secrets)
            case QuickRun():
                volumes.update(entry.snapshots, entry.snapshots.values())
                secrets.update(entry.secrets)
    return Named(frozenset(volumes), frozenset(secrets), frozenset(stacks))


_ENTRIES: msgspec.json.Decoder[dict[str, Entry]] = msgspec.json.Decoder(dict[str, Entry])
_ADVICE = "look for stacks left running, then remove it"


class Journal(msgspec.Struct, frozen=True):
    """``journal.json``: at most one entry a stack."""

    path: Path

    def entries(self) -> tuple[Entry, ...]:
        """What is under way, in the order of the stacks' names.

        Raises:
            StateFault: the journal cannot be read.
        """
        return tuple(entry for _, entry in sorted(self._read().items()))

    def put(self, entry: Entry) -> None:
        """Write down what is about to be done, in place of the stack's earlier entry.

        Raises:
            StateFault: it was not written, so nothing may be done.
        """
        with lock.changing(self.path):
            self._write(self._read() | {entry.stack: entry})

    def drop(self, stack: str) -> None:
        """Forget a stack: nothing of it is left to clean up.

        Raises:
            StateFault: the journal cannot be read or written.
        """
        with lock.changing(self.path):
            entries = self._read()
            if entries.pop(stack, None) is not None:
                self._write(entries)

    def _read(self) -> dict[str, Entry]:
        return register.read(self.path, _ENTRIES, what="journal", do=_ADVICE, problem=_problem)

    def _write(self, entries: dict[str, Entry]) -> None:
        register.write(self.path, entries)


def _problem(stack: str, entry: Entry) -> str | None:
    if entry.stack != stack:
        return f"{names.printable(stack)} has the entry of {names.printable(entry.stack)}"
    if isinstance(entry, QuickRun):
        # what it names is written over, or removed, whoever has it
        for volume, copy in entry.snapshots.items():
            if not volume.startswith(f"{stack}_") or copy != f"{COPY}{volume}":
                shown = f"{names.printable(volume)} and {names.printable(copy)}"
                return f"the quick run of {names.printable(stack)} has others' volumes: {shown}"
    return names.stack_problem(stack) or names.recipe_problem(entry.recipe)
