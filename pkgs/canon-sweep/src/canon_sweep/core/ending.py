"""What the exit code of an outside harness says.  Pure."""

from __future__ import annotations

GREEN = 0
OVERDUE = 142
"""It ended itself at its own deadline, after it had taken down what was up."""
_TOLD_TO_STOP = 143
_SIGNALS = range(129, 193)
_NOT_RUN = {126: "a program could not be run", 127: "a program was not found"}


def fault_of(code: int) -> str:
    """Why an exit code says nothing of the recipe; empty if it may say something.

    A negative one is a signal, as Python has it; over 128 it is one, as a shell has it.
    """
    if code == _TOLD_TO_STOP:
        return "it was told to stop (exit code 143)"
    if code < 0:
        return f"it was ended by signal {-code}"
    if code in _SIGNALS and code != OVERDUE:
        return f"signal {code - 128} ended it, or a part of it (exit code {code})"
    if code in _NOT_RUN:
        return f"{_NOT_RUN[code]} (exit code {code})"
    return ""


def contradiction(code: int, *, green: bool) -> str:
    """How an exit code and a result contradict each other; empty if they do not."""
    if green and code != GREEN:
        return f"its result is green, and its exit code is {code}"
    if not green and code == GREEN:
        return "its result is red, and its exit code is 0"
    return ""
