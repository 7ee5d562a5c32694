"""What an outside harness leaves behind is known until it is gone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import cast

import pytest

from canon_sweep import interrupt
from canon_sweep.engine.protocol import Engine
from canon_sweep.harness import guest
from canon_sweep.harness.guest import MARK, Visits
from canon_sweep.state.guests import Guest, Guests


class BareEngine:
    """A stand-in: what is on it at each look, the last one again and again."""

    def __init__(self, *looks: set[str]) -> None:
        self.looks = list(looks) or [set[str]()]

    def present(self) -> frozenset[str]:
        return frozenset(self.looks.pop(0) if len(self.looks) > 1 else self.looks[0])


def engine(*looks: set[str]) -> Engine:
    """What a visit asks."""
    return cast("Engine", BareEngine(*looks))


ENGINE = engine()
GOING = "container note-1_app.1.x"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a stand-in."""
    monkeypatch.setattr(guest, "_AGAIN", 0.0)


@pytest.fixture
def guests(tmp_path: Path) -> Guests:
    """None yet."""
    return Guests(tmp_path / "guests.json")


def test_what_could_not_be_ended_is_the_next_runs_to_end(guests: Guests) -> None:
    """It is written down as long as it may run: nothing is tested beside it."""
    said: list[str] = []
    visits = Visits("notes", ENGINE, guests, said.append)
    with visits.visit("night-notes-1") as mark:
        child = subprocess.Popen(["sleep", "99"], env={MARK: mark, "PATH": os.environ["PATH"]})
        visits.outlived([f"process {child.pid} (sleep)"])
    assert [each.run for each in guests.entries()] == ["night-notes-1"]

    assert guest.settle(guests, ENGINE, (), said.append) == ()

    assert child.wait() < 0
    assert said == [f"process {child.pid} (sleep) of the harness's run night-notes-1 was killed"]
    assert guests.entries() == ()


def test_who_leaves_nothing_is_forgotten(guests: Guests) -> None:
    """As soon as it has ended."""
    visits = Visits("notes", ENGINE, guests, lambda _: None)

    with visits.visit("night-notes-1"):
        assert [each.run for each in guests.entries()] == ["night-notes-1"]

    assert guests.entries() == ()


def test_a_container_that_is_going_is_waited_for(guests: Guests) -> None:
    """Its stack has no service any more, so nothing puts it up again."""
    visits = Visits("notes", engine(set(), {GOING}, {GOING}, set()), guests, lambda _: None)

    with visits.visit("night-notes-1"):
        pass

    assert visits.unsettled() == ()
    assert guests.entries() == ()


def test_a_container_that_stays_is_named_in_the_end(
    guests: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has had its time."""
    monkeypatch.setattr(guest, "_GOING", 0.0)
    visits = Visits("notes", engine(set(), {GOING}), guests, lambda _: None)

    with visits.visit("night-notes-1"):
        pass

    assert visits.unsettled() == (f"{GOING} is still up: the harness left it",)


def test_a_stack_is_not_waited_for(guests: Guests) -> None:
    """Whoever has a service stays."""
    visits = Visits("notes", engine(set(), {"stack note-1"}), guests, lambda _: None)

    with visits.visit("night-notes-1"):
        pass

    assert [each.left for each in guests.entries()] == [("stack note-1",)]


def test_a_network_alone_is_said_and_is_not_up(guests: Guests) -> None:
    """Docker leaves it where a stack went down faster than its last task."""
    said: list[str] = []
    left = {"network note-1_default"}
    visits = Visits("notes", engine(set(), left), guests, said.append)

    with visits.visit("night-notes-1"):
        pass

    assert said == ["harness: new on the engine since it started: network note-1_default"]
    assert visits.unsettled() == ()


def test_who_is_asked_to_end_waits_for_nothing_and_the_next_run_looks(
    guests: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack that the harness takes down when it is told to end goes a moment later."""
    visits = Visits("notes", engine(set(), {GOING}), guests, lambda _: None)
    monkeypatch.setattr(interrupt, "reason", lambda: "stopped by SIGTERM")

    with visits.visit("night-notes-1"):
        pass
    (still,) = guest.settle(guests, engine({GOING}), (), lambda _: None)

    assert GOING in str(still)
    monkeypatch.setattr(interrupt, "reason", lambda: None)
    assert guest.settle(guests, engine({GOING}, set()), (), lambda _: None) == ()
    assert guests.entries() == ()


@pytest.mark.parametrize(
    "left", ["stack mail", "container mail", "container mail_app.1.x"], ids=lambda left: left
)
def test_what_is_named_as_somebody_elses_is_in_nobodys_way(guests: Guests, left: str) -> None:
    """From then on, and also where it had been taken for the harness's."""
    visits = Visits("notes", engine(set(), {left}), guests, lambda _: None, ("mail",))
    with visits.visit("night-notes-1"):
        pass
    assert guests.entries() == ()

    told = Guest(recipe="notes", run="night-notes-2", mark="m", left=(left, "stack mailu"))
    guests.put(told)
    (still,) = guest.settle(guests, engine({left, "stack mailu"}), ("mail",), lambda _: None)

    assert still.why.startswith("stack mailu is still up; take it down, or")
    assert guest.settle(guests, engine({left}), ("mail",), lambda _: None) == ()
