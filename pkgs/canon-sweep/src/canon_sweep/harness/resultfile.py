"""The file in which an outside harness says what it found: looked for, and read with bounds."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from canon_sweep.core import ccciform, ownform
from canon_sweep.core.names import plain
from canon_sweep.core.testimony import Testimony
from canon_sweep.errors import HostFault
from canon_sweep.settings.harness import Format

MOST = 4 * 1024 * 1024
_READERS = {ownform.FORMAT: ownform.read, ccciform.FORMAT: ccciform.read}
_MOST_SHOWN = 16 * 1024
_ANY = "*"

_Stamp = tuple[int, int, int, int]


class ResultFile(msgspec.Struct, frozen=True):
    """Where a result will be; ``before`` is what was there when this was made.

    A folder in ``pattern`` may be ``*``, as settings have it: then only one that was not
    there before can have the result.
    """

    pattern: Path
    format: Format
    recipe: str
    before: dict[Path, _Stamp | None]

    @classmethod
    def expected(cls, pattern: Path, format: Format, recipe: str) -> ResultFile:  # noqa: A002
        """Before the harness starts: what is there already is another test's.

        Raises:
            HostFault: what is there cannot be looked at.
        """
        before = {path: _stamp(path) for path in _matching(pattern)}
        return cls(pattern, format, recipe, before)

    def read(self, started: datetime, code: int = 0, see: str = "") -> tuple[Path, Testimony]:
        """The one result that is new, and where it lies.

        ``code`` is what the harness ended with, ``see`` the step after one that wrote none.

        Of other recipes there may be some as well, where others test beside.

        Raises:
            HostFault: there is none, more than one, or it cannot be read.
        """
        new = self._new(started)
        if not new:
            what = f"the harness ended with exit code {code}, and wrote no result to {self.pattern}"
            raise HostFault(what, do=see)
        read = [(path, self._said(path)) for path in new]
        own = [(path, told) for path, told in read if told.recipe == self.recipe]
        if len(own) > 1:
            paths = ", ".join(str(path) for path, _ in own)
            raise HostFault(
                f"more than one result of {self.recipe} is new: {paths}",
                do="see who else tests it, or let the harness take its run's name from {run}",
            )
        return (own or read)[0]

    def named_by(self, path: Path) -> frozenset[str]:
        """The name that the harness has given its run, where it has a folder of that name."""
        parts = self.pattern.parts
        return frozenset(path.parts[n] for n, part in enumerate(parts) if part == _ANY)

    def texts(self, started: datetime) -> Iterator[tuple[Path, str]]:
        """The beginning of each file that is new, for the log."""
        for path in self._new(started):
            with suppress(OSError, ValueError):
                yield path, _content(path)[:_MOST_SHOWN].decode("utf-8", "replace")

    def _new(self, started: datetime) -> list[Path]:
        return [path for path in _matching(self.pattern) if self._is_new(path, started)]

    def _is_new(self, path: Path, started: datetime) -> bool:
        stamp = _stamp(path)
        if stamp is None or stamp == self.before.get(path):
            return False
        if _ANY in self.pattern.parts and path in self.before:
            return False
        # the kernel's own stamps are a little behind its clock
        return stamp[3] >= (started.timestamp() - 1) * 1e9

    def _said(self, path: Path) -> Testimony:
        try:
            return _READERS[self.format](_content(path))
        except OSError as error:
            raise HostFault(f"the result {path} cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            why = plain(" ".join(str(error).split()))[:300]
            raise HostFault(
                f"the result {path} is not of the format {self.format}: {why}",
                do="see docs/harness.md",
            ) from error


def _matching(pattern: Path) -> list[Path]:
    """The paths that a pattern means now, whether or not the file itself is there."""
    above, star, below = str(pattern).partition(f"/{_ANY}/")
    if not star:
        return [pattern]
    try:
        folders = sorted(os.listdir(above or "/"))  # noqa: PTH208 - names alone
    except FileNotFoundError:
        return []
    except OSError as error:
        raise HostFault(f"{above} cannot be read: {error.strerror}") from error
    return [Path(above or "/", folder, below) for folder in folders]


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _content(path: Path) -> bytes:
    # not a pipe, which would never end
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no plain file")
        content = file.read(MOST + 1)
    if len(content) > MOST:
        raise ValueError(f"it has more than {MOST} bytes")
    return content
