"""Sizes in the configuration, and what of them cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest

from canon_sweep.errors import SettingsFault
from canon_sweep.settings.load import read
from canon_sweep.settings.records import Settings
from canon_sweep.settings.size import size

RECIPES = {"notes": {"upstream": "/up/notes", "mirror": "/mirror/notes"}}


def with_disk(disk: dict[str, Any], **top: Any) -> Settings:
    """A configuration that says this of the disk."""
    return read({"disk": disk, "recipes": RECIPES} | top, "config.toml")


def mistakes(disk: dict[str, Any], **top: Any) -> tuple[str, ...]:
    """What is wrong with it."""
    with pytest.raises(SettingsFault) as caught:
        with_disk(disk, **top)
    return caught.value.problems


@pytest.mark.parametrize(
    ("written", "bytes_"),
    [
        (1, 1),
        ("1B", 1),
        ("20GiB", 20 * 2**30),
        ("20 GiB", 20 * 2**30),
        ("500MB", 500_000_000),
        ("64kB", 64_000),
        ("64KB", 64_000),
        ("1.5TiB", 3 * 2**39),
        (" 0.5 MiB ", 2**19),
    ],
)
def test_a_size_is_bytes_or_a_number_with_its_unit(written: object, bytes_: int) -> None:
    """Units of 1024 and of 1000, each as it is written everywhere."""
    assert size(written) == bytes_


@pytest.mark.parametrize(
    "written",
    ["20", "20G", "20gib", "GiB", "", "-1GiB", "1e3GB", "0.1B", 0, -1, 1.5, True, None, 2**60],
)
def test_what_is_no_size_is_refused(written: object) -> None:
    """A bare number in quotes and a bare G may mean anything; 0 is no bound, but none left out."""
    with pytest.raises(ValueError, match="expected a size"):
        size(written)


def test_nothing_is_asked_for_that_is_not_set() -> None:
    """No gate, no floor, no budget."""
    disk = with_disk({}).disk

    assert (disk.min_free, disk.floor, disk.budget) == (None, None, None)


@pytest.mark.parametrize("key", ["minFree", "floor", "budget", "assumedPeak"])
def test_each_is_told_by_its_key(key: str) -> None:
    """With what was expected there."""
    (problem,) = mistakes({key: "-1GiB"})

    assert problem.startswith(f"disk.{key}: expected a size")


def test_a_floor_above_what_is_to_be_free_is_a_contradiction() -> None:
    """A test would be ended where it was let begin; at the same height they are sound."""
    (problem,) = mistakes({"minFree": "5GiB", "floor": "6GiB"})

    assert problem.startswith("disk.floor: more than disk.minFree")
    with_disk({"minFree": "5GiB", "floor": "5GiB"})
    with_disk({"floor": "5GiB"})


def test_the_disk_of_another_machine_cannot_be_watched() -> None:
    """Said when the configuration is read, and not on Sunday night; the budget needs no such."""
    there = {"swarm": {"host": "tcp://swarm.example.org:2375"}}

    problems = mistakes({"minFree": "5GiB", "floor": "1GiB", "budget": "9GiB"}, **there)

    assert [problem.split(":")[0] for problem in problems] == ["disk.minFree", "disk.floor"]
    assert all("swarm.example.org:2375' cannot be seen" in problem for problem in problems)
    with_disk({"budget": "9GiB"}, **there)
    with_disk({"minFree": "5GiB"}, engine="local", **there)
