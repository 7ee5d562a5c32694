"""A process that dies at a chosen step of its work."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a forked child that dies at its n-th system-level step.

    Steps are audit events of file operations, counted as they happen: the open
    itself included, right after which the file exists and is empty.  True if the
    child came to its end before that step.
    """
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.WIFEXITED(status)
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
    os._exit(0)
