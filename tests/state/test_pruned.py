"""What prune reads and writes of the state folder: its name, the images, the runs."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.errors import StateFault
from canon_sweep.state import runs
from canon_sweep.state.home import Home
from canon_sweep.state.images import Images, Pulls
from canon_sweep.state.lastprune import LastPrune
from canon_sweep.state.oldruns import old_runs

NOW = datetime(2026, 6, 14, 3, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_state_folder_has_one_name_for_ever(tmp_path: Path) -> None:
    """Made once, and another in another folder."""
    home = Home(tmp_path / "home")
    assert home.read() == ""

    name = home.make()

    assert home.make() == home.read() == name
    assert Home(tmp_path / "other" / "home").make() != name


@pytest.mark.parametrize("content", [b"", b"x", b"0123456789abcdef\nmore", b"\xff"])
def test_a_name_that_is_none_is_told_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    """With another name nothing that there is would be ours."""
    path = tmp_path / "home"
    path.write_bytes(content)

    with pytest.raises(StateFault, match="bring it back"):
        Home(path).make()

    assert path.read_bytes() == content


def test_an_image_that_was_here_before_is_not_called_ours(tmp_path: Path) -> None:
    """Whoever had it first may want it; what we have pulled stays ours when it is asked again."""
    images = Images(tmp_path / "images.json")
    pulls = Pulls(images, lambda: NOW)

    pulls.pulled("sha256:theirs", "app:1", fresh=False)
    pulls.pulled("sha256:ours", "app:2", fresh=True)
    Pulls(images, lambda: NOW + DAY).pulled("sha256:ours", "app:latest", fresh=False)

    (name,) = images.read()
    note = images.read()[name]
    assert name == "sha256:ours"
    assert (note.pulled, note.asked) == (NOW + DAY, ("app:2", "app:latest"))


def test_a_list_of_images_that_cannot_be_read_stops_no_test(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left as it is, and whoever would remove images is told."""
    images = Images(tmp_path / "images.json")
    images.path.write_bytes(b"[]")

    with caplog.at_level(logging.WARNING):
        Pulls(images, lambda: NOW).pulled("sha256:1", "app:1", fresh=True)

    assert "is not noted" in caplog.text
    assert images.path.read_bytes() == b"[]"
    with pytest.raises(StateFault, match="list of images"):
        images.read()


def test_a_time_without_a_zone_is_no_age(tmp_path: Path) -> None:
    """A day more or less is a doubt."""
    images = Images(tmp_path / "images.json")
    images.path.write_text('{"sha256:1": {"since": "2026-06-14T03:00:00"}}')

    with pytest.raises(StateFault, match="time zone"):
        images.read()


@pytest.mark.parametrize("content", ["2036-06-14T03:00:00+00:00\n", "soon", "2026-06-01"])
def test_a_last_prune_that_nobody_can_mean_counts_from_now(tmp_path: Path, content: str) -> None:
    """Noted by a clock that was set back, it would let prune be put off for ten years."""
    last = LastPrune(tmp_path / "pruned")
    last.path.write_text(content)

    assert last.since(NOW) == NOW
    assert last.since(NOW + 20 * DAY) == NOW


def ended(folder: Path, at: datetime, command: str = "run", **changed: Any) -> str:
    """A run that began and ended then; its name."""
    run = runs.begin(folder, at)
    fields = {"schema": 1, "command": command, "ended": at.isoformat(), "exit_code": 0}
    run.write_results(json.dumps(fields | changed).encode())
    return run.run_id


def test_old_runs_go_and_what_is_read_of_them_stays(tmp_path: Path) -> None:
    """Records' runs, the last sweep and what sweeps of single recipes have noted since."""
    first = ended(tmp_path, NOW - 20 * DAY)
    proof = ended(tmp_path, NOW - 19 * DAY)
    sweep = ended(tmp_path, NOW - 9 * DAY)
    single = ended(tmp_path, NOW - 8 * DAY, named=["notes"])
    test = ended(tmp_path, NOW - 7 * DAY, "test")
    cut = runs.begin(tmp_path, NOW - 6 * DAY).run_id
    newest = ended(tmp_path, NOW - DAY, "test")
    (tmp_path / "mine").mkdir()

    def gone(keep: int) -> list[str]:
        return [path.name for path in old_runs(tmp_path, keep, [proof], NOW)]

    assert gone(1) == [first, test, cut]
    assert gone(3) == [first]
    assert gone(7) == []
    assert {sweep, single, newest}.isdisjoint(gone(1))


def test_without_a_sweep_the_newest_runs_stay(tmp_path: Path) -> None:
    """A host on which people only test."""
    names = [ended(tmp_path, NOW - number * DAY, "test") for number in (3, 2, 1)]

    assert [path.name for path in old_runs(tmp_path, 1, [], NOW)] == names[:2]
    assert old_runs(tmp_path / "none", 1, [], NOW) == ()


def test_a_run_that_may_be_at_work_stays(tmp_path: Path) -> None:
    """A sweep that has let somebody in has no lock and no results, and others are newer."""
    at_work = runs.begin(tmp_path, NOW - DAY).folder
    dead = runs.begin(tmp_path, NOW - 8 * DAY).folder
    (tmp_path / "20259999T999999Z").mkdir()
    for hours in (3, 2):
        guest = runs.begin(tmp_path, NOW - timedelta(hours=hours))
        results = {"schema": 1, "command": "test", "ended": NOW.isoformat(), "exit_code": 0}
        guest.write_results(json.dumps(results).encode())

    old = old_runs(tmp_path, 1, [], NOW)

    assert at_work not in old
    assert dead in old
    assert len(old) == 3
