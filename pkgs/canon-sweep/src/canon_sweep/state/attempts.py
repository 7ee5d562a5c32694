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
        attempts = []
        for number, line in enumerate(files.lines_of(self.path), start=1):
            try:
                attempts.append(msgspec.json.decode(line, type=Attempt))
            except msgspec.DecodeError as error:
                raise StateFault(
                    f"{self.path}: line {number} is no attempt: {error}", do="mend or remove it"
                ) from None
        return tuple(attempts)

    def add(self, attempt: Attempt) -> None:
        """Write down an attempt that has ended.

        Raises:
            StateFault: it was not written.
        """
        files.append_line(self.path, msgspec.json.encode(attempt))
