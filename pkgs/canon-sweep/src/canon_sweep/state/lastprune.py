"""When there was a prune last: one that is put off each night must not be silent for ever."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from canon_sweep.state import files


class LastPrune(msgspec.Struct, frozen=True):
    """``pruned``: a time in UTC, on one line."""

    path: Path

    def note(self, now: datetime) -> None:
        """There was one just now.

        Raises:
            StateFault: it cannot be written down.
        """
        files.write_atomically(self.path, f"{now.isoformat()}\n".encode())

    def since(self, now: datetime) -> datetime:
        """When that was; as far as anybody knows now, and from now on, if nothing says so.

        Raises:
            StateFault: the file cannot be read or written.
        """
        try:
            found = datetime.fromisoformat((files.read(self.path) or b"").decode().strip())
        except ValueError:
            found = None
        # one that is yet to come was noted by a clock that was set back since
        if found is not None and found.tzinfo is not None and found <= now:
            return found
        self.note(now)
        return now
