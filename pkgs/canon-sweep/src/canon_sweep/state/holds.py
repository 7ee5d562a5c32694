"""The operators' holds, by recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from canon_sweep.core.decision import Hold
from canon_sweep.errors import StateFault
from canon_sweep.state import files


@dataclass(frozen=True, slots=True)
class Holds:
    """``holds.json``."""

    path: Path

    def read(self) -> dict[str, Hold]:
        """Every hold, expired ones too.

        Raises:
            StateFault: the file cannot be read.
        """
        content = files.read(self.path)
        try:
            return msgspec.json.decode(content or b"{}", type=dict[str, Hold])
        except msgspec.DecodeError as error:
            raise StateFault(f"{self.path} is no list of holds: {error}") from None

    def put(self, hold: Hold) -> None:
        """Hold a recipe, in place of any earlier hold of it.

        Raises:
            StateFault: the file cannot be read or written.
        """
        self._write(self.read() | {hold.recipe: hold})

    def drop(self, recipe: str) -> bool:
        """End a recipe's hold; False if it had none.

        Raises:
            StateFault: the file cannot be read or written.
        """
        holds = self.read()
        found = holds.pop(recipe, None)
        if found is not None:
            self._write(holds)
        return found is not None

    def _write(self, holds: dict[str, Hold]) -> None:
        content = msgspec.json.encode(holds, order="deterministic")
        files.write_atomically(self.path, msgspec.json.format(content, indent=2) + b"\n")
