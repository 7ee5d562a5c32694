"""A sweep's turns, kept on disk as it goes: what is not reached may be taken up by a resume."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
from msgspec import structs
from msgspec.structs import replace

from canon_sweep.core.decision import Code, Policy
from canon_sweep.core.turn import in_turn
from canon_sweep.core.waiting import Waiting, weeks_note
from canon_sweep.errors import StateFault
from canon_sweep.report.records import Entry
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings
from canon_sweep.state.store import State
from canon_sweep.sweep import sweep_one
from canon_sweep.world import Progress, World

# seconds; each writing flushes a disk
_MOMENT = 1.0


class Turns(msgspec.Struct):
    """Strikes each recipe off the list as soon as it was reached; is told as a `Progress`.

    A list that cannot be read or written costs no test, but makes the run wrong, as
    ``problems`` says.  ``due`` are those whose red is to be tried once more: they stay on the
    list meanwhile, and so do those whose rerun was ``kept_off``, for a resume.

    A recipe for which nothing is done is struck off with the next one for which something is,
    or a moment later: a kill before that costs a resume that looks at it again.
    """

    state: State
    progress: Progress
    problems: tuple[str, ...] = ()
    due: Container[str] = ()
    kept_off: Container[str] = ()
    _begun: set[str] = msgspec.field(default_factory=set)
    _at_work: str = ""
    _acts: bool = False
    _had: list[str] = msgspec.field(default_factory=list)
    _struck_at: float = -math.inf
    _anew: frozenset[str] = frozenset()

    def begins(self, recipe: str) -> None:
        """As `world.Progress`."""
        self._begun.add(recipe)
        self._at_work, self._acts = recipe, False
        self.progress.begins(recipe)

    def acts(self) -> None:
        """Something is about to be done for the recipe whose turn it is.

        What it is done with may end this process: the list has it before.
        """
        if self._at_work and not self._acts:
            self._acts = True
            self.strike(self._at_work)

    def ended(self, entry: Entry) -> None:
        """As `world.Progress`."""
        self.progress.ended(entry)
        self._at_work = ""
        if entry.recipe in self.due or entry.recipe in self.kept_off:
            self._keep(lambda: self.state.waiting.again(entry.recipe))
        elif not self._left(entry):
            self._had.append(entry.recipe)
            if self._acts or time.monotonic() - self._struck_at > _MOMENT:
                self.strike()

    def strike(self, begun: str = "") -> None:
        """Take off the list who has had his turn, and note whose has begun."""
        had, self._had = self._had, []
        self._struck_at = time.monotonic()
        if had or begun:
            self._keep(lambda: self.state.waiting.turned(had, begun))

    def begin(
        self, recipes: Sequence[Recipe], settings: Settings, started: datetime, *, retry: bool
    ) -> None:
        """Let a sweep of all recipes begin now; it takes the place of an earlier one."""
        self._keep(lambda: begin(self.state, recipes, settings, started, retry=retry))

    def ordered(self, recipes: Sequence[Recipe]) -> list[Recipe]:
        """The recipes in the order of their turns."""
        named = {recipe.name: recipe for recipe in recipes}
        waiting = self._waiting()
        since = {name: entry.since for name, entry in waiting.items()}
        begun = {name for name, entry in waiting.items() if entry.begun}
        self._anew = frozenset(n for n, entry in waiting.items() if entry.again or entry.retry)
        attempts = self.state.ledger.index().all
        return [named[name] for name in in_turn(named, attempts, since, begun)]

    def step(self, recipe: Recipe, world: World, policy: Policy) -> Entry:
        """As `sweep_one`; known reds too, where the sweep was to test them again.

        A red that nobody came to try once more is no known one.
        """
        if recipe.name in self._anew:
            policy = replace(policy, retry=True)
        return sweep_one(recipe, world, policy)

    def closed(self, entries: Sequence[Entry], now: datetime) -> tuple[Entry, ...]:
        """The lines, with what is to be said of who was put off for weeks.

        Why each was is remembered; and once nothing takes them up any more, that is a
        problem, once.
        """
        waiting = self._waiting()
        why = {entry.recipe: _reason(entry) for entry in entries if self._left(entry)}
        self._keep(lambda: self._put_off(why, now))
        return tuple(_with_weeks(entry, waiting.get(entry.recipe)) for entry in entries)

    def _left(self, entry: Entry) -> bool:
        not_tested = entry.is_deferred or entry.is_unbegun
        return not_tested or entry.recipe not in self._begun

    def _put_off(self, why: Mapping[str, tuple[Code, str]], now: datetime) -> None:
        over = self.state.waiting.put_off(why, now)
        if over:
            until = max(entry.until for entry in over if entry.until)
            who = ", ".join(entry.recipe for entry in over)
            ended = f"{until:%-d %B %Y %H:%M} UTC"
            self.problems += (f"not reached until {ended}, when retryWindow was over: {who}",)

    def _waiting(self) -> dict[str, Waiting]:
        # what is wrong with the list is a problem of the run's already
        with suppress(StateFault):
            return self.state.waiting.read()
        return {}

    def _keep(self, change: Callable[[], object]) -> None:
        try:
            change()
        except StateFault as fault:
            if str(fault) not in self.problems:
                self.problems += (str(fault),)


def begin(
    state: State,
    recipes: Sequence[Recipe],
    settings: Settings,
    started: datetime,
    *,
    retry: bool,
) -> dict[str, Waiting]:
    """Note that these recipes, as far as they are enrolled, are to have their turn; who waits now.

    Raises:
        StateFault: it cannot be noted.
    """
    enrolled = [recipe.name for recipe in recipes if not recipe.stays_out]
    window = timedelta(seconds=settings.retry_window)
    return state.waiting.begin(enrolled, started, started + window, retry=retry)


def _reason(entry: Entry) -> tuple[Code, str]:
    """Why it waits still; what kept its test from being begun is in flight on this host."""
    if entry.is_unbegun:
        return Code.IN_FLIGHT, f"not reached: {entry.reason}"
    return entry.code, entry.sentence


def _with_weeks(entry: Entry, waiting: Waiting | None) -> Entry:
    if waiting is None or not entry.is_deferred:
        return entry
    note = weeks_note(waiting)
    notes = entry.notes if note is None else (*entry.notes, note)
    return structs.replace(entry, deferred_weeks=waiting.weeks, notes=notes)
