"""Work in a thread has an end, and its own errors stay its own."""

from __future__ import annotations

import threading
import time

import pytest

from canon_sweep.bounded import OverdueError, bounded
from canon_sweep.errors import HostFault


def test_a_result_is_returned() -> None:
    """Nothing more than that the work was done elsewhere."""
    assert bounded(lambda: 7, 5) == 7


def test_work_that_never_ends_is_left_behind() -> None:
    """Whoever waits goes on at the deadline."""
    started = time.monotonic()

    with pytest.raises(OverdueError, match=r"not done within 0\.2 s"):
        bounded(threading.Event().wait, 0.2)

    assert time.monotonic() - started < 2


@pytest.mark.parametrize("error", [ValueError("x"), TimeoutError("its own"), KeyboardInterrupt()])
def test_what_the_work_raises_is_raised(error: BaseException) -> None:
    """A time-out of the work's own is not ours."""

    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        bounded(fail, 5)

    assert raised.value is error


def test_no_time_is_no_waiting() -> None:
    """A deadline that has passed is none that may be negative."""
    with pytest.raises(OverdueError):
        bounded(threading.Event().wait, -1)


def test_a_host_without_a_thread_left_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was called a bug of ours."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    with pytest.raises(HostFault, match="can't start new thread; see how many processes"):
        bounded(lambda: 7, 5)
