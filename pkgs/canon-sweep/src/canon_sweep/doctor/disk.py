"""Room: where the state and the clones are, and where the engine keeps volumes and images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from canon_sweep import disk
from canon_sweep.core.checkup import Check, fail, ok, unknown, warn
from canon_sweep.core.space import Bounds, Mark, Space, is_full, shortage, shown
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault
from canon_sweep.settings.records import Settings

_SCARCE = 1024**3
"""In bytes: a run's log, a record and a clone find room in less, for a while."""
_STEP = "make room; canon-sweep budget shows who takes what, canon-sweep prune removes what is old"


def disk_checks(settings: Settings, engine: Engine) -> Iterator[Check]:
    """How much is free, beside what the settings ask for."""
    for key, folder in (("stateDir", settings.state_dir), ("cacheDir", settings.cache_dir)):
        yield _own(f"{key}.disk", folder)
    yield _engines(settings, engine)


def _own(subject: str, folder: Path) -> Check:
    space = disk.space_of(folder)
    if space is None:
        return unknown(subject, f"nobody can say how much is free where {folder} is")
    if is_full(space):
        return fail(subject, f"{space} are free where {folder} is", "make room on that disk: df -h")
    if space.free < _SCARCE:
        return warn(subject, f"{space} are free where {folder} is", "make room on that disk: df -h")
    return ok(subject, f"{space} are free where {folder} is")


def _engines(settings: Settings, engine: Engine) -> Check:
    bounds = Bounds(settings.disk.min_free, settings.disk.floor)
    try:
        space = engine.space()
    except HostFault as fault:
        return unknown("disk", f"how much is free on the engine's disk: {fault.what}", fault.do)
    if space is None:
        found = "nobody can say how much is free on the engine's disk"
        if bounds.are_set:
            return fail(
                "disk", found, "let the service see it, or leave out disk.minFree and floor"
            )
        # by design, where the engine is on another machine: nothing relies on it
        return warn("disk", found, "run canon-sweep beside that engine to have disk.minFree")
    return _judged(space, bounds, settings)


def _judged(space: Space, bounds: Bounds, settings: Settings) -> Check:
    found = f"{space} are free on the engine's disk"
    if is_full(space):
        return fail("disk", found, _STEP)
    # by what a recipe is reckoned with of which nothing is known; `budget` knows more
    why = shortage(space, bounds, Mark(settings.disk.assumed_peak, known=False))
    if why:
        least = settings.disk.min_free or 0
        is_below = space.free < max(least, settings.disk.floor or 0)
        return (fail if is_below else warn)("disk", why, _STEP)
    set_ = [("minFree", bounds.min_free), ("floor", bounds.floor), ("budget", settings.disk.budget)]
    asked = [f"disk.{key} is {shown(value)}" for key, value in set_ if value is not None]
    return ok("disk", "; ".join([found, *asked]))
