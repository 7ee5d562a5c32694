"""The stories' fleet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from canon_sweep.engine.local import ready
from canon_sweep.engine.local.engine import LocalEngine
from canon_sweep.errors import Fault
from crash.swarm_fleet import SwarmFleet
from engine.installed import SWEPT
from stories.fleet import Fleet
from stories.outside import OutsideFleet

# of a machine that has one; where it is small, as in most containers, it is left alone
MEMORY = Path("/dev/shm")
ENOUGH = 2**30


@contextmanager
def in_memory(otherwise: Path) -> Iterator[Path]:
    """A folder in memory where there is enough of it."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ENOUGH:
        yield otherwise
        return
    with TemporaryDirectory(prefix="canon-sweep-", dir=MEMORY) as name:
        yield Path(name)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory: what a kill leaves there it leaves on a disk as well, only later."""
    with in_memory(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """First sweeps that many stories begin with: one shelf for all workers."""
    own = tmp_path_factory.getbasetemp()
    shelf = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shelf"
    shelf.mkdir(exist_ok=True)
    return shelf


@pytest.fixture
def fleet(folder: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """An empty fleet in a folder of its own; what a story leaves up on purpose ends with it."""
    # a line of shell that only sleeps has nothing to settle: a story is four times as fast
    monkeypatch.setattr(ready, "SETTLE", 0.0)
    yield Fleet(folder, shelf=shelf)
    engine = LocalEngine(folder / "state" / "local")
    with suppress(Fault):
        for stack in engine.stacks_of_ours():
            engine.undeploy(stack)


@pytest.fixture
def settling(fleet: Fleet) -> None:
    """For what does something before it is up, and is no program of a fleet's."""
    fleet.settle()


@pytest.fixture
def released(fleet: Fleet) -> Fleet:
    """Two recipes with two releases each."""
    for recipe in ("notes", "site"):
        fleet.publishes(recipe, "1.0.0+1")
        fleet.publishes(recipe, "1.1.0+1")
    return fleet


@pytest.fixture
def outside(folder: Path) -> OutsideFleet:
    """An empty fleet for outside harnesses."""
    return OutsideFleet(folder)


@pytest.fixture(params=["local", pytest.param(SWEPT, marks=pytest.mark.swarm)])
def anywhere(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """An empty fleet on either engine, which is left as it was found."""
    if request.param == "local":
        yield request.getfixturevalue("fleet")
        return
    hosts = request.getfixturevalue("docker_hosts")
    fleet = SwarmFleet(request.getfixturevalue("tmp_path"), host=hosts.use(SWEPT))
    before = fleet.there()
    yield fleet
    for recipe in fleet.state().canonicals.recipes():
        fleet.forget(recipe)
    assert fleet.there() == before
