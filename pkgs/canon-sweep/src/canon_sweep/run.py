"""A run as a whole: alone, on a clean host, bounded, and written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from canon_sweep import __version__
from canon_sweep.core.decision import Policy
from canon_sweep.engine.choice import engine_of
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import EXIT_WRONG
from canon_sweep.mirror import sync as mirrors
from canon_sweep.report.records import Entry, Results, exit_code_of, totals_of
from canon_sweep.settings.records import Settings
from canon_sweep.state import lock, runs
from canon_sweep.state.store import State
from canon_sweep.sweep import Progress, each, plan_one, sweep_one
from canon_sweep.world import Reader, RealWorld, countdown


def clock() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Means:
    """What a run is given besides the settings; a story has a calendar for a clock."""

    progress: Progress
    say: Callable[[str], None]
    clock: Callable[[], datetime] = clock
    engine: Engine | None = None


def run_sweep(
    settings: Settings, recipes: Sequence[str], means: Means, *, retry: bool = False
) -> Results:
    """Sweep the named recipes, or all of them if none is named.

    Raises:
        UsageFault: there is no such recipe.
        DeferredFault: another run is at work.
        StateFault: the state folder cannot be used.
    """
    chosen = chosen_recipes(settings, recipes)
    with opened(settings, means) as (world, run):
        started = means.clock()
        entries = each(
            chosen,
            sweep_one,
            world,
            Policy(timedelta(seconds=settings.retry_red_after), retry=retry),
            is_over=lambda: None if world.time_left() > 0 else "maxRuntime is used up",
            progress=means.progress,
        )
        results = results_of("run", chosen, entries, world, started)
        run.write_results(encoded(results))
    return results


def run_plan(settings: Settings, recipes: Sequence[str], means: Means) -> Results:
    """The decisions that `run_sweep` would take now; no mirror, no record is changed.

    Raises:
        UsageFault: there is no such recipe.
    """
    chosen = chosen_recipes(settings, recipes)
    world = looking(settings, means.clock, means.engine)
    started = means.clock()
    policy = Policy(timedelta(seconds=settings.retry_red_after))
    entries = each(chosen, plan_one, world, policy, is_over=lambda: None, progress=means.progress)
    return results_of("plan", chosen, entries, world, started)


@contextmanager
def opened(
    settings: Settings, means: Means, reader: Reader = mirrors.sync
) -> Iterator[tuple[RealWorld, runs.Run]]:
    """The world of a run that may act: locked, with a folder, and cleaned up first.

    Raises:
        DeferredFault: another run is at work.
        StateFault: the state folder cannot be used.
    """
    state = State.of(settings)
    with lock.held(state.folder / "lock"):
        run = runs.begin(state.folder / "runs", means.clock())
        world = RealWorld(
            settings=settings,
            state=state,
            engine=means.engine or engine_of(settings),
            run_id=run.run_id,
            log_of=run.log_of,
            clock=means.clock,
            reader=reader,
            time_left=countdown(settings.max_runtime),
        )
        try:
            world.recover(means.say)
            yield world, run
        finally:
            if state.journal.entries():
                # a teardown failed, or a signal came in the middle of it
                world.recover(means.say)
            run.forget_if_empty()


def looking(
    settings: Settings, clock: Callable[[], datetime], engine: Engine | None = None
) -> RealWorld:
    """A world in which mirrors are only looked at and nothing is logged."""
    return RealWorld(
        settings=settings,
        state=State.of(settings),
        engine=engine or engine_of(settings),
        run_id="",
        log_of=lambda _: runs.Log(None),
        clock=clock,
        reader=mirrors.look,
        blocked="nothing is deployed by a command that only looks",
    )


def chosen_recipes(settings: Settings, recipes: Sequence[str]) -> list[str]:
    """The recipes to go through, in the order of their names; all if none is named.

    Raises:
        UsageFault: one of the names is none of the configuration's.
    """
    for recipe in recipes:
        settings.recipe(recipe)
    return sorted(set(recipes) or settings.recipes)


def results_of(
    command: str,
    chosen: Sequence[str],
    entries: tuple[Entry, ...],
    world: RealWorld,
    started: datetime,
) -> Results:
    """Sum a run up; recipes without a line make it wrong, whatever the lines say."""
    totals = totals_of(entries, world.recovered)
    missing = tuple(sorted(set(chosen) ^ {entry.recipe for entry in entries}))
    return Results(
        run_id=world.run_id,
        command=command,
        engine=world.settings.engine,
        version=__version__,
        started=started,
        ended=world.now(),
        exit_code=exit_code_of(entries, (*missing, *world.problems)) if chosen else EXIT_WRONG,
        noop=totals.is_noop,
        totals=totals,
        entries=entries,
        missing=missing,
        problems=world.problems,
    )


def encoded(results: Results) -> bytes:
    """``results.json``."""
    return msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n"
