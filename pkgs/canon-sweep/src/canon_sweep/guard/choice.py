"""From the settings to the guards that they ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from canon_sweep.engine.protocol import Engine
from canon_sweep.guard.lockfiles import LockFiles
from canon_sweep.guard.processes import Processes
from canon_sweep.guard.protocol import Guard
from canon_sweep.guard.stacks import Stacks
from canon_sweep.guard.units import Units
from canon_sweep.guard.watch import Watch
from canon_sweep.settings.records import GuardSettings


class Source(NamedTuple):
    """A guard, and the setting that asks for it; ``blinks``: its idle answer has to hold."""

    key: str
    guard: Guard
    blinks: bool = False


def watch_of(settings: GuardSettings, engine: Engine) -> Watch:
    """Everything that the settings say to look at; nothing is asked yet."""
    guards = (_held(source) for source in sources_of(settings, engine))
    return Watch(tuple(guards), settings.wait, settings.poll)


def sources_of(settings: GuardSettings, engine: Engine) -> Iterator[Source]:
    """Each source by itself, to be asked once."""
    # what costs nothing comes first
    if settings.processes:
        yield Source("guard.processes", Processes(settings.processes))
    if settings.lock_files:
        yield Source("guard.lockFiles", LockFiles(settings.lock_files))
    if settings.units:
        yield Source("guard.units", Units(settings.units))
    if settings.stacks:
        yield Source("guard.stacks", Stacks(engine, settings.ignore))
    yield from _servers(settings)


def _held(source: Source) -> Guard:
    if not source.blinks:
        return source.guard
    from canon_sweep.guard.steady import Steady  # noqa: PLC0415 - as below

    return Steady(source.guard)


def _servers(settings: GuardSettings) -> Iterator[Source]:
    if settings.drone is None and settings.woodpecker is None:
        return
    # with the library for HTTP, which takes its time and who has no server does without
    from canon_sweep.guard.drone import Drone  # noqa: PLC0415
    from canon_sweep.guard.server import Server  # noqa: PLC0415
    from canon_sweep.guard.woodpecker import Woodpecker  # noqa: PLC0415

    if settings.drone is not None:
        drone = settings.drone
        server = Server("Drone", drone.url, drone.token_file)
        yield Source("guard.drone", Drone(server), blinks=True)
    if settings.woodpecker is not None:
        woodpecker = settings.woodpecker
        server = Server("Woodpecker", woodpecker.url, woodpecker.token_file)
        yield Source("guard.woodpecker", Woodpecker(server), blinks=True)
