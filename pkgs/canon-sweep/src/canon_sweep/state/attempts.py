"""The attempt ledger on disk: append-only, every attempt with its key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from canon_sweep.core.attempts import Attempt
from canon_sweep.errors import StateFault
from canon_sweep.state import files


@dataclass(frozen=True, slots=True)
class Ledger:
    """``attempts.jsonl``."""

    path: Path

    def read(self) -> tuple[Attempt, ...]:
        """Every attempt, the oldest first.

        Raises:
            StateFault: the ledger cannot be read.
        """
        try:
            return tuple(msgspec.json.decode(x, type=Attempt) for x in files.lines_of(self.path))
        except msgspec.DecodeError as error:
            raise StateFault(
                f"{self.path} is no attempt ledger: {error}", do="mend or remove the bad line"
            ) from None

    def add(self, attempt: Attempt) -> None:
        """Write down an attempt that has ended.

        Raises:
            StateFault: it was not written.
        """
        files.append_line(self.path, msgspec.json.encode(attempt))
