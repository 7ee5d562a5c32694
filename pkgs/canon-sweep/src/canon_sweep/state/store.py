"""The state folder as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from canon_sweep.settings.records import Settings
from canon_sweep.state.attempts import Ledger
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.holds import Holds
from canon_sweep.state.journal import Journal


@dataclass(frozen=True, slots=True)
class State:
    """Where everything is kept on disk."""

    folder: Path
    canonicals: Canonicals
    ledger: Ledger
    holds: Holds
    journal: Journal

    @classmethod
    def of(cls, settings: Settings) -> State:
        """The state folder that the settings name."""
        folder = settings.state_dir
        return cls(
            folder=folder,
            canonicals=Canonicals(settings.canonicals_dir or folder / "canonicals"),
            ledger=Ledger(folder / "attempts.jsonl"),
            holds=Holds(folder / "holds.json"),
            journal=Journal(folder / "journal.json"),
        )
