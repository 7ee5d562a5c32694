"""A command as an operator types it, from its words to its exit code, in this process."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from canon_sweep.cli import main
from canon_sweep.interrupt import SIGNALS


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


Call = Callable[..., Done]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Runs a command.

    In this process, since most of a call's time is the start of an interpreter.
    """
    handlers = {number: signal.getsignal(number) for number in SIGNALS}

    def run(*words: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["canon-sweep", *words])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, said.out, said.err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)
