"""What a story says to a machine, for every kind of machine: all of it by way of `execute`."""

from __future__ import annotations

import shlex
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE_SECONDS = 120.0
# the locale as in a unit of the system's own
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    "HOME": "/root",
    "TERM": "dumb",
    "LANG": "C.UTF-8",
}


class Spoken(ABC):
    """A machine with the words of the NixOS test driver (`stories.machine`).

    ``patience`` is how long, in seconds, a command may take and a state be waited for, and
    ``pause`` the time between two looks.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.patience = _PATIENCE_SECONDS
        self.pause = 0.2

    @abstractmethod
    def start(self) -> None:
        """Switch it on, unless it is."""

    @abstractmethod
    def shutdown(self) -> None:
        """Switch it off in order."""

    @abstractmethod
    def crash(self) -> None:
        """Cut its power."""

    @abstractmethod
    def execute(self, command: str) -> tuple[int, str]:
        """Run a line of bash as root: its exit code and its stdout."""

    def succeed(self, *commands: str) -> str:
        """Run commands that have to end with 0: their answers, joined."""
        return "".join(self._expect(command, lambda code: code == 0) for command in commands)

    def fail(self, *commands: str) -> str:
        """Run commands that must not end with 0."""
        return "".join(self._expect(command, lambda code: code != 0) for command in commands)

    def wait_until_succeeds(self, command: str) -> str:
        """Run a command again and again until it ends with 0.

        The machine does so itself: to come into it costs more than most looks.
        """
        looks = f"bash -c {shlex.quote(f'set -euo pipefail; {command}')}"
        # a pause, as another program's progress is no event of ours
        code, said = self.execute(
            f'until said=$({looks}); do sleep {self.pause}; done; printf %s "$said"'
        )
        if code != 0:
            why = self.execute(command)[1]
            raise AssertionError(f"{self.name}: {command!r} never ended with 0: {why}")
        return said

    def wait_for_unit(self, unit: str) -> None:
        """Wait until a unit is active; fails when it cannot become so."""
        states = {"active": 0, "failed": 1}
        word = shlex.quote(unit)
        asked = (
            f"state=$(systemctl show -P ActiveState {word}); echo $state;"
            f' [ "$state" = active ] || [ "$state" = failed ] ||'
            f' {{ [ "$state" = inactive ] && [ -z "$(systemctl list-jobs --no-legend)" ]; }}'
        )
        state = self.wait_until_succeeds(asked).strip()
        assert states.get(state, 1) == 0, f"{self.name}: {unit} is {state}, and stays so"

    @contextmanager
    def nested(self, msg: str) -> Iterator[None]:
        """A step of the story, by what it shows: printed with the time that it took."""
        begun = time.monotonic()
        print(f"{self.name}: {msg}", flush=True)
        yield
        print(f"{self.name}: {msg}: {time.monotonic() - begun:.1f} s", flush=True)

    def _expect(self, command: str, wanted: Callable[[int], bool]) -> str:
        code, said = self.execute(command)
        if not wanted(code):
            raise AssertionError(f"{self.name}: {command!r} ended with {code}: {said[-3000:]}")
        return said
