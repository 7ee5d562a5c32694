"""Whether there is room on the engine's disk for a test, and a test's end where there is none."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from canon_sweep import interrupt
from canon_sweep.core import denial
from canon_sweep.core.decision import Code
from canon_sweep.core.space import Bounds, Mark, Space, high_water, most_data, shortage, shown
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import Fault, HostFault, RoomFault
from canon_sweep.job import images
from canon_sweep.settings.records import Settings
from canon_sweep.state.store import State

# seconds between two looks while a test runs: a disk of today takes a few GiB in them
PERIOD = 2.0


class Room(msgspec.Struct, frozen=True):
    """Asks before a test, and watches during it."""

    settings: Settings
    state: State
    engine: Engine
    now: Callable[[], datetime]
    say: Callable[[str], None]

    @property
    def bounds(self) -> Bounds:
        """What is to stay free."""
        return Bounds(self.settings.disk.min_free, self.settings.disk.floor)

    def mark(self, recipe: str) -> Mark:
        """What a recipe's next test may take.

        Raises:
            StateFault: the ledger cannot be read.
        """
        return high_water(self.state.ledger.index().of(recipe), self.settings.disk.assumed_peak)

    def most_data(self, recipe: str) -> Mark:
        """How much data there may be of a recipe's next test.

        Raises:
            StateFault: the ledger cannot be read.
        """
        return most_data(self.state.ledger.index().of(recipe), self.settings.disk.assumed_peak)

    def check(self, recipe: str) -> None:
        """See that there is room for a recipe's test; old images go first if there is not.

        Raises:
            RoomFault: there is none, or nobody can say.
            HostFault: the engine cannot be asked.
            StateFault: the ledger cannot be read.
        """
        if not self.bounds.are_set or not self._shortage(recipe):
            return
        images.make_room(self.settings.prune, self.state, self.engine, self.now(), self.say)
        why = self._shortage(recipe)
        if why:
            raise RoomFault(why, do="make room; canon-sweep budget shows who takes what")

    def hindrance(self, recipe: str) -> str:
        """As `check`, for who does not need a fault: why there is no room, or empty."""
        try:
            self.check(recipe)
        except Fault as fault:
            return fault.what
        return ""

    def outlook(self, recipe: str) -> str:
        """What would come of a test that began now, if that is not certain; nothing is removed."""
        if not self.bounds.are_set:
            return ""
        try:
            why = self._shortage(recipe)
        except Fault as fault:
            return f"nobody can say whether there is room for its test: {fault.what}"
        return f"{Code.DISK}, unless old images make way: {why}" if why else ""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """End what is done meanwhile once less than ``disk.floor`` is free.

        Raises:
            HostFault: it was ended, before the host was full.
        """
        floor = self.settings.disk.floor
        if floor is None:
            yield
            return
        try:
            with interrupt.Endable() as test, _Watch(self.engine, floor, test.end):
                yield
        except interrupt.EndedError as ended:
            raise HostFault(str(ended), do="make room, or see canon-sweep budget") from ended

    def _shortage(self, recipe: str) -> str:
        # an engine that cannot be asked at all is no full disk
        return shortage(self.engine.space(), self.bounds, self.mark(recipe))

    def space(self) -> Space | None:
        """How much room there is; None if nobody can say."""
        try:
            return self.engine.space()
        except HostFault as fault:
            self.say(f"how much is free is not known: {fault}")
            return None


class _Watch:
    """Looks at the disk in a thread of its own, and ends a test at most once."""

    def __init__(self, engine: Engine, floor: int, end: Callable[[str], None]) -> None:
        self._engine = engine
        self._floor = floor
        self._end = end
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="room", daemon=True)

    def __enter__(self) -> None:
        try:
            self._thread.start()
        except RuntimeError as error:
            raise HostFault(str(error), do=denial.remedy(errno.EAGAIN)) from error

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(PERIOD):
            try:
                space = self._engine.space()
            except HostFault:
                continue  # the test finds that itself
            if space is not None and space.free < self._floor:
                floor = shown(self._floor)
                self._end(f"only {space} were free on the engine's disk, below disk.floor {floor}")
                return
