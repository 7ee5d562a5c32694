"""The attempt ledger on disk: append-only, every attempt with its key."""

from __future__ import annotations

from pathlib import Path

import msgspec

from canon_sweep.core.attempts import Attempt
from canon_sweep.core.moment import wrong_with
from canon_sweep.state import files

_ATTEMPT = msgspec.json.Decoder(Attempt)
_Stamp = tuple[int, int, int] | None


class Attempts(msgspec.Struct):
    """The ledger in memory, by recipe; the oldest attempt comes first.

    ``problems`` has a text for each line that is no attempt.
    """

    all: list[Attempt] = msgspec.field(default_factory=list)
    problems: tuple[str, ...] = ()
    _of: dict[str, list[Attempt]] = msgspec.field(default_factory=dict)
    _stamp: _Stamp = None

    def of(self, recipe: str) -> tuple[Attempt, ...]:
        """A recipe's attempts."""
        return tuple(self._of.get(recipe, ()))

    def last_of(self, recipe: str) -> Attempt | None:
        """A recipe's last attempt, if it has one."""
        attempts = self._of.get(recipe)
        return attempts[-1] if attempts else None

    def _add(self, attempt: Attempt) -> None:
        self.all.append(attempt)
        self._of.setdefault(attempt.key.recipe, []).append(attempt)


class Ledger(msgspec.Struct, frozen=True, eq=False):
    """``attempts.jsonl``; read once, and again only if somebody else has changed it."""

    path: Path
    _loaded: list[Attempts] = msgspec.field(default_factory=list)

    def index(self) -> Attempts:
        """Every attempt that can be read, by recipe, and what is wrong with the rest.

        Raises:
            StateFault: the ledger cannot be read.
        """
        stamp = _stamp_of(self.path)
        if not self._loaded or self._loaded[0]._stamp != stamp:
            self._loaded[:] = [_indexed(self.path, stamp)]
        return self._loaded[0]

    def read(self) -> tuple[Attempt, ...]:
        """Every attempt that can be read, the oldest first; see `problems` for the rest.

        Raises:
            StateFault: the ledger cannot be read.
        """
        return tuple(self.index().all)

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the ledger: it costs a test at the most, but is said.

        Raises:
            StateFault: the ledger cannot be read.
        """
        return self.index().problems

    def add(self, attempt: Attempt) -> None:
        """Write down an attempt that has ended; an index that was given out has it too.

        Raises:
            StateFault: it was not written.
        """
        index = self.index()
        files.append_line(self.path, msgspec.json.encode(attempt))
        index._add(attempt)
        index._stamp = _stamp_of(self.path)


def _indexed(path: Path, stamp: _Stamp) -> Attempts:
    # the stamp from before the reading: what is added meanwhile is seen the next time
    index = Attempts(_stamp=stamp)
    problems = []
    for number, line in files.lines_of(path):
        try:
            attempt = _ATTEMPT.decode(line)
        except files.NOT_READ as error:
            problems.append(_problem(path, number, str(error)))
            continue
        why = wrong_with(attempt.ts)
        if why:
            problems.append(_problem(path, number, f"its time {why}"))
        else:
            index._add(attempt)
    index.problems = tuple(problems)
    return index


def _problem(path: Path, number: int, why: str) -> str:
    return f"{path}: line {number} is no attempt: {why}; mend or remove that line"


def _stamp_of(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)
