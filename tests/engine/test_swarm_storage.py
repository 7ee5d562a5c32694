"""Where a Docker Engine keeps its things, as far as that can be seen from here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from canon_sweep.core.space import Space
from canon_sweep.disk import space_of, tightest
from canon_sweep.engine.swarm import storage
from canon_sweep.engine.swarm.api import Docker


class Answers:
    """A stand-in for a Docker Engine that is asked about itself."""

    is_here = True

    def __init__(self, **about: Any) -> None:
        self.about = about

    def info(self) -> dict[str, Any]:
        """What ``docker info`` says."""
        return self.about


def places(**about: Any) -> tuple[Path, ...]:
    """Where an engine that says this of itself keeps its things."""
    return storage.places(cast(Docker, Answers(**about)))


def test_the_folder_is_the_one_that_the_engine_names(tmp_path: Path) -> None:
    """Wherever its operator has put it."""
    assert places(DockerRootDir=str(tmp_path)) == (tmp_path,)


def test_a_folder_that_is_not_here_says_nothing(tmp_path: Path) -> None:
    """The engine is in a container, or says nothing of it."""
    assert places(DockerRootDir=str(tmp_path / "none")) == ()
    assert places() == ()


def test_a_folder_of_another_engine_says_nothing(tmp_path: Path) -> None:
    """It has the same name here and in the engine's own view, and is not the same."""
    (tmp_path / "engine-id").write_text("one")

    assert places(DockerRootDir=str(tmp_path), ID="one") == (tmp_path,)
    assert places(DockerRootDir=str(tmp_path), ID="other") == ()


def test_images_that_containerd_keeps_are_seen_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They fill their own disk."""
    images = tmp_path / "containerd"
    images.mkdir()
    monkeypatch.setattr(storage, "_SNAPSHOTS", images)
    status = [["driver-type", "io.containerd.snapshotter.v1"]]

    assert places(DockerRootDir=str(tmp_path), DriverStatus=status) == (tmp_path, images)
    assert places(DockerRootDir=str(tmp_path), DriverStatus=[["x", "y"]]) == (tmp_path,)


def test_the_disk_of_another_machine_is_not_looked_for() -> None:
    """The engine is not even asked."""
    assert storage.places(Docker("tcp://192.0.2.1:2375")) == ()


def test_a_folder_that_is_still_to_be_made_has_the_room_of_the_one_above(tmp_path: Path) -> None:
    """As before the first deploy."""
    space = space_of(tmp_path / "not" / "yet")

    assert space is not None
    assert space.total == getattr(space_of(tmp_path), "total", 0)


def test_of_several_disks_the_fullest_counts_and_an_unknown_one_makes_all_unknown() -> None:
    """There is no room where either is full."""
    assert tightest([Space(5, 9), Space(3, 4)]) == Space(3, 4)
    assert tightest([Space(5, 9), None]) is None
    assert tightest([]) is None
