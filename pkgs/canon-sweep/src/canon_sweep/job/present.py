"""What an engine has, asked once for many recipes that are looked at one right after another."""

from __future__ import annotations

import time

import msgspec

from canon_sweep.core.canonical import Canonical
from canon_sweep.engine.protocol import Engine
from canon_sweep.harness.quick import lost_parts, named_parts

# seconds; a recipe that is tested takes longer, and the next one is looked at anew
_FRESH = 2.0


class Present(msgspec.Struct):
    """What is there, as of a moment ago."""

    engine: Engine
    _there: frozenset[str] = frozenset()
    _until: float = 0.0

    def lost(self, record: Canonical) -> tuple[str, ...]:
        """The volumes and secrets that a record names and the engine does not have.

        What seems lost is looked for once more.

        Raises:
            HostFault: the engine cannot be asked.
        """
        if time.monotonic() >= self._until:
            self._there = self.engine.present()
            self._until = time.monotonic() + _FRESH
        return lost_parts(record, self.engine) if named_parts(record) - self._there else ()
