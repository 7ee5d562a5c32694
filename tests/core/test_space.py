"""Whether there is room for a test, and what a test takes."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.attempts import Attempt, AttemptKey, Outcome, Took
from canon_sweep.core.space import (
    RECENT,
    Bounds,
    Mark,
    Space,
    high_water,
    most_data,
    shortage,
    shown,
)

GIB = 2**30
KEY = AttemptKey(recipe="notes", tag="1.0.0+1", commit="c" * 40, digest="d")
SUNDAY = datetime(2026, 6, 14, tzinfo=UTC)


def attempt(
    took: int | None, outcome: Outcome = Outcome.PROMOTED, *, quick: bool = False
) -> Attempt:
    """One that took so many bytes."""
    measured = None if took is None else Took(images=took // 2, volumes=took - took // 2)
    return Attempt(key=KEY, outcome=outcome, ts=SUNDAY, run_id="r", quick=quick, took=measured)


def test_the_mark_is_the_most_that_a_test_took() -> None:
    """Images and volumes together."""
    assert high_water([attempt(3), attempt(7), attempt(5)], 100) == Mark(7, 7)


def test_a_recipe_that_was_never_measured_is_assumed_to_take_something() -> None:
    """Nothing measured is not nothing taken."""
    assert high_water([], 100) == Mark(100, 0, known=False)
    assert high_water([attempt(None)], 100) == Mark(100, 0, known=False)


@pytest.mark.parametrize("outcome", [Outcome.RED, Outcome.INFRA, Outcome.OUT_OF_TIME])
def test_what_was_broken_off_raises_the_mark_and_does_not_make_it_known(outcome: Outcome) -> None:
    """It may have ended before it took most; and what it took it took."""
    assert high_water([attempt(5, outcome)], 100) == Mark(100, 5, known=False)
    assert high_water([attempt(500, outcome)], 100) == Mark(500, 500, known=False)


@pytest.mark.parametrize("outcome", [Outcome.RED, Outcome.INFRA, Outcome.OUT_OF_TIME])
def test_what_went_wild_does_not_bar_a_recipe_that_is_known(outcome: Outcome) -> None:
    """Nobody would begin the release that mends it, and the mark would stay for ever."""
    wild = [attempt(10**12, outcome)] * (RECENT + 1)

    assert high_water([attempt(7), *wild], 100) == Mark(7, 7)
    assert high_water([attempt(7), attempt(10**12, Outcome.PASSED, quick=True)], 100) == Mark(7, 7)


def test_a_quick_run_is_no_whole_test() -> None:
    """It fetches one version and copies one set of volumes."""
    assert not high_water([attempt(5, Outcome.PASSED, quick=True)], 100).known


def test_one_wild_run_bars_a_recipe_for_a_while_and_not_for_good() -> None:
    """Ten tests that took less, and it is forgotten."""
    wild = [attempt(10**12), *[attempt(5)] * (RECENT - 1)]

    assert high_water(wild, 1).bytes == 10**12
    assert high_water([*wild, attempt(5)], 1).bytes == 5


def test_data_is_volumes_without_images() -> None:
    """What is fetched stays, and is nothing that a canonical retains."""
    fetched = msgspec.structs.replace(attempt(0), took=Took(images=90, volumes=10))
    red = msgspec.structs.replace(fetched, outcome=Outcome.RED)

    assert most_data([fetched, red], 50) == Mark(10, 10)
    assert most_data([red], 50) == Mark(50, 10, known=False)
    assert most_data([red], 5) == Mark(10, 10, known=False)
    assert most_data([attempt(None)], 50) == Mark(50, 0, known=False)


@given(st.lists(st.tuples(st.none() | st.integers(0, 100), st.sampled_from(Outcome))))
def test_data_that_nobody_knows_is_never_nothing(took: list[tuple[int | None, Outcome]]) -> None:
    """It is what is assumed at least; and what is known was measured."""
    attempts = [attempt(size, outcome) for size, outcome in took]
    mark = most_data(attempts, 50)

    assert mark.known or mark.bytes >= max(50, mark.measured)
    assert mark.bytes <= max(50, *(a.took.volumes if a.took else 0 for a in attempts), 0)


def test_a_line_of_the_ledger_from_before_is_read() -> None:
    """It says nothing of the disk."""
    line = msgspec.json.encode(attempt(5))
    tree = msgspec.json.decode(line)
    del tree["took"]

    assert msgspec.convert(tree, Attempt) == attempt(None)
    assert msgspec.json.decode(line, type=Attempt) == attempt(5)


def test_where_nothing_is_set_nothing_is_asked() -> None:
    """Not even how much is free."""
    assert shortage(None, Bounds(), Mark(GIB)) == ""
    assert shortage(Space(0, GIB), Bounds(), Mark(GIB)) == ""


@pytest.mark.parametrize("bounds", [Bounds(min_free=1), Bounds(floor=1)])
def test_what_nobody_can_say_is_never_enough(bounds: Bounds) -> None:
    """Whoever set a bound wanted it kept."""
    assert "nobody can say" in shortage(None, bounds, Mark(0))


def test_what_is_to_be_free_stays_free_at_the_peak() -> None:
    """The figures are all in the sentence."""
    bounds, mark = Bounds(min_free=20 * GIB, floor=5 * GIB), Mark(8 * GIB)

    assert shortage(Space(28 * GIB, 100 * GIB), bounds, mark) == ""
    said = shortage(Space(28 * GIB - 1, 100 * GIB), bounds, mark)
    for figure in ("28.0 GiB of 100.0 GiB", "may take 8.0 GiB", "disk.minFree is 20.0 GiB"):
        assert figure in said


def test_a_floor_alone_lets_nothing_begin_below_it() -> None:
    """It would be ended at once; what it may take is nobody's question then."""
    assert shortage(Space(5 * GIB, 9 * GIB), Bounds(floor=5 * GIB), Mark(99 * GIB)) == ""
    assert "disk.floor is 5.0 GiB" in shortage(
        Space(4 * GIB, 9 * GIB), Bounds(floor=5 * GIB), Mark(0)
    )


sizes = st.integers(0, 2**50)


@given(sizes, st.none() | sizes, st.none() | sizes, sizes)
def test_more_room_is_never_too_little(
    free: int, min_free: int | None, floor: int | None, takes: int
) -> None:
    """And a test that begins, and takes what it may, leaves what is to stay free."""
    bounds, mark = Bounds(min_free, floor), Mark(takes)
    if shortage(Space(free, 2**60), bounds, mark):
        return

    assert not shortage(Space(free + 1, 2**60), bounds, mark)
    assert min_free is None or free - takes >= min_free
    assert floor is None or free >= floor


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (5 * GIB, "5.0 GiB"),
        (2**41, "2.0 TiB"),
    ],
)
def test_sizes_for_people(size: int, text: str) -> None:
    """With the unit that a person would choose."""
    assert shown(size) == text
