"""Whether the next recipe may begin: nobody has asked to stop, there is time, nothing is in flight.

What takes down and cleans up (`recover`, `forget`, the beginning of each run) does not ask:
it deploys nothing, and what a dead run left is itself in the builds' way.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from canon_sweep import interrupt
from canon_sweep.core.decision import Code
from canon_sweep.core.stop import Stop
from canon_sweep.errors import Interrupted, StateFault
from canon_sweep.job.wiring import Parts
from canon_sweep.settings.recipe import Recipe


def stop_of(parts: Parts) -> Stop | None:
    """Why no further recipe may begin, or None; waits for what is in flight, as long as it may."""
    return _ended(parts) or _in_flight(parts) or _ended(parts)


def stop_of_sweep(parts: Parts) -> Stop | None:
    """As `stop_of`; whoever waits for his turn has it meanwhile.

    What is in flight may be the very build whose test waits for it.
    """
    guests = _Guests(parts)
    found = _ended(parts) or _in_flight(parts, guests) or _ended(parts)
    return guests.stop or found


class _Guests(msgspec.Struct):
    """Lets in who waits; ``stop`` is why nothing may go on after it."""

    parts: Parts
    stop: Stop | None = None

    def __call__(self) -> bool:
        self.stop = _let_in(self.parts)
        return self.stop is None


class Between(msgspec.Struct):
    """As `stop_of`, between the recipes of a sweep: whoever waits for his turn has it first.

    Once it says stop, nobody is reached any more but who takes no part: an exception is no
    deferral, and nothing is in its way.
    """

    parts: Parts
    stop: Stop | None = None

    def __call__(self, recipe: Recipe) -> Stop | None:
        """Why this recipe is not reached, or None."""
        if recipe.stays_out and interrupt.reason() is None:
            return None
        parts = self.parts
        self.stop = self.stop or _ended(parts) or _let_in(parts) or stop_of_sweep(parts)
        return self.stop


def _let_in(parts: Parts) -> Stop | None:
    turn, ground = parts.turn, parts.ground
    try:
        # what is not settled yet would be another's to clean up, and then ours again
        if turn is None or parts.state.journal.entries() or parts.state.guests.entries():
            return None
        with interrupt.LetThrough():
            is_back = turn.let_in(ground.time_left, ground.say)
    except Interrupted as why:
        return Stop(Code.OUT_OF_TIME, f"not reached: {why}")
    except StateFault as fault:
        # while the turn is ours, the recipe itself finds what is wrong, and tells it
        is_ours = turn is None or turn.is_ours
        return None if is_ours else Stop(Code.HOST_ERROR, f"not reached: {fault}")
    if is_back:
        return None
    return Stop(Code.OUT_OF_TIME, "not reached: maxRuntime was used up in somebody else's turn")


def _ended(parts: Parts) -> Stop | None:
    stopped = interrupt.reason()
    if stopped is None and parts.ground.time_left() <= 0:
        stopped = "maxRuntime is used up"
    return None if stopped is None else Stop(Code.OUT_OF_TIME, f"not reached: {stopped}")


def _in_flight(parts: Parts, meanwhile: Callable[[], bool] = lambda: True) -> Stop | None:
    ground = parts.ground
    try:
        # who stops a run does not wait for its waiting
        with interrupt.LetThrough():
            reason = parts.watch.clear(ground.time_left, ground.say, meanwhile)
    except Interrupted as why:
        return Stop(Code.OUT_OF_TIME, f"not reached: {why}")
    if reason is None:
        return None
    if ground.time_left() <= 0:
        return Stop(Code.OUT_OF_TIME, f"not reached: maxRuntime is used up, and {reason}")
    return Stop(Code.IN_FLIGHT, f"not reached: {reason}")
