"""What an outside harness leaves behind is known until it is gone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import cast

import pytest

from canon_sweep.engine.protocol import Engine
from canon_sweep.harness import guest
from canon_sweep.harness.guest import MARK, Visits
from canon_sweep.state.guests import Guests


class BareEngine:
    """A stand-in: nothing is on it."""

    def present(self) -> frozenset[str]:
        return frozenset()


ENGINE = cast("Engine", BareEngine())


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
