"""The open pull requests of all mirrors, asked for at once, with one bound for all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial

import msgspec

from canon_sweep.bounded import OverdueError, awaited
from canon_sweep.core.place import Place
from canon_sweep.crew import set_to_work
from canon_sweep.errors import HostFault
from canon_sweep.forge.protocol import Forge, Listing
from canon_sweep.web import SlowFault

SECONDS = 60.0
"""How long all answers together may take, and a little more for each mirror."""
MORE = 0.2


class Asked(msgspec.Struct):
    """Asks a forge in threads, as soon as it is told to begin; an answer is waited for.

    A forge that hangs costs a sweep its bound once, however many mirrors there are.
    """

    forge: Forge
    places: Mapping[str, Place]
    _answers: dict[str, Future[Listing]] = msgspec.field(default_factory=dict)
    _end: float = 0.0

    def begin(self, recipes: tuple[str, ...]) -> None:
        """Ask for those of these recipes whose mirrors lie on the forge; wait for none."""
        names = [name for name in recipes if name in self.places and name not in self._answers]
        self._end = time.monotonic() + SECONDS + MORE * len(names)
        try:
            answers = set_to_work([partial(self._ask, name) for name in names])
        except HostFault as fault:
            answers = [_failed(fault) for _ in names]
        self._answers |= dict(zip(names, answers, strict=True))

    def of(self, recipe: str) -> Listing:
        """A recipe's open pull requests; asked for now, if nobody has begun.

        Raises:
            WebFault: the forge did not answer as it should, or not in time.
            HostFault: no thread can be started.
        """
        if recipe not in self._answers:
            self.begin((recipe,))
        try:
            return awaited(self._answers[recipe], self._end - time.monotonic())
        except OverdueError:
            raise _slow() from None

    def _ask(self, recipe: str) -> Listing:
        if time.monotonic() >= self._end:
            raise _slow()
        return self.forge.pulls(self.places[recipe])


def _slow() -> SlowFault:
    return SlowFault(
        "the forge has not told of all mirrors' pull requests in time",
        do="the next sweep asks again",
    )


def _failed(fault: HostFault) -> Future[Listing]:
    answer: Future[Listing] = Future()
    answer.set_exception(fault)
    return answer
