"""The one place where settings become parts; it joins them and does nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from canon_sweep.engine.choice import engine_of
from canon_sweep.engine.protocol import Engine
from canon_sweep.guard.choice import watch_of
from canon_sweep.guard.watch import Watch
from canon_sweep.job.ground import Ground
from canon_sweep.job.present import Present
from canon_sweep.job.records import Records
from canon_sweep.job.room import Room
from canon_sweep.job.sources import Mirrors, Sources
from canon_sweep.job.trials import Trials
from canon_sweep.settings.records import Settings
from canon_sweep.state import runs
from canon_sweep.state.images import Pulls
from canon_sweep.state.lock import Turn
from canon_sweep.state.runs import Log
from canon_sweep.state.store import State
from canon_sweep.world import Progress, World


def clock() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


class Surroundings(msgspec.Struct, frozen=True):
    """What a command is given besides the settings; a story has a calendar for a clock."""

    progress: Progress
    say: Callable[[str], None]
    clock: Callable[[], datetime] = clock
    engine: Engine | None = None


class Parts(msgspec.Struct, frozen=True):
    """Everything that a command's job is made of, joined."""

    settings: Settings
    state: State
    engine: Engine
    sources: Sources
    records: Records
    ground: Ground
    room: Room
    trials: Trials
    watch: Watch
    world: World
    run_id: str
    turn: Turn | None = None

    @property
    def may_act(self) -> bool:
        """Whether it is our turn: a sweep that let somebody in may have none any more."""
        return self.turn is not None and self.turn.is_ours


def parts_to_act(
    settings: Settings,
    around: Surroundings,
    state: State,
    run: runs.Run,
    mirrors: Mirrors,
    *,
    turn: Turn,
) -> Parts:
    """The parts of a command that may act; its time runs from now.

    Raises:
        StateFault: which canon-sweep this is cannot be read or written.
    """
    pulls = Pulls(state.images, around.clock)
    engine = around.engine or engine_of(settings, state.home.make(), pulls)
    time_left = countdown(settings.max_runtime)
    ground = Ground(settings, state, engine, run.log_of, around.say, time_left)
    return replace(_joined(settings, around, ground, mirrors, run.run_id), turn=turn)


def parts_to_look(settings: Settings, around: Surroundings) -> Parts:
    """The parts of a command that only looks: mirrors stay as they are, nothing is logged.

    Raises:
        StateFault: which canon-sweep this is cannot be read.
    """
    state = State.of(settings)
    engine = around.engine or engine_of(settings, state.home.read())
    ground = Ground(settings, state, engine, lambda _: Log(None), around.say)
    return _joined(settings, around, ground, Mirrors.LEFT, "")


def countdown(seconds: float) -> Callable[[], float]:
    """How many of the seconds from now are left, whenever it is asked; below 0 later."""
    deadline = time.monotonic() + seconds
    return lambda: deadline - time.monotonic()


def _joined(
    settings: Settings, around: Surroundings, ground: Ground, mirrors: Mirrors, run_id: str
) -> Parts:
    def say(recipe: str, text: str) -> None:
        ground.log_of(recipe).say(text)

    sources = Sources(settings, say, mirrors)
    if settings.forge is not None:
        # who names no forge does without what asks one
        from canon_sweep.job.pulls import pulls_of  # noqa: PLC0415

        sources.pulls = pulls_of(settings, ground.state.looks, say, only_looks=sources.only_looks)
    records = Records(ground.state, sources, ground.engine, Present(ground.engine))
    room = Room(settings, ground.state, ground.engine, around.clock, around.say)
    trials = Trials(settings, sources, ground, room, around.clock, run_id)
    world = World(sources=sources, records=records, trials=trials, say=say, now=around.clock)
    return Parts(
        settings=settings,
        state=ground.state,
        engine=ground.engine,
        sources=sources,
        records=records,
        ground=ground,
        room=room,
        trials=trials,
        watch=watch_of(settings.guard, ground.engine),
        world=world,
        run_id=run_id,
    )
