"""Kills in each tier, before whatever it has the engine do; the run's own log says which is on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from typing import Any

import pytest

from canon_sweep.core.result import OURS, Status
from canon_sweep.engine.choice import engine_of
from canon_sweep.engine.protocol import Engine
from canon_sweep.job import wiring
from stories.engines import LastWord, intercepted
from stories.fleet import Fleet

LOOKS = {
    *("name", "address", "logs", "node", "space", "converging", "lacks", "last_words"),
    *("volume_digest", "of_ours", "present", "images", "volumes_of_ours", "stacks_of_ours"),
    "questions",
}
"""These change nothing, or nothing here: a kill before them is one before what comes next."""
# these look, too, but what they say is recorded
_ASKS = {"volumes", "secrets", "leftovers"}
# the stack is up, and is at work if anything is
_FEW = ("execute", "wait_ready")

Steps = dict[str, list[str]]
"""What each tier has the engine do, in the order in which it is done first."""


def heard(fleet: Fleet) -> Steps:
    """Listen to a sweep that tests a release of notes, which passes every tier that there is."""
    steps: Steps = {}

    def before(name: str, _arguments: tuple[Any, ...]) -> None:
        tier = tier_on(fleet)
        if tier and name not in LOOKS | _ASKS and name not in steps.setdefault(tier, []):
            steps[tier].append(name)

    with _wrapped(fleet, lambda engine: intercepted(engine, before)):
        entry = fleet.sweeps()["notes"]
    # a tier that is new, and that nobody has this fleet go through, is missed here
    assert {each.tier: each.status for each in entry.tiers} == dict.fromkeys(OURS, Status.PASS)
    assert list(steps) == list(OURS)
    return steps


def moments(steps: Steps, *, every: bool, struck: Set[str] = frozenset()) -> list[tuple[str, str]]:
    """The tier and the step before which to strike; few are one a tier not ``struck`` so far."""
    if every:
        return [(tier, name) for tier, names in steps.items() for name in names]
    return [
        (tier, next(name for name in _FEW if name in names))
        for tier, names in steps.items()
        if tier not in struck
    ]


def sweeps_until(fleet: Fleet, tier: str, step: str, last: LastWord) -> Callable[[], None]:
    """A sweep that is killed right before a tier's first step of this name; for a child."""

    def before(name: str, _arguments: tuple[Any, ...]) -> None:
        if name == step and tier_on(fleet) == tier:
            last.say(f"in {tier}, before {name}")
            os.kill(os.getpid(), signal.SIGKILL)

    def sweep() -> None:
        with _wrapped(fleet, lambda engine: intercepted(engine, before)):
            fleet.sweeps()

    return sweep


def tier_on(fleet: Fleet) -> str:
    """Which tier the newest run of notes is in, or has died in; empty between and after them."""
    logs = (fleet.folder / "state/runs").glob("*/notes.log")
    newest = max(logs, key=lambda path: path.stat().st_mtime_ns, default=None)
    lines = newest.read_text().splitlines() if newest else []
    # "03:00:00 tier install" when it begins, and when it has ended "tier install: pass"
    said = [words for line in lines if (words := line.split()[1:])[:1] == ["tier"]]
    return said[-1][1] if said and len(said[-1]) == 2 else ""


@contextmanager
def _wrapped(fleet: Fleet, wrap: Callable[[Engine], Engine]) -> Iterator[None]:
    """Have the story's engine wrapped, or the one that the settings name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fleet, "wrap", wrap)
        patch.setattr(wiring, "engine_of", lambda *about: wrap(engine_of(*about)))
        yield
