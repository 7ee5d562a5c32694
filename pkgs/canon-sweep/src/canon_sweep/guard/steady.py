"""An idle answer has to hold: between two stages of one build a queue is empty."""

from __future__ import annotations

import time

import msgspec

from canon_sweep.guard.protocol import Guard

APART = 3.0
"""Seconds between the two readings: far longer than a server takes from stage to stage."""


class Steady(msgspec.Struct, frozen=True):
    """A guard that is idle only when it is so twice, some seconds apart."""

    guard: Guard

    def in_flight(self) -> str | None:
        """As the guard itself says, asked once more if that was None."""
        reason = self.guard.in_flight()
        if reason is not None:
            return reason
        time.sleep(APART)
        return self.guard.in_flight()
