"""One bound on everything that a sync does, whatever the server sends or does not send."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from canon_sweep.bounded import OverdueError
from canon_sweep.bounded import bounded as in_a_thread
from canon_sweep.errors import SyncFault
from canon_sweep.mirror.disk import DiskFault

T = TypeVar("T")

# libgit2's own limits end a read at the deadline; this lets their error come first.
_GRACE = 0.3


class Deadline:
    """When a sync has to be done, and whom it is waiting for."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self.waiting_for = ""

    def left(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self._end - time.monotonic())

    def expire(self) -> None:
        """Nothing may be done any more: what still runs stops at its next check."""
        self._end = 0.0

    def check(self) -> None:
        """Go on, or not.

        Raises:
            SyncFault: the deadline has passed.
        """
        if not self.left():
            raise self.fault()

    def fault(self) -> SyncFault:
        """The error that says who was too slow: a remote, or whoever has the cache clone."""
        within = f"not done within {round(self._seconds, 2):g} s"
        if not self.waiting_for:
            return DiskFault(
                f"the cache clone: {within}, and no remote was asked",
                do="see who holds the lock that lies beside it, *.git.lock: lsof names the process",
            )
        return SyncFault(
            f"{self.waiting_for}: {within}",
            do="see whether it answers, or allow a sync more time",
        )


def bounded(work: Callable[[Deadline], T], seconds: float) -> T:
    """Do ``work`` and return its result, or give up at the deadline.

    libgit2 cannot be interrupted while a server drips one byte a second, so it
    works in a thread that is left behind at the deadline.  Such a thread can
    only receive: whatever it would do next begins with a check of the deadline.

    Raises:
        SyncFault: the deadline passed first.
    """
    deadline = Deadline(seconds)
    try:
        return in_a_thread(lambda: work(deadline), seconds + _GRACE)
    except OverdueError:
        raise deadline.fault() from None
    finally:
        deadline.expire()
