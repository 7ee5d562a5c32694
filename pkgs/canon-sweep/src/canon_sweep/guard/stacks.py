"""Other people's stacks on the Swarm: what converges is being deployed by somebody."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from canon_sweep.core.names import plain
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault


class Stacks(msgspec.Struct, frozen=True):
    """The stacks of an engine, but for those that are not to be waited for."""

    engine: Engine
    ignore: Collection[str]

    def in_flight(self) -> str | None:
        """The first stack that converges, with the service that it waits for.

        An engine that is not there at all runs no test either: that is ``infra``, said by
        the test itself, and loud.  Were it in flight, a dead Docker would look like a busy one.

        Raises:
            HostFault: the engine is there, and does not tell.
        """
        try:
            found = self.engine.converging()
        except HostFault:
            if self._is_away():
                return None
            raise  # a test could begin, and beside what nobody knows
        for each in found:
            if each.stack not in self.ignore:
                return f"stack {plain(each.stack)} converges: {plain(each.why)}"
        return None

    def _is_away(self) -> bool:
        try:
            self.engine.node()
        except HostFault:
            return True
        return False
