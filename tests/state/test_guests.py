"""Which outside harnesses are at work, and what they left up."""

from __future__ import annotations

from pathlib import Path

import pytest

from canon_sweep.errors import StateFault
from canon_sweep.state.guests import Guest, Guests, staying

FIRST = Guest(recipe="notes", run="a-notes-1", mark="m1", before=("stack traefik",))
SECOND = Guest(recipe="site", run="a-site-1", mark="m2", left=("stack site-1",))


@pytest.fixture
def guests(tmp_path: Path) -> Guests:
    """None yet."""
    return Guests(tmp_path / "guests.json")


def test_they_are_kept_until_they_are_dropped(guests: Guests) -> None:
    """By their runs; one that is put again takes its own place."""
    assert guests.entries() == ()
    guests.put(SECOND)
    guests.put(FIRST)
    assert Guests(guests.path).entries() == (FIRST, SECOND)

    guests.drop(FIRST.run)
    guests.drop("a-run-that-is-none")

    assert guests.entries() == (SECOND,)


def test_each_is_told_with_the_next_step() -> None:
    """Whether it is on, or what it left."""
    assert "canon-sweep recover" in staying(FIRST)
    assert "site-1 up" in staying(SECOND)
    assert "take it down" in staying(SECOND)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "it is empty"),
        ("[]", "is no list of guests"),
        ('{"x": {"recipe": "notes", "run": "y", "mark": "m"}}', "has the entry of"),
        ('{"y": {"recipe": "../x", "run": "y", "mark": "m"}}', "no recipe name"),
    ],
)
def test_what_cannot_be_read_is_told(guests: Guests, content: str, why: str) -> None:
    """Nothing is tested while nobody knows what is up."""
    guests.path.write_text(content)

    with pytest.raises(StateFault, match=why):
        guests.entries()
