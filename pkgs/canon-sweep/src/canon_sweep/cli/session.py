"""What every command shares: its configuration, its two outputs, and how it fails."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, Union

import click
import msgspec

from canon_sweep import interrupt
from canon_sweep.cli import output
from canon_sweep.core import denial
from canon_sweep.core.names import plain
from canon_sweep.errors import Fault

if TYPE_CHECKING:
    from rich.console import RenderableType

    from canon_sweep.report.records import Entry, Results
    from canon_sweep.settings.records import Settings

DEFAULT_CONFIG = "/etc/canon-sweep/config.toml"
PLAIN_WIDTH = 160

Rendered = Union[str, "RenderableType"]


class Session(msgspec.Struct, frozen=True):
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

    def show(self, content: object, *parts: Rendered) -> None:
        """Print a result: the content as JSON if that was asked for, else the parts.

        Raises:
            OutputFault: it cannot be printed.
        """
        if self.as_json:
            import msgspec  # noqa: PLC0415 - start-up

            output.result(msgspec.json.format(msgspec.json.encode(content)).decode())
            return
        for part in parts:
            output.result(_rendered(part, sys.stdout).rstrip("\n"))

    def say(self, text: str) -> None:
        """Print a line of talk."""
        output.talk(text)


def reporting(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command its `Session`, with ``--config`` and ``--json``.

    A `Fault` becomes one clear line, with ``--json`` an object on stdout too, and
    its exit code, and so does what this host has run out of.  A signal ends the
    command where it is, unless it holds signals.
    """

    @functools.wraps(function)
    def call(config: Path, as_json: bool, **arguments: Any) -> int:
        session = Session(config, as_json)
        try:
            with interrupt.LetThrough():
                return function(session, **arguments)
        except (Fault, OSError, MemoryError) as error:
            fault = error if isinstance(error, Fault) else denial.exhaustion(error)
            if fault is None:
                raise  # a bug of ours, with its traceback
            output.complain(fault, as_json=as_json)
            return fault.exit_code

    with_json = click.option("--json", "as_json", is_flag=True, help="Print results as JSON.")
    with_config = click.option(
        "--config",
        type=click.Path(path_type=Path),
        default=lambda: os.environ.get("CANON_SWEEP_CONFIG") or DEFAULT_CONFIG,
        help=f"The configuration [$CANON_SWEEP_CONFIG, else {DEFAULT_CONFIG}].",
    )
    return with_config(with_json(call))


class Lines:
    """Progress on stderr: on a terminal who is at work, and a line for each recipe."""

    def begins(self, recipe: str) -> None:
        """As `sweep.Progress`."""
        if sys.stderr.isatty():
            output.talk(f"{plain(recipe)} ...")

    def ended(self, entry: Entry) -> None:
        """As `sweep.Progress`."""
        from canon_sweep.report.table import line, plain_line  # noqa: PLC0415 - start-up

        if sys.stderr.isatty():
            output.talk(_rendered(line(entry), sys.stderr).rstrip("\n"))
        else:
            output.talk(plain_line(entry))


def show_results(session: Session, results: Results) -> None:
    """Print a run's results."""
    from canon_sweep.report import table  # noqa: PLC0415 - start-up

    session.show(results, table.results_listing(results), table.totals_line(results))


def _rendered(part: Rendered, stream: TextIO) -> str:
    """A part as text, with colours where the stream is a terminal."""
    from canon_sweep.report.table import Listing  # noqa: PLC0415 - start-up

    if isinstance(part, str):
        return part
    # a pipe has no width: the default of 80 would cut names in a log
    is_terminal = stream.isatty()
    if not is_terminal and isinstance(part, Listing):
        as_text = part.plain(PLAIN_WIDTH)
        if as_text is not None:
            return as_text
    from rich.console import Console  # noqa: PLC0415 - start-up

    text = io.StringIO()
    width = None if is_terminal else PLAIN_WIDTH
    console = Console(file=text, force_terminal=is_terminal, width=width)
    console.print(part, highlight=False, soft_wrap=not is_terminal)
    return text.getvalue()
