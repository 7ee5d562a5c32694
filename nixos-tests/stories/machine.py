"""What a story may say to a machine: the part of the NixOS test driver's that it needs.

The driver's machines have it by nature; `tests/machine` has others, without NixOS.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Machine(Protocol):
    """A computer with a systemd of its own, whose root runs commands for the story.

    A command is a line of bash under ``set -euo pipefail``; its stdout is the answer.
    """

    def start(self) -> None:
        """Switch it on, unless it is."""

    def shutdown(self) -> None:
        """Switch it off in order."""

    def crash(self) -> None:
        """Cut its power."""

    def execute(self, command: str) -> tuple[int, str]:
        """Run a command: its exit code and its answer."""

    def succeed(self, *commands: str) -> str:
        """Run commands that have to end with 0: their answers, joined."""

    def fail(self, *commands: str) -> str:
        """Run commands that must not end with 0."""

    def wait_until_succeeds(self, command: str) -> str:
        """Run a command again and again until it ends with 0."""

    def wait_for_unit(self, unit: str) -> None:
        """Wait until a unit is active; fails when it cannot become so."""

    def nested(self, msg: str) -> AbstractContextManager[None]:
        """A step of the story, by what it shows."""
