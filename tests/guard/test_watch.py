"""Waiting for what is in flight: calmly, with an end, and said once."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from canon_sweep.errors import HostFault
from canon_sweep.guard.watch import Watch

FOREVER = math.inf


@dataclass(slots=True)
class Sees:
    """A guard that sees these one after another, the last for ever; it counts its looks."""

    sights: list[str | Exception | None]
    looks: int = 0

    def in_flight(self) -> str | None:
        """The next one."""
        sight = self.sights[min(self.looks, len(self.sights) - 1)]
        self.looks += 1
        if isinstance(sight, Exception):
            raise sight
        return sight


def test_nothing_in_flight_is_not_waited_for() -> None:
    """And nothing is said."""
    said: list[str] = []

    assert Watch((Sees([None]), Sees([None])), 60, 60).clear(lambda: FOREVER, said.append) is None

    assert said == []


def test_what_ends_in_time_is_waited_for_and_said_once() -> None:
    """Each that is waited for, and the end."""
    said: list[str] = []
    guard = Sees(["a build", "a build", HostFault("no answer"), "a build", None])

    assert Watch((guard,), 60, 0.001).clear(lambda: FOREVER, said.append) is None

    assert [line.partition(": ")[2] for line in said] == [
        "a build",
        "cannot tell whether a build is in flight: no answer",
        "a build",
        "nothing is in flight any more",
    ]


def test_what_does_not_end_is_named_when_the_wait_is_over() -> None:
    """The last look is after the whole wait."""
    guard = Sees(["a build"])
    started = time.monotonic()

    assert Watch((guard,), 0.1, 0.04).clear(lambda: FOREVER, lambda _: None) == "a build"

    assert time.monotonic() - started >= 0.1
    assert 2 <= guard.looks <= 4


def test_the_runs_own_time_bounds_the_wait() -> None:
    """Whoever has none left does not wait at all."""
    guard = Sees(["a build"])

    assert Watch((guard,), 3600, 60).clear(lambda: 0.0, lambda _: None) == "a build"

    assert guard.looks == 1


def test_the_first_that_sees_anything_is_enough() -> None:
    """What costs more is not asked then."""
    second = Sees([None])

    assert Watch((Sees(["a build"]), second), 0, 0).in_flight() == "a build"

    assert second.looks == 0


def test_a_bug_is_a_doubt_and_no_traceback() -> None:
    """What a Docker or a Drone of another release answers may surprise us."""
    told = Watch((Sees([KeyError("Labels")]),), 0, 0).in_flight()

    assert told == "cannot tell whether a build is in flight: KeyError: 'Labels'"


def test_how_long_it_may_wait_is_told_as_it_is_set() -> None:
    """As in the settings: 2h, and not 7200 s."""
    said: list[str] = []

    Watch((Sees(["a build"]),), 7200, 60).clear(lambda: FOREVER, said.append, lambda: False)

    assert said == ["waiting, at most 2h more: a build"]
