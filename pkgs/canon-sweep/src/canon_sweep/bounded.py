"""Work in a thread, with an end: for what cannot be interrupted and may never return."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TypeVar

from canon_sweep.core import denial
from canon_sweep.errors import HostFault

T = TypeVar("T")


class OverdueError(Exception):
    """The work was not done in time.  It is none that the work itself may raise."""


def begun(work: Callable[[], T]) -> Future[T]:
    """Do ``work`` in a thread of its own; what it returned or raised is in the future.

    Nobody waits for it that does not ask, neither does the end of this process.

    Raises:
        HostFault: no thread can be started.
    """
    answer: Future[T] = Future()

    def settle() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # it is raised again where the answer is awaited
            answer.set_exception(error)

    try:
        threading.Thread(target=settle, name="bounded", daemon=True).start()
    except RuntimeError as error:
        # Python says no more, but that is what the kernel has said
        raise HostFault(str(error), do=denial.remedy(errno.EAGAIN)) from error
    return answer


def awaited(answer: Future[T], seconds: float) -> T:
    """What the work of `begun` returned, or raise what it raised.

    Raises:
        OverdueError: it is not done within ``seconds`` from now.
    """
    try:
        return answer.result(timeout=max(0.0, seconds))
    except FutureTimeout:
        # the work's own time-outs are of the same class
        if answer.done():
            return answer.result()
        raise OverdueError(f"not done within {seconds:g} s") from None


def bounded(work: Callable[[], T], seconds: float) -> T:
    """Do ``work`` and return its result, or raise what it raised.

    Work that is late is left behind: it may go on unseen, and ends at the latest with
    this process.  So it must not change anything that somebody still needs.

    Raises:
        OverdueError: it took longer than ``seconds``.
        HostFault: no thread can be started.
    """
    return awaited(begun(work), seconds)
