"""The stories' fleet."""

from __future__ import annotations

from pathlib import Path

import pytest

from canon_sweep.engine.local import ready
from stories.fleet import Fleet

SETTLE = ready.SETTLE


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """An empty fleet in a folder of its own."""
    # a line of shell that only sleeps has nothing to settle: a story is four times as fast
    monkeypatch.setattr(ready, "SETTLE", 0.0)
    return Fleet(tmp_path)


@pytest.fixture
def settling(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """For programs that do something before they sleep: give them the usual time."""
    monkeypatch.setattr(ready, "SETTLE", SETTLE)


@pytest.fixture
def released(fleet: Fleet) -> Fleet:
    """Two recipes with two releases each."""
    for recipe in ("notes", "site"):
        fleet.publishes(recipe, "1.0.0+1")
        fleet.publishes(recipe, "1.1.0+1")
    return fleet
