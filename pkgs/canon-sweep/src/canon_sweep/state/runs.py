"""The folder of one run: its results and what was said while a recipe was tested."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from canon_sweep.core import names
from canon_sweep.core.decision import DEFERRED, Code, Note
from canon_sweep.core.moment import wrong_with
from canon_sweep.errors import StateFault
from canon_sweep.state import files, folders, storage

_WARN = logging.getLogger(__name__)
_RUN_ID = re.compile(r"(\d{8}T\d{6}Z)(?:-(\d{1,3}))?", re.ASCII)
LOOKS_BACK = 2000
"""How many runs are looked at for the last sweep: years of weeks, or a month of pull requests."""
SWEEPS = ("run", "resume")
"""The commands whose results are a sweep's, or a part of one."""
# nothing was decided anew
_IDLE = DEFERRED | {Code.HELD, Code.EXCEPTED}
# such a line has no notes, whatever there would be to note
_NOT_LOOKED_AT = DEFERRED | {Code.SYNC_ERROR, Code.HOST_ERROR, Code.INTERNAL_ERROR}


class LastSweep(msgspec.Struct, frozen=True, kw_only=True):
    """The sweep that ended last: a run over all recipes, or a resume of what one has not reached.

    One recipe at least was decided.  A test, a run of named recipes, and a run in which all
    were held or deferred, are none.
    """

    run_id: str
    ended: datetime
    exit_code: int


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """What the last run that had a recipe has noted of it."""

    run_id: str
    at: datetime
    notes: tuple[Note, ...]


class Past(NamedTuple):
    """What the runs of the past tell: the last sweep, and what was noted, by recipe."""

    last_sweep: LastSweep | None
    noted: dict[str, Noted]


class _Line(msgspec.Struct, frozen=True):
    """What is read of a recipe's line; its code may be one that is known no more."""

    recipe: str
    code: str
    notes: tuple[Note, ...] = ()


class _Results(msgspec.Struct, frozen=True):
    """What is read of a ``results.json``.

    One that was written before ``named`` was is taken for a run over all recipes.
    """

    schema: Literal[1]
    command: str
    ended: datetime
    exit_code: int
    named: tuple[str, ...] = ()
    entries: tuple[_Line, ...] = ()

    @property
    def is_sweep(self) -> bool:
        """As `LastSweep` says."""
        is_idle = bool(self.entries) and all(line.code in _IDLE for line in self.entries)
        return not self.named and not is_idle


class Run(msgspec.Struct, frozen=True):
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
        link = self.folder.parent / f".latest.{os.urandom(8).hex()}.draft"
        try:
            link.symlink_to(self.folder.name)
            link.replace(self.folder.parent / "latest")
        except OSError as error:
            with suppress(OSError):
                link.unlink()
            raise storage.denied(f"{link.parent}/latest", error) from error

    def forget_if_empty(self) -> None:
        """Take the folder away again if nothing came of the run."""
        with suppress(OSError):
            self.folder.rmdir()

    def log_of(self, recipe: str) -> Log:
        """The log of one recipe; nothing is written for a name that is none."""
        is_safe = names.recipe_problem(recipe) is None
        return Log(self.folder / f"{recipe}.log" if is_safe else None)


class Log(msgspec.Struct, frozen=True):
    """Everything that happened to a recipe in a run, a line each, with the time.

    ``hide`` takes out of a text what no log may have.
    """

    path: Path | None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    hide: Callable[[str], str] = lambda text: text

    def say(self, text: str) -> None:
        """Add a text, indented below its first line.

        What an app prints must not steer the terminal of who reads it: but for lines
        and tabs, whatever is no letter or sign stands as an escape.
        A log that cannot be written stops nothing: what was decided and done is in
        the results too.
        """
        if self.path is None:
            return
        stamp = self.now().strftime("%H:%M:%S")
        body = _visible(self.hide(text).replace("\r\n", "\n").rstrip("\n")).replace(
            "\n", "\n         "
        )
        try:
            files.append(self.path, f"{stamp} {body}\n".encode(errors="replace"))
        except OSError as error:
            _WARN.warning("%s cannot be written: %s", self.path, error.strerror)


def begin(folder: Path, now: datetime) -> Run:
    """Make the folder of a run that begins now.

    Raises:
        StateFault: it cannot be made.
    """
    stem = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        folders.make(folder)
        for number in range(1, 1000):
            path = folder / (stem if number == 1 else f"{stem}-{number}")
            try:
                path.mkdir(mode=0o700)
            except FileExistsError:
                continue
            return Run(path)
    except OSError as error:
        raise storage.denied(f"{folder} cannot be written", error) from error
    raise StateFault(f"{folder} has a thousand runs of the same second")


def past(folder: Path, now: datetime) -> Past:
    """Read the runs in ``folder``, the newest first, as far back as the last sweep.

    Results that cannot be read are none, and neither is an end in the future, from a
    clock that was set back: a monitor that asks must not be told yes because of them.

    Raises:
        StateFault: the folder cannot be read.
    """
    noted: dict[str, Noted] = {}
    last: LastSweep | None = None
    for path in newest_first(folder)[:LOOKS_BACK]:
        results = _results_of(path)
        if results is None or results.command not in SWEEPS or results.ended > now:
            continue
        for line in results.entries:
            if line.code not in _NOT_LOOKED_AT:
                own = Noted(run_id=path.name, at=results.ended, notes=line.notes)
                noted.setdefault(line.recipe, own)
        if results.is_sweep:
            last = last or LastSweep(
                run_id=path.name, ended=results.ended, exit_code=results.exit_code
            )
            # a resume is its sweep's end, and had only what that had not reached
            if results.command == "run":
                break
    return Past(last, noted)


def newest_first(folder: Path) -> list[Path]:
    """The folders of all runs; what else lies there is none.

    Raises:
        StateFault: the folder cannot be read.
    """
    try:
        found = [(_RUN_ID.fullmatch(path.name), path) for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage.denied(f"{folder} cannot be read", error) from error
    runs = [(match[1], int(match[2] or 1), path) for match, path in found if match is not None]
    return [path for _, _, path in sorted(runs, reverse=True)]


def began(run: Path) -> datetime:
    """When a run began, as its name says; long ago if that is no time."""
    stem = run.name.partition("-")[0]
    try:
        return datetime.strptime(stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def command_of(run: Path) -> str:
    """The command of a run that has written results; empty if it has not."""
    results = _results_of(run)
    return results.command if results is not None else ""


def _results_of(run: Path) -> _Results | None:
    try:
        content = files.read(run / "results.json")
        results = msgspec.json.decode(content or b"", type=_Results)
    except (StateFault, *files.NOT_READ):
        return None
    return None if wrong_with(results.ended) else results


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        part if part in "\n\t" or part.isprintable() else names.plain(part)
        for part in re.split(r"([\n\t])", text)
    )
