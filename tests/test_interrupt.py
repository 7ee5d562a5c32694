"""What is under way can be ended from another thread, once, and not while that has to wait."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import pytest

from canon_sweep import interrupt
from canon_sweep.errors import Interrupted
from canon_sweep.interrupt import Deferred, Endable, EndedError


def in_thread(work: Callable[[], None]) -> None:
    """Do it in another thread, to its end."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_wait_is_ended_wherever_it_waits() -> None:
    """As by a signal; the reason is told."""
    never = threading.Event()

    def waits() -> None:
        with Endable() as test:
            threading.Timer(0.05, test.end, ["no room"]).start()
            never.wait(30)

    with pytest.raises(EndedError, match="no room"):
        waits()


def test_what_has_to_have_a_name_first_gets_one() -> None:
    """The end is told when what was deferred is over, and not in it."""
    named: list[str] = []

    def begins() -> None:
        with Endable() as test, Deferred():
            in_thread(lambda: test.end("no room"))
            named.append("it")

    with pytest.raises(EndedError):
        begins()
    assert named == ["it"]


def test_taking_down_is_not_ended_again() -> None:
    """It ends once."""
    down: list[str] = []

    def ends() -> None:
        with Endable() as test:
            try:
                in_thread(lambda: test.end("no room"))
                test.end("no room")
            finally:
                with Deferred():
                    down.append("it")

    with pytest.raises(EndedError):
        ends()
    assert down == ["it"]


def test_afterwards_nothing_is_left_of_it() -> None:
    """Neither a handler nor an end that is still to be told."""
    before = signal.getsignal(signal.SIGUSR1)
    with interrupt.Held(), Endable() as test:
        in_thread(lambda: test.end("too late"))

    assert signal.getsignal(signal.SIGUSR1) == before
    with Deferred():
        pass
    with Endable():
        pass


def test_who_takes_down_for_a_stop_is_not_ended() -> None:
    """The stop would be forgotten, and a rerun begin."""
    down: list[str] = []
    with interrupt.Held(), interrupt.LetThrough(), Endable() as test:
        with pytest.raises(Interrupted, match="SIGTERM"):
            interrupt._interrupt(signal.SIGTERM, None)
        in_thread(lambda: test.end("no room"))
        down.append("it")

    assert down == ["it"]
