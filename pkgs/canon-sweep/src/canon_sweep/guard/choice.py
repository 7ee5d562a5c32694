"""From the settings to the guards that they ask for."""

from __future__ import annotations

from collections.abc import Iterator

from canon_sweep.engine.protocol import Engine
from canon_sweep.guard.lockfiles import LockFiles
from canon_sweep.guard.processes import Processes
from canon_sweep.guard.protocol import Guard
from canon_sweep.guard.stacks import Stacks
from canon_sweep.guard.units import Units
from canon_sweep.guard.watch import Watch
from canon_sweep.settings.records import GuardSettings


def watch_of(settings: GuardSettings, engine: Engine) -> Watch:
    """Everything that the settings say to look at; nothing is asked yet."""
    return Watch(tuple(_guards(settings, engine)), settings.wait, settings.poll)


def _guards(settings: GuardSettings, engine: Engine) -> Iterator[Guard]:
    # what costs nothing comes first
    if settings.processes:
        yield Processes(settings.processes)
    if settings.lock_files:
        yield LockFiles(settings.lock_files)
    if settings.units:
        yield Units(settings.units)
    if settings.stacks:
        yield Stacks(engine, settings.ignore)
    yield from _servers(settings)


def _servers(settings: GuardSettings) -> Iterator[Guard]:
    if settings.drone is None and settings.woodpecker is None:
        return
    # with the library for HTTP, which takes its time and who has no server does without
    from canon_sweep.guard.drone import Drone  # noqa: PLC0415
    from canon_sweep.guard.server import Server  # noqa: PLC0415
    from canon_sweep.guard.steady import Steady  # noqa: PLC0415
    from canon_sweep.guard.woodpecker import Woodpecker  # noqa: PLC0415

    if settings.drone is not None:
        drone = settings.drone
        yield Steady(Drone(Server("Drone", drone.url, drone.token_file)))
    if settings.woodpecker is not None:
        woodpecker = settings.woodpecker
        yield Steady(Woodpecker(Server("Woodpecker", woodpecker.url, woodpecker.token_file)))
