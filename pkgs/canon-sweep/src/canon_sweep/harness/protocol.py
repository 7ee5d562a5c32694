"""What tests a version, whatever it does that with."""

from __future__ import annotations

from typing import Protocol

from canon_sweep.core.attempts import Took
from canon_sweep.core.result import CiResult
from canon_sweep.harness.order import Order


class Harness(Protocol):
    """Tests one version of a recipe and answers with a CI result.

    A green result says in ``retained`` what was left for a promotion: whoever asked
    for the test promotes it, or has it discarded.  Any other result leaves nothing.
    """

    def test(self, order: Order) -> CiResult:
        """Test an order cold.

        Raises:
            HostFault: the host failed; it says nothing of the version.
            SyncFault: the version is not in the clone.
            TimeFault: the run's time is used up.
        """
        ...

    def discard(self, result: CiResult) -> None:
        """Take away what a green result left; what any record names stays."""
        ...

    def took(self) -> Took | None:
        """The most that its tests took of the engine's disk so far; None if nobody knows."""
        ...

    def unsettled(self) -> tuple[str, ...]:
        """What could not be taken away so far: beside it no test is cold."""
        ...
