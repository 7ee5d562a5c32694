"""What an exit code says."""

from __future__ import annotations

import signal

import pytest

from canon_sweep.core import ending


@pytest.mark.parametrize("code", [0, 1, 2, 75, 125, 128, ending.OVERDUE, 193, 255])
def test_an_exit_code_may_say_something(code: int) -> None:
    """Its own deadline is told apart elsewhere."""
    assert ending.fault_of(code) == ""


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (143, "told to stop"),
        (-signal.SIGKILL, "ended by signal 9"),
        (137, "signal 9 ended it, or a part of it"),
        (130, "signal 2"),
        (126, "could not be run"),
        (127, "was not found"),
    ],
)
def test_a_signal_and_a_missing_program_say_nothing_of_a_recipe(code: int, why: str) -> None:
    """They are the host's."""
    assert why in ending.fault_of(code)


@pytest.mark.parametrize(
    ("code", "green", "why"),
    [(0, True, ""), (1, False, ""), (1, True, "exit code is 1"), (0, False, "exit code is 0")],
)
def test_code_and_result_have_to_agree(code: int, green: bool, why: str) -> None:
    """One of them is wrong, and nobody can say which."""
    told = ending.contradiction(code, green=green)

    assert bool(told) is bool(why)
    assert why in told
