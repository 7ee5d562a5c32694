"""Since when a recipe waits for its turn, and when that is too long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from canon_sweep.core.waiting import Waiting, is_over, queued, red_once, sentences, weeks_note
from core.examples import NOW

WEEK = timedelta(days=7)
WINDOW = timedelta(hours=12)


def waits(*, since: timedelta = timedelta(0)) -> Waiting:
    """A recipe of the sweep that begins now, with an earlier one that did not reach it."""
    before = queued("notes", None, NOW - since, NOW - since + WINDOW)
    return queued("notes", before, NOW, NOW + WINDOW)


def test_who_is_not_waiting_yet_waits_from_the_sweeps_start() -> None:
    """The first week is no remark."""
    first = queued("notes", None, NOW, NOW + WINDOW)

    assert (first.since, first.until, first.weeks) == (NOW, NOW + WINDOW, 1)
    assert weeks_note(first) is None


@pytest.mark.parametrize(
    ("since", "weeks"),
    [
        (timedelta(hours=3), 1),  # a second sweep of the same night, by hand
        (timedelta(days=3), 1),
        (WEEK, 2),
        # the first was caught up on Monday morning, and the second is on Sunday
        (timedelta(days=5, hours=17), 2),
        (timedelta(days=8), 2),
        (2 * WEEK, 3),
        (10 * WEEK, 11),
        (-timedelta(days=100), 1),  # the clock was set back
    ],
)
def test_weeks_are_counted_by_time_and_not_by_tries(since: timedelta, weeks: int) -> None:
    """However often a sweep is started meanwhile."""
    assert waits(since=since).weeks == weeks


def test_a_red_that_is_to_be_tried_once_more_is_so_in_the_next_sweep_too() -> None:
    """A kill in between is no second look; the reason is not that it was not reached."""
    red = red_once(queued("notes", None, NOW, NOW + WINDOW))

    assert red.again
    assert red.sentence == "red, and the sweep has ended before it was tried once more"
    assert queued("notes", red, NOW + WEEK, NOW + WEEK + WINDOW).again
    assert not queued("notes", None, NOW, NOW + WINDOW).again


def test_the_second_week_is_noted() -> None:
    """With the day since when."""
    note = weeks_note(waits(since=WEEK))

    assert note is not None
    assert (note.code, note.text) == (
        "deferred-weeks",
        "deferred 2 weeks running, since 7 June 2026",
    )


def test_who_waits_is_said_by_the_end_of_his_window() -> None:
    """A resume's until then, and the next sweep's afterwards."""
    entries = [
        queued("site", None, NOW, NOW + WINDOW),
        queued("notes", None, NOW, NOW + WINDOW),
    ]

    (due,) = sentences(entries, NOW)
    assert due == (
        "not reached by the last sweep: notes, site;"
        " canon-sweep run --resume takes it up until 2026-06-14 15:00 UTC"
    )
    over = ("not reached by the last sweep: notes, site; first in the next sweep",)
    assert sentences(entries, NOW + WINDOW) == over
    assert sentences([], NOW) == ()
    (late,) = sentences([*entries[:1], waits(since=WEEK)], NOW)
    assert late.startswith("not reached by the last sweep: notes (2 weeks running), site; ")


def test_a_window_ends_once() -> None:
    """At its end, to the moment; who has been told of it is not told again."""
    one = waits()

    assert not is_over(one, NOW + WINDOW - timedelta(seconds=1))
    assert is_over(one, NOW + WINDOW)
    told = Waiting(recipe="notes", since=NOW, started=NOW, until=None)
    assert not is_over(told, NOW + WINDOW)
