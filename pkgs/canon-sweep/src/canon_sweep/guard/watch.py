"""All guards together: ask once, or wait for the end of what is in flight."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from canon_sweep.core.names import cut, plain
from canon_sweep.errors import Fault
from canon_sweep.guard.protocol import Guard
from canon_sweep.settings.duration import written

LONGEST = 500
"""How many characters of a reason are told: some of it is other people's to choose."""


class Watch(msgspec.Struct, frozen=True):
    """Guards, and how patient to be with what they see: ``wait`` and ``poll`` in seconds."""

    guards: Sequence[Guard]
    wait: float
    poll: float

    def in_flight(self) -> str | None:
        """What the first guard sees that sees anything; a doubt is a sight."""
        reasons = (_answer(guard) for guard in self.guards)
        return next((reason for reason in reasons if reason is not None), None)

    def clear(
        self,
        time_left: Callable[[], float],
        say: Callable[[str], None],
        meanwhile: Callable[[], bool] = lambda: True,
    ) -> str | None:
        """Wait until nothing is in flight: None, or what still is when time is up.

        That is after ``wait`` seconds, or when the caller has none left.  What is waited
        for is said once, and again when it is something else.  ``meanwhile`` is done after
        each look that sees something; its time is not waited, and False ends the waiting.
        """
        started = time.monotonic()
        told = None
        while (reason := self.in_flight()) is not None:
            left = min(self.wait - (time.monotonic() - started), time_left())
            if left <= 0:
                return reason
            if reason != told:
                say(f"waiting, at most {written(left)} more: {reason}")
                told = reason
            since = time.monotonic()
            if not meanwhile():
                return reason
            started += time.monotonic() - since
            time.sleep(min(self.poll, left))
        if told is not None:
            say(f"waited {written(time.monotonic() - started)}: nothing is in flight any more")
        return None


def _answer(guard: Guard) -> str | None:
    """What a guard sees; as every recipe's line will have it, of a bounded length."""
    reason = _asked(guard)
    return None if reason is None else cut(reason, LONGEST)


def _asked(guard: Guard) -> str | None:
    try:
        return guard.in_flight()
    except Fault as fault:
        why = str(fault)
    except Exception as error:  # a bug of ours is a doubt as well
        why = plain(f"{type(error).__name__}: {error}"[:200])
    return f"cannot tell whether a build is in flight: {why}"
