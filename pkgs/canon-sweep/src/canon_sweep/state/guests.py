"""Which outside harnesses are at work, and what they left up: nothing is tested beside it.

An entry is written before a harness starts, and taken away once nothing of what it put up
is there any more.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from canon_sweep.core import names
from canon_sweep.state import register


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a harness; ``before`` is what was on the engine when it started.

    ``mark`` is in the environment of all that it has started, and of nothing else.
    ``left`` is what it put up and left there, None as long as nobody has looked.
    """

    recipe: str
    run: str
    mark: str
    before: tuple[str, ...] = ()
    left: tuple[str, ...] | None = None


def staying(guest: Guest) -> str:
    """An entry for who finds it and cannot know whether a run is on; with the next step."""
    if guest.left is None:
        what = f"the harness's run {guest.run} of {guest.recipe} is on, or was broken off"
        return f"{what}: canon-sweep recover ends what is left of it"
    left = ", ".join(guest.left)
    return f"the harness left {left} up after its run {guest.run} of {guest.recipe}: take it down"


_ENTRIES: msgspec.json.Decoder[dict[str, Guest]] = msgspec.json.Decoder(dict[str, Guest])
_ADVICE = "see that no harness is at work and what it left up, then remove it"


class Guests(msgspec.Struct, frozen=True):
    """``guests.json``: an entry a run of a harness."""

    path: Path

    def entries(self) -> tuple[Guest, ...]:
        """All of them, in the order of their runs.

        Raises:
            StateFault: the file cannot be read.
        """
        return tuple(guest for _, guest in sorted(self._read().items()))

    def put(self, guest: Guest) -> None:
        """Write one down, in place of its earlier entry.

        Raises:
            StateFault: it was not written, so no harness may be started.
        """
        register.put(self.path, guest.run, guest, self._read)

    def drop(self, run: str) -> None:
        """Forget one: nothing of it is up.

        Raises:
            StateFault: the file cannot be read or written.
        """
        register.drop(self.path, run, self._read)

    def _read(self) -> dict[str, Guest]:
        return register.read(self.path, _ENTRIES, what="list of guests", do=_ADVICE, problem=_wrong)


def _wrong(run: str, guest: Guest) -> str | None:
    if guest.run != run:
        return f"{names.printable(run)} has the entry of {names.printable(guest.run)}"
    return names.recipe_problem(guest.recipe)
