"""The results of a sweep as records: ``results.json`` is made from these alone."""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable
from datetime import datetime

import msgspec

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.budget import OVER
from canon_sweep.core.decision import DEFERRED, Code, Note
from canon_sweep.core.gate import Failed
from canon_sweep.core.image import Image
from canon_sweep.core.pull import REFUSED
from canon_sweep.core.result import BrokenBase, TierResult
from canon_sweep.core.shown import UNASKED
from canon_sweep.core.waiting import WRONG_FROM
from canon_sweep.errors import EXIT_DEFERRED, EXIT_DONE, EXIT_USAGE, EXIT_WRONG

SCHEMA = 1
LOST = "canonical-lost"
"""The note of a canonical whose volume or secret is gone: its record is not whole."""


_WRONG = frozenset(
    {Code.SYNC_ERROR, Code.HOST_ERROR, Code.INTERNAL_ERROR, Code.OUT_OF_TIME, Code.DISK}
)


class Ignored(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that is no release, and why."""

    tag: str
    reason: str


class Sync(msgspec.Struct, frozen=True, kw_only=True):
    """What the mirror's sync did; ``deleted`` maps a tag to the object that it named.

    ``overwritten`` maps a ref that was pushed to the object that the mirror had before.

    ``closed`` has the pull requests that were closed, by number, with the reason; ``made`` is
    whether the mirror itself was made.

    ``differs`` has the refs in which a mirror that was only looked at is not what
    upstream is, and ``merged`` the open pull requests that a sweep would close.
    """

    main: str
    fetched: bool = False
    pushed: tuple[str, ...] = ()
    deleted: dict[str, str] = {}
    overwritten: dict[str, str] = {}
    differs: tuple[str, ...] = ()
    closed: dict[int, str] = {}
    made: bool = False
    merged: dict[int, str] = {}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe's line: what was decided and why, and how its test ended, if any.

    ``deferred_weeks`` is in the how manyeth week running it was not reached; 0 if it was.
    ``canonical`` is the canonical's tag after the run, ``adopted`` whether another tool has
    made it and no run of ours has proven it; ``stepped_back`` is whether the same-version guard
    fired: the canonical has the very version under test, and an older release was upgraded
    from; ``without_pin`` whether somebody asked for a test as if the recipe's pin were gone,
    ``quick`` for one on the canonical's own data;
    ``deploys`` counts every start or update of a stack; ``seconds`` is all the time that the
    recipe took; ``images`` are what the version was run with.  Of a red, ``repeat`` is the
    command that tests it once more, and ``again`` how it was at first, if it was tried again.
    """

    recipe: str
    code: Code
    sentence: str
    outcome: Outcome | None = None
    reason: str = ""
    tag: str = ""
    commit: str = ""
    canonical: str = ""
    adopted: bool = False
    base: str | None = None
    broken_bases: tuple[BrokenBase, ...] = ()
    stepped_back: bool = False
    without_pin: bool = False
    quick: bool = False
    tiers: tuple[TierResult, ...] = ()
    images: tuple[Image, ...] = ()
    refused: tuple[Failed, ...] = ()
    attempts: int = 0
    flaky: bool = False
    again: str = ""
    repeat: str = ""
    notes: tuple[Note, ...] = ()
    ignored_tags: tuple[Ignored, ...] = ()
    sync: Sync | None = None
    deploys: int = 0
    canonical_writes: int = 0
    seconds: float = 0.0
    deferred_weeks: int = 0

    @property
    def is_deferred(self) -> bool:
        """Whether it was not reached, or only begun."""
        return self.code in DEFERRED

    @property
    def is_unbegun(self) -> bool:
        """Whether its test was due and not begun.

        There was no engine, or what was left of another test was in its way.
        """
        return self.outcome is Outcome.INFRA and not self.attempts

    @property
    def is_wrong(self) -> bool:
        """Whether the run may not end as if all were well."""
        return (
            self.code in _WRONG
            or self.deferred_weeks >= WRONG_FROM
            or self.outcome not in (None, Outcome.PROMOTED, Outcome.PASSED)
            or any(note.code in (OVER, REFUSED, UNASKED) for note in self.notes)
            or (self.outcome is None and any(note.code == LOST for note in self.notes))
        )

    @property
    def verdict(self) -> str:
        """The one code to show: how a test ended, else what was decided."""
        return str(self.outcome or self.code)

    @property
    def why(self) -> str:
        """The one sentence to show."""
        return self.reason or self.sentence


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run did to the world; all zero is a no-op.

    ``recovered`` counts what an earlier run had left and this one cleaned up, ``unbegun`` the
    tests that were due and could not be begun.
    """

    tested: int
    deploys: int
    pushed_refs: int
    canonical_writes: int
    recovered: int = 0
    closed_pulls: int = 0
    unbegun: int = 0

    @property
    def is_noop(self) -> bool:
        """Whether nothing at all was due, tested, pushed, closed or written to a canonical."""
        tested = (self.tested, self.unbegun, self.deploys)
        told = (self.pushed_refs, self.closed_pulls)
        return not any((*tested, *told, self.canonical_writes, self.recovered))


class PreStep(msgspec.Struct, frozen=True, kw_only=True):
    """A command that ran before the first recipe, and how it ended.

    ``exit_code`` is None where it did not end by itself; ``why`` then has the cause.
    """

    command: tuple[str, ...]
    exit_code: int | None
    why: str = ""
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether it did anything else than end with 0."""
        return self.exit_code != 0

    @property
    def sentence(self) -> str:
        """How it ended, on one line."""
        end = self.why or f"ended with exit code {self.exit_code}"
        return f"preSweep: {shlex.join(self.command)} {end}"


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run; a resume is a run too, of what a sweep had not reached.

    ``named`` are the recipes that somebody asked for, none of them if it was all.
    ``pre_sweep`` is what was run before them.
    ``missing`` are recipes without a line, ``problems`` what is left and could not be
    cleaned up; each of them makes the run wrong.  ``hollow`` says why nothing at all
    was decided anew, if so.  ``stepped_back`` are the recipes for which the same-version guard
    fired: in a sweep none, as nothing is tested there but what is newer than the canonical.
    """

    schema: int = SCHEMA
    run_id: str
    command: str
    engine: str
    version: str
    started: datetime
    ended: datetime
    exit_code: int
    noop: bool
    totals: Totals
    entries: tuple[Entry, ...]
    named: tuple[str, ...] = ()
    pre_sweep: tuple[PreStep, ...] = ()
    missing: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    hollow: str = ""
    stepped_back: tuple[str, ...] = ()


def totals_of(entries: Iterable[Entry], recovered: int = 0) -> Totals:
    """Add up what was done."""
    entries = list(entries)
    syncs = [entry.sync for entry in entries if entry.sync is not None]
    return Totals(
        tested=sum(entry.outcome is not None and not entry.is_unbegun for entry in entries),
        unbegun=sum(entry.is_unbegun for entry in entries),
        deploys=sum(entry.deploys for entry in entries),
        pushed_refs=sum(len(sync.pushed) + len(sync.deleted) for sync in syncs),
        canonical_writes=sum(entry.canonical_writes for entry in entries),
        recovered=recovered,
        closed_pulls=sum(len(sync.closed) for sync in syncs),
    )


def hollow_of(entries: Iterable[Entry]) -> str:
    """Why a run decided nothing anew: every recipe that it was asked for stays out; else empty."""
    entries = list(entries)
    if not entries or any(entry.code not in (Code.HELD, Code.EXCEPTED) for entry in entries):
        return ""
    return "; ".join(f"{entry.recipe} {entry.sentence}" for entry in entries)


def tested_again(results: Results) -> tuple[str, ...]:
    """Why a second run at once is not a no-op: the recipes whose test said nothing.

    What a person has tested by hand says nothing of what the next run will do.
    """
    if results.command == "test":
        return ()
    return tuple(
        f"{entry.recipe} will be tested again: infra says nothing of the recipe,"
        " so it is not remembered"
        for entry in results.entries
        if entry.outcome is Outcome.INFRA
    )


def exit_code_of(entries: Iterable[Entry], wrong: Iterable[str] = (), hollow: str = "") -> int:
    """What the process ends with: wrong outranks hollow, and hollow outranks deferred."""
    entries = list(entries)
    if any(entry.is_wrong for entry in entries) or list(wrong):
        return EXIT_WRONG
    if hollow:
        return EXIT_USAGE
    deferred = any(entry.code is Code.IN_FLIGHT for entry in entries)
    return EXIT_DEFERRED if deferred else EXIT_DONE


def exit_code_of_resume(
    entries: Iterable[Entry], wrong: Iterable[str] = (), known: Container[str] = ()
) -> int:
    """As `exit_code_of`; what is put off once more is deferred, whatever keeps it waiting.

    The sweep has told of it, and of the end of its window a problem does: a resume that is
    tried each half hour need not be wrong each time.  So it is with what is wrong and was
    ``known`` when it began, as long as that keeps somebody waiting.
    """
    entries = list(entries)
    reached = [entry for entry in entries if not (entry.is_deferred or entry.is_unbegun)]
    if len(reached) == len(entries):
        return exit_code_of(reached, wrong)
    code = exit_code_of(reached, (each for each in wrong if each not in known))
    return EXIT_DEFERRED if code == EXIT_DONE else code
