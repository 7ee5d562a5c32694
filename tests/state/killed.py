"""A process that dies at a chosen step of its work."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import ModuleType

from child import in_child

# whose functions, or the methods of whose files, are calls of the system
SYSTEM = {"posix", "io", "_io", "fcntl"}


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a forked child that dies at its n-th step outside of its own memory.

    Steps are the returns of what speaks to the system, counted as they happen: the open itself
    included, right after which the file exists and is empty.  Of any two moments between which
    there is no such step, a kill leaves the same.  True if the child came to its end before that
    step.
    """

    def until_then() -> None:
        seen = 0

        def watch(frame: object, event: str, argument: object) -> None:
            nonlocal seen
            if event == "c_return" and _module(argument) in SYSTEM:
                seen += 1
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(watch)
        work()
        sys.setprofile(None)

    return in_child(until_then) == 0


def _module(function: object) -> str:
    """The module that a built-in function, or the object that a method is of, belongs to."""
    owner = getattr(function, "__self__", None)
    return owner.__name__ if isinstance(owner, ModuleType) else type(owner).__module__
