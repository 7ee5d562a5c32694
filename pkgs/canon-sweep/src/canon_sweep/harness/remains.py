"""What a program has left running: found, named and killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence

from canon_sweep.core.names import plain
from canon_sweep.engine.local import kernel

# seconds that what is killed has to be gone
GONE = 10.0
_AGAIN = 0.02


def end_marked(mark: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kill whatever was started with a variable, as ``NAME=value``.

    For what a run that was killed has left.  Gives those that were killed, and those that
    are still there.
    """
    wanted = mark.encode()

    def marked() -> list[kernel.Stat]:
        found = kernel.everybody().values()
        me = os.getpid()
        return [
            each
            for each in found
            if each.pid != me and wanted in kernel.environment_of(each.pid).split(b"\0")
        ]

    left: list[str] = []
    alive = killed(marked, lambda: None, left)
    return tuple(left), alive


def killed(
    look: Callable[[], Sequence[kernel.Stat]], reap: Callable[[], None], left: list[str]
) -> tuple[str, ...]:
    """Kill what is found until nothing is; what was, and what is still there after a while."""
    deadline = time.monotonic() + GONE
    while True:
        running = [each for each in look() if each.runs]
        reap()
        if not running or time.monotonic() > deadline:
            return tuple(named(each.pid) for each in running)
        for each in running:
            if named(each.pid) not in left:
                left.append(named(each.pid))
            kernel.tell(each, signal.SIGKILL)
        time.sleep(_AGAIN)


def named(pid: int) -> str:
    """A process, for people."""
    return f"process {pid} ({plain(kernel.name_of(pid)) or '?'})"
