"""The records of an outside harness: a command that tests a version instead of our own tiers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from canon_sweep.core import template
from canon_sweep.settings.table import Table
from canon_sweep.settings.values import Command, Seconds, Text

PLACEHOLDERS = (
    *("recipe", "tag", "version", "commit", "base"),
    *("checkout", "result", "run", "deadline"),
)
"""What an environment's values may have in braces."""
IN_CHECKOUT = ("recipe",)
IN_RESULT = ("recipe", "run")

Format = Literal["canon-sweep-1", "cc-ci-2"]


class AddedEnvironment(Table, frozen=True, kw_only=True):
    """Variables that a kind of test has besides, or instead of, everybody's."""

    environment: dict[str, str] = {}


class ResultSettings(Table, frozen=True, kw_only=True):
    """Where the harness writes what it found, and how.

    Without ``path`` that is a file of the test's own, which the harness is told as
    ``{result}``.  A folder's name in it may be ``*``: then it is the one folder that the
    harness has made there for this test.
    """

    path: Path | None = None
    format: Format = "canon-sweep-1"


class HarnessSettings(Table, frozen=True, kw_only=True):
    """The command, and all that it is given.

    Of our own environment that is nothing but ``passEnvironment``; ``path`` is its PATH.
    ``version`` says which harness it is: with another one a known red is tested again.
    ``checkout`` is where it looks for a recipe's work tree, ``workDir`` where it runs; without
    them both are in a folder of the test's own.  It has ``timeout`` to end, by default
    ``timeouts.test``, and ``stopTime`` to take down what is up once it is told to stop.
    ``quick`` and ``ref`` are added for ``test --quick`` and ``--ref``; with ``promotes`` it
    makes its own canonicals.
    """

    command: Command
    environment: dict[str, str] = {}
    pass_environment: tuple[Text, ...] = ()
    path: Text = "/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin"
    version: str = ""
    checkout: Path | None = None
    work_dir: Path | None = None
    timeout: Seconds | None = None
    stop_time: Seconds = Seconds(120)
    terminal: bool = False
    promotes: bool = False
    quick: AddedEnvironment | None = None
    ref: AddedEnvironment = AddedEnvironment()
    result: ResultSettings = ResultSettings()

    @property
    def is_told_deadline(self) -> bool:
        """Whether it knows how long a test may take at most."""
        tables = (self, self.ref, *(() if self.quick is None else (self.quick,)))
        values = (text for table in tables for text in table.environment.values())
        return any("deadline" in template.names_in(text) for text in values)
