"""The signals that ask the process to end, and when they may.

From its first moment on (see `entry`) the process only notes a signal, until a command
begins; outside a run a signal then ends the command where it is.  A run writes down what it did,
so it *holds* signals while it keeps its books, and *lets them through* only while a
recipe is at work: whenever the signal comes, every recipe has its line.

Whoever asks a second time does not want to wait for that: the process ends at once, as by
a kill, and what is up then is the next run's to take down, or `recover`'s.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from types import FrameType

from canon_sweep.errors import Interrupted

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
APART = 1.0
"""Signals that come within so many seconds are one: `timeout` sends each of its own twice."""
# a terminal that is closed is told of by its kernel and its shell, whenever they come to it
_FINAL = (signal.SIGTERM, signal.SIGINT)
_LAST_WORDS = b"canon-sweep: stopped again: it ends at once; canon-sweep recover cleans up\n"
# by which a thread of ours reaches the main one, wherever that waits
_OWN = signal.SIGUSR1


class EndedError(Interrupted):
    """What was under way was ended by ourselves; the process goes on."""


class _Asked:
    """Whether the process was asked to end, and whether it may be told right now."""

    # no dataclass: a signal may come before that module is imported
    def __init__(self) -> None:
        self.reason: str | None = None
        self.since = 0.0
        self.held = False
        # why what is under way is to end, though the process is not
        self.end: str | None = None
        # whether it was told so, and is being taken down
        self.ended = False


# signals are the process's, so this is too
_asked = _Asked()


def install() -> None:
    """Take over the signals that would end the process; one that is ignored stays so.

    Who started us with ``nohup`` wants no hang-up to be noticed.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def ignore() -> None:
    """All is done and said: what comes while the process ends changes its exit code no more."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def reason() -> str | None:
    """What asked this run to end, while it holds signals; None if nothing did."""
    return _asked.reason


def was_ended() -> bool:
    """Whether what was under way was ended from another thread: see `Endable`."""
    return _asked.ended


class Held:
    """While this is entered a signal is only noted; see `reason`."""

    def __enter__(self) -> None:
        self._before = _asked.held
        _asked.held = True

    def __exit__(self, *_error: object) -> None:
        _asked.held = self._before
        if not _asked.held:
            # what was asked is done and written down; the next signal is a new one
            _asked.reason = None


class LetThrough:
    """While this is entered a signal raises `Interrupted`; at once, if one was held."""

    def __enter__(self) -> None:
        self._before = _asked.held
        if _asked.reason is not None:
            raise Interrupted(_asked.reason)
        _asked.held = False

    def __exit__(self, *_error: object) -> None:
        _asked.held = self._before


class Deferred:
    """While this is entered a signal waits, so that what begins in it has a name first.

    Afterwards it is as it was outside, and a signal that came is told.  What takes its
    time, and has somebody to clean up after it, is done while this is `Lifted`.
    """

    def __enter__(self) -> Deferred:
        import threading  # noqa: PLC0415 - start-up

        # elsewhere no signal is ever told
        self._is_ours = threading.current_thread() is threading.main_thread()
        self._held, self._reason = _asked.held, _asked.reason
        self.hold()
        return self

    def __exit__(self, *_error: object) -> None:
        self.lift()

    def hold(self) -> None:
        """Let signals wait."""
        if self._is_ours:
            _asked.held = True

    def lift(self) -> None:
        """Let signals be told as they were before; at once, if one came meanwhile."""
        if not self._is_ours:
            return
        _asked.held = self._held
        _tell_end()
        if self._reason is None and _asked.reason is not None and not self._held:
            # told once, as any signal
            self._reason = _asked.reason
            raise Interrupted(_asked.reason)


class Lifted:
    """While this is entered, what was deferred is not."""

    def __init__(self, deferred: Deferred) -> None:
        self._deferred = deferred

    def __enter__(self) -> None:
        self._deferred.lift()

    def __exit__(self, *_error: object) -> None:
        self._deferred.hold()


class Endable:
    """While this is entered another thread can end what is under way; see `end`.

    It ends as by a signal: at once, or as soon as signals are no longer deferred, and what
    is under way is taken down.  Once: taking down must not be ended again.
    """

    def __enter__(self) -> Endable:
        import threading  # noqa: PLC0415 - start-up

        # elsewhere no signal is ever told
        self._main = threading.current_thread() is threading.main_thread()
        self._thread = threading.get_ident()
        if self._main:
            _asked.end, _asked.ended = None, False
            self._before = signal.signal(_OWN, lambda *_: _tell_end())
        return self

    def __exit__(self, *_error: object) -> None:
        if self._main:
            # one that comes late has nothing to tell
            _asked.end, _asked.ended = None, False
            signal.signal(_OWN, self._before)

    def end(self, why: str) -> None:
        """Raise `EndedError` in the main thread."""
        if self._main:
            _asked.end = why
            signal.pthread_kill(self._thread, _OWN)


def _tell_end() -> None:
    # who was asked to stop takes down already, or is told so next
    if _asked.end is not None and not _asked.held and _asked.reason is None:
        why, _asked.end, _asked.ended = _asked.end, None, True
        raise EndedError(why)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    now = time.monotonic()
    if _asked.reason is not None:
        # what is under way is taken down, and that is not interrupted, only ended
        if number in _FINAL and now - _asked.since >= APART:
            _end(number)
        return
    _asked.reason, _asked.since = f"stopped by {signal.Signals(number).name}", now
    if not _asked.held:
        raise Interrupted(_asked.reason)


def _end(number: int) -> None:
    with suppress(OSError):
        os.write(2, _LAST_WORDS)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
