"""The folder of one run: its results and what was said while a recipe was tested."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from canon_sweep.core import names
from canon_sweep.errors import StateFault
from canon_sweep.state import files

_WARN = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """``runs/<run id>``."""

    folder: Path

    @property
    def run_id(self) -> str:
        """The run's name: when it began, in UTC."""
        return self.folder.name

    def write_results(self, content: bytes) -> None:
        """Write ``results.json`` and let ``latest`` point here.

        Raises:
            StateFault: it was not written.
        """
        files.write_atomically(self.folder / "results.json", content)
        link = self.folder.parent / ".latest.draft"
        try:
            link.unlink(missing_ok=True)
            link.symlink_to(self.folder.name)
            link.replace(self.folder.parent / "latest")
        except OSError as error:
            raise StateFault(f"{link.parent}/latest: {error.strerror}") from error

    def forget_if_empty(self) -> None:
        """Take the folder away again if nothing came of the run."""
        with suppress(OSError):
            self.folder.rmdir()

    def log_of(self, recipe: str) -> Log:
        """The log of one recipe; nothing is written for a name that is none."""
        is_safe = names.recipe_problem(recipe) is None
        return Log(self.folder / f"{recipe}.log" if is_safe else None)


@dataclass(frozen=True, slots=True)
class Log:
    """Everything that happened to a recipe in a run, a line each, with the time."""

    path: Path | None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def say(self, text: str) -> None:
        """Add a text, indented below its first line.

        A log that cannot be written stops nothing: what was decided and done is in
        the results too.
        """
        if self.path is None:
            return
        stamp = self.now().strftime("%H:%M:%S")
        body = text.rstrip("\n").replace("\n", "\n         ")
        try:
            with self.path.open("a", encoding="utf-8", errors="replace") as file:
                file.write(f"{stamp} {body}\n")
        except OSError as error:
            _WARN.warning("%s cannot be written: %s", self.path, error.strerror)


def begin(folder: Path, now: datetime) -> Run:
    """Make the folder of a run that begins now.

    Raises:
        StateFault: it cannot be made.
    """
    stem = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        # apps say passwords in their logs
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(1, 1000):
            path = folder / (stem if number == 1 else f"{stem}-{number}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return Run(path)
    except OSError as error:
        raise StateFault(f"{folder} cannot be written: {error.strerror}") from error
    raise StateFault(f"{folder} has a thousand runs of the same second")
