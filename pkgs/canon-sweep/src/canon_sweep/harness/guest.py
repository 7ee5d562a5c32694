"""What an outside harness puts up and leaves there, on the engine and among the processes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
from msgspec import structs

from canon_sweep import interrupt
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import Fault, StateFault
from canon_sweep.harness import remains
from canon_sweep.harness.recover import Unsettled
from canon_sweep.state.guests import Guest, Guests

MARK = "CANON_SWEEP_MARK"
"""The variable by which whatever a harness starts is known for its own, also after a crash."""
_CONTAINER = "container "
_UP = ("stack ", _CONTAINER)
# seconds that a container has to go, when nothing puts it up again, and between two looks
_GOING = 60.0
_AGAIN = 0.5


class Visits(msgspec.Struct):
    """The harness's runs of one recipe; ``ignored`` names what is never its own."""

    recipe: str
    engine: Engine
    guests: Guests
    say: Callable[[str], None]
    ignored: Sequence[str] = ()
    before: frozenset[str] = frozenset()
    _left: list[str] = msgspec.field(default_factory=list)
    _alive: list[str] = msgspec.field(default_factory=list)

    @contextmanager
    def visit(self, run: str) -> Iterator[str]:
        """What is put up within this, and is still up at its end, is the harness's.

        Gives the mark that whatever it starts has to have, see `MARK`.

        Raises:
            HostFault: the engine cannot be used.
            StateFault: it cannot be written down, so nothing may be started.
        """
        self.before = self.engine.present()
        # another sweep, with another state, may have a run of the same name
        mark = f"{run}-{secrets.token_hex(8)}"
        guest = Guest(recipe=self.recipe, run=run, mark=mark, before=tuple(sorted(self.before)))
        self.guests.put(guest)
        try:
            yield mark
        finally:
            self._look(guest)

    def outlived(self, processes: Sequence[str]) -> None:
        """These of the visit could not be ended, and stay its own when it is over."""
        self._alive += processes

    def unsettled(self) -> tuple[str, ...]:
        """What is still up of all that was left; a doubt counts as up."""
        try:
            here = self.engine.present()
        except Fault as fault:
            return (*self._alive, *(f"{each}, or not: {fault}" for each in self._left))
        self._left = [each for each in self._left if each in here]
        return (*self._alive, *(f"{each} is still up: the harness left it" for each in self._left))

    def _look(self, guest: Guest) -> None:
        try:
            left = stays_since(guest, self.engine, self.ignored)
            new = sorted(self.engine.present() - self.before)
        except Fault:
            return  # the entry stays, and who settles it looks then
        if new:
            # data among it is no hindrance, and yet somebody's to take away
            self.say(f"harness: new on the engine since it started: {', '.join(new)}")
        self._left += left
        if self._alive:
            return  # the entry stays: whoever settles it ends them, and looks then
        _note(guest, left, self.guests)


def up_since(guest: Guest, engine: Engine, ignored: Sequence[str]) -> tuple[str, ...]:
    """The stacks and containers that are up and were not before the harness started.

    Raises:
        HostFault: the engine cannot be used.
    """
    new = engine.present() - set(guest.before)
    return tuple(sorted(each for each in new if each.startswith(_UP) and _counts(each, ignored)))


def _counts(thing: str, ignored: Sequence[str]) -> bool:
    """Whether nobody has named a stack, with its containers, or a container as another's."""
    return not any(
        thing in (f"stack {name}", f"{_CONTAINER}{name}")
        or thing.startswith(f"{_CONTAINER}{name}_")
        for name in ignored
    )


def stays_since(guest: Guest, engine: Engine, ignored: Sequence[str]) -> tuple[str, ...]:
    """As `up_since`, once what is on its way down is gone.

    Raises:
        HostFault: the engine cannot be used.
    """
    deadline = time.monotonic() + _GOING
    while True:
        left = up_since(guest, engine, ignored)
        # who is asked to end does not wait for others
        if not _may_go(left) or interrupt.reason() or time.monotonic() > deadline:
            return left
        time.sleep(_AGAIN)


def _may_go(left: Sequence[str]) -> bool:
    """Whether it may all be gone in a moment: a stack that has a service stays."""
    return bool(left) and all(each.startswith(_CONTAINER) for each in left)


def settle(
    guests: Guests, engine: Engine, ignored: Sequence[str], say: Callable[[str], None]
) -> tuple[Unsettled, ...]:
    """End what is left of a harness whose run was killed; gives what is still up, by run.

    What it put up is its own to take down: it is told, and nothing is tested beside it.

    Raises:
        StateFault: the list of guests cannot be read or written.
    """
    still = []
    for guest in guests.entries():
        try:
            why = _settled(guest, guests, engine, ignored, say)
        except StateFault:
            raise
        except Fault as fault:
            why = f"what it left up is not known: {fault}"
        if why:
            still.append(Unsettled(guest.recipe, guest.run, runs=True, why=why))
    return tuple(still)


def _settled(
    guest: Guest,
    guests: Guests,
    engine: Engine,
    ignored: Sequence[str],
    say: Callable[[str], None],
) -> str:
    """Why a guest is not gone yet; empty if it is."""
    left = guest.left
    if left is None:
        killed, alive = remains.end_marked(f"{MARK}={guest.mark}")
        for each in killed:
            say(f"{each} of the harness's run {guest.run} was killed")
        if alive:
            return f"{', '.join(alive)} cannot be ended"
        left = stays_since(guest, engine, ignored)
        if data := sorted(engine.present() - set(guest.before) - set(left)):
            say(f"new on the engine since the run {guest.run} began: {', '.join(data)}")
    here = engine.present()
    left = tuple(each for each in left if each in here and _counts(each, ignored))
    _note(guest, left, guests)
    if not left:
        return ""
    return (
        f"{', '.join(left)} is still up; take it down, or, where it is not the harness's, name it"
        " in guard.ignore"
    )


def _note(guest: Guest, left: tuple[str, ...], guests: Guests) -> None:
    if guest.left is None and _may_go(left) and interrupt.reason():
        return  # it had no time to go: the next run looks
    if left:
        guests.put(structs.replace(guest, before=(), left=left))
    else:
        guests.drop(guest.run)
