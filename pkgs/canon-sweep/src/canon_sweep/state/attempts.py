"""The attempt ledger on disk: append-only, every attempt with its key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from canon_sweep.core.attempts import Attempt
from canon_sweep.state import files


@dataclass(frozen=True, slots=True)
class Ledger:
    """``attempts.jsonl``."""

    path: Path

    def read(self) -> tuple[Attempt, ...]:
        """Every attempt that can be read, the oldest first; see `problems` for the rest.

        Raises:
            StateFault: the ledger cannot be read.
        """
        lines = map(_decoded, files.lines_of(self.path))
        return tuple(line for line in lines if isinstance(line, Attempt))

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the ledger: it costs a test at the most, but is said.

        Raises:
            StateFault: the ledger cannot be read.
        """
        return tuple(
            f"{self.path}: line {number} is no attempt: {line}; mend or remove it"
            for number, line in enumerate(map(_decoded, files.lines_of(self.path)), start=1)
            if isinstance(line, str)
        )

    def add(self, attempt: Attempt) -> None:
        """Write down an attempt that has ended.

        Raises:
            StateFault: it was not written.
        """
        files.append_line(self.path, msgspec.json.encode(attempt))


def _decoded(line: bytes) -> Attempt | str:
    try:
        return msgspec.json.decode(line, type=Attempt)
    except msgspec.DecodeError as error:
        return str(error)
