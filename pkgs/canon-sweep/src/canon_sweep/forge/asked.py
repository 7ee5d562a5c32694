"""The open pull requests of all mirrors, asked for at once, with one bound for all of them."""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field

from canon_sweep.core import denial
from canon_sweep.core.place import Place
from canon_sweep.errors import HostFault
from canon_sweep.forge.protocol import Forge, Listing
from canon_sweep.web import SlowFault

AT_ONCE = 8
SECONDS = 60.0
"""How long all answers together may take, and a little more for each mirror."""
MORE = 0.2


@dataclass(slots=True)
class Asked:
    """Asks a forge in threads, as soon as it is told to begin; an answer is waited for.

    A forge that hangs costs a sweep its bound once, however many mirrors there are.
    """

    forge: Forge
    places: Mapping[str, Place]
    _answers: dict[str, Future[Listing]] = field(default_factory=dict)
    _waiting: deque[str] = field(default_factory=deque)
    _end: float = 0.0

    def begin(self, recipes: tuple[str, ...]) -> None:
        """Ask for those of these recipes whose mirrors lie on the forge; wait for none."""
        names = [name for name in recipes if name in self.places and name not in self._answers]
        self._end = time.monotonic() + SECONDS + MORE * len(names)
        self._answers |= {name: Future() for name in names}
        self._waiting.extend(names)
        for started in range(min(AT_ONCE, len(names))):
            try:
                # one that hangs ends with this process, at the latest
                threading.Thread(target=self._ask, name="forge", daemon=True).start()
            except RuntimeError as error:
                if not started:
                    self._fail(HostFault(str(error), do=denial.remedy(errno.EAGAIN)))
                return

    def of(self, recipe: str) -> Listing:
        """A recipe's open pull requests; asked for now, if nobody has begun.

        Raises:
            WebFault: the forge did not answer as it should, or not in time.
            HostFault: no thread can be started.
        """
        if recipe not in self._answers:
            self.begin((recipe,))
        try:
            return self._answers[recipe].result(max(0.0, self._end - time.monotonic()))
        except FutureTimeout:
            raise SlowFault(
                "the forge has not told of all mirrors' pull requests in time",
                do="the next sweep asks again",
            ) from None

    def _fail(self, fault: HostFault) -> None:
        while self._waiting:
            self._answers[self._waiting.popleft()].set_exception(fault)

    def _ask(self) -> None:
        while time.monotonic() < self._end:
            try:
                recipe = self._waiting.popleft()
            except IndexError:
                return
            answer = self._answers[recipe]
            try:
                answer.set_result(self.forge.pulls(self.places[recipe]))
            except BaseException as error:  # it is raised again where the answer is awaited
                answer.set_exception(error)
