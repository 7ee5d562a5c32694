"""The history of one recipe's canonicals: every promotion, and every one taken back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.moment import wrong_with
from canon_sweep.state import files


class Forgotten(msgspec.Struct, frozen=True, kw_only=True, tag="forgotten"):
    """A canonical that an operator took back, with the reason; ``at`` in UTC."""

    at: datetime
    reason: str
    record: Canonical


Past = Canonical | Forgotten


class _Kind(msgspec.Struct):
    """A promotion's line is the record itself, and says no type."""

    type: str = ""


_KIND = msgspec.json.Decoder(_Kind)
_PROMOTION = msgspec.json.Decoder(Canonical)
_FORGOTTEN = msgspec.json.Decoder(Forgotten)


class History(msgspec.Struct, frozen=True):
    """``history.jsonl``: append-only; a line that cannot be read stays where it is."""

    path: Path

    def read(self) -> tuple[Past, ...]:
        """Everything that can be read, the oldest first; see `problems` for the rest.

        Raises:
            StateFault: the file cannot be read.
        """
        lines = (_decoded(line) for _, line in files.lines_of(self.path))
        return tuple(line for line in lines if not isinstance(line, str))

    def problems(self) -> tuple[str, ...]:
        """A text for each line that cannot be read.

        Raises:
            StateFault: the file cannot be read.
        """
        lines = ((number, _decoded(line)) for number, line in files.lines_of(self.path))
        return tuple(
            f"{self.path}: line {number} is no promotion: {line}; mend or remove that line"
            for number, line in lines
            if isinstance(line, str)
        )

    def note(self, entry: Past) -> None:
        """Add a line, unless it is there already, as after a crash.

        Raises:
            StateFault: the file cannot be read or written.
        """
        is_there = (
            self._has_forgotten(entry)
            if isinstance(entry, Forgotten)
            else self._has_promotion(entry)
        )
        if not is_there:
            files.append_line(self.path, msgspec.json.encode(entry))

    def _has_promotion(self, record: Canonical) -> bool:
        found = False
        for past in self.read():
            if isinstance(past, Forgotten):
                found = found and not _is_same(past.record, record)
            else:
                found = found or _is_same(past, record)
        return found

    def _has_forgotten(self, entry: Forgotten) -> bool:
        past = self.read()
        last = past[-1] if past else None
        return (
            isinstance(last, Forgotten)
            and last.record == entry.record
            and last.reason == entry.reason
        )


def _is_same(one: Canonical, other: Canonical) -> bool:
    """Every promotion has a stack of its own; a record of other tools has none."""
    if one.stack or other.stack:
        return one.stack == other.stack
    return (one.version, one.commit, one.ts) == (other.version, other.commit, other.ts)


def _decoded(line: bytes) -> Past | str:
    try:
        kind = _KIND.decode(line).type
        if kind == "forgotten":
            return _in_the_calendar(_FORGOTTEN.decode(line))
        if kind:
            return f"its type is {kind!r}"
        return _PROMOTION.decode(line)
    except files.NOT_READ as error:
        return str(error)


def _in_the_calendar(entry: Forgotten) -> Forgotten | str:
    # without a zone it is taken for UTC
    why = wrong_with(entry.at) if entry.at.tzinfo is not None else ""
    return f"its time {why}" if why else entry
