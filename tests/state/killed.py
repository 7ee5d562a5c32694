"""A process that dies at a chosen step of its work."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from child import in_child


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a forked child that dies at its n-th system-level step.

    Steps are the returns of built-in functions, counted as they happen: the open
    itself included, right after which the file exists and is empty.  True if the
    child came to its end before that step.
    """

    def until_then() -> None:
        seen = 0

        def watch(frame: object, event: str, argument: object) -> None:
            nonlocal seen
            if event == "c_return":
                seen += 1
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(watch)
        work()
        sys.setprofile(None)

    return in_child(until_then) == 0
