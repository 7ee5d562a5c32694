"""What the sweep asks before it does anything."""

from __future__ import annotations

from typing import Protocol


class Guard(Protocol):
    """One source of what may be in flight on this host."""

    def in_flight(self) -> str | None:
        """What is in flight, in a few words; None if nothing is, and only then.

        Raises:
            Fault: it cannot tell; whoever asks takes that for a yes.
        """
        ...
