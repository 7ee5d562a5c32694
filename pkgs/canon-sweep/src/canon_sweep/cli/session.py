"""What every command shares: its configuration, its two outputs, and how it fails."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from canon_sweep.errors import Fault, SettingsFault

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from canon_sweep.report.records import Entry, Results
    from canon_sweep.settings.records import Settings

DEFAULT_CONFIG = "/etc/canon-sweep/config.toml"
PLAIN_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Session:
    """One call of a command: results go to stdout, all talk to stderr."""

    config: Path
    as_json: bool

    def settings(self) -> Settings:
        """The configuration.

        Raises:
            SettingsFault: it cannot be used.
        """
        from canon_sweep.settings.load import load  # noqa: PLC0415 - start-up

        return load(self.config)

    def show(self, content: object, *tables: RenderableType) -> None:
        """Print a result: the content as JSON if that was asked for, else the tables."""
        if self.as_json:
            import msgspec  # noqa: PLC0415 - start-up

            sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
            sys.stdout.flush()
            return
        console = _console(sys.stdout.isatty())
        for table in tables:
            console.print(table, highlight=False)

    def say(self, text: str) -> None:
        """Print a line of talk."""
        click.echo(text, err=True)


def reporting(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command its `Session`, with ``--config`` and ``--json``.

    A `Fault` becomes one clear line, with ``--json`` an object on stdout too, and
    its exit code.
    """

    @functools.wraps(function)
    def call(config: Path, as_json: bool, **arguments: Any) -> int:
        session = Session(config, as_json)
        try:
            return function(session, **arguments)
        except Fault as fault:
            _complain(fault, session)
            return fault.exit_code

    with_json = click.option("--json", "as_json", is_flag=True, help="Print results as JSON.")
    with_config = click.option(
        "--config",
        type=click.Path(path_type=Path),
        default=lambda: os.environ.get("CANON_SWEEP_CONFIG", DEFAULT_CONFIG),
        help=f"The configuration [$CANON_SWEEP_CONFIG, else {DEFAULT_CONFIG}].",
    )
    return with_config(with_json(call))


@dataclass(slots=True)
class Lines:
    """Progress on stderr: a spinner on a terminal, and a line for each recipe."""

    console: Console
    status: AbstractContextManager[Any] | None = None

    def begins(self, recipe: str) -> None:
        """As `sweep.Progress`."""
        if self.console.is_terminal:
            self.status = self.console.status(recipe)
            self.status.__enter__()

    def ended(self, entry: Entry) -> None:
        """As `sweep.Progress`."""
        from canon_sweep.report.table import line  # noqa: PLC0415 - start-up

        if self.status is not None:
            self.status.__exit__(None, None, None)
            self.status = None
        self.console.print(line(entry), highlight=False, soft_wrap=True)


def progress() -> Lines:
    """Progress on this process's stderr."""
    return Lines(_console(sys.stderr.isatty(), stderr=True))


def show_results(session: Session, results: Results) -> None:
    """Print a run's results."""
    from canon_sweep.report import table  # noqa: PLC0415 - start-up

    session.show(results, table.results_table(results), table.totals_line(results))


def _console(is_terminal: bool, *, stderr: bool = False) -> Console:
    from rich.console import Console  # noqa: PLC0415 - start-up

    # a pipe has no width: the default of 80 would cut names in a log
    return Console(stderr=stderr, width=None if is_terminal else PLAIN_WIDTH)


def _complain(fault: Fault, session: Session) -> None:
    session.say(f"canon-sweep: error {fault.code}: {fault}")
    if session.as_json:
        error: dict[str, object] = {"code": fault.code, "what": fault.what, "do": fault.do}
        if isinstance(fault, SettingsFault):
            error["problems"] = fault.problems
        click.echo(json.dumps({"error": error, "exit_code": fault.exit_code}, indent=2))
