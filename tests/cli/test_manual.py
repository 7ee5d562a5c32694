"""The manual page and the shells' completions, as they are made when the package is built."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from canon_sweep.cli import cli
from canon_sweep.cli.manual import page
from host import needs

# by its name, which the completions have; where it is installed is the build's affair
PROGRAM = "import sys; sys.argv[0] = 'canon-sweep'; from canon_sweep.entry import main; main()"
COMMAND = [sys.executable, "-c", PROGRAM]


def completes(variable: str, **env: str) -> str:
    """What the command answers to a shell that asks for completions."""
    asked = {**os.environ, "_CANON_SWEEP_COMPLETE": variable, **env}
    return subprocess.run(COMMAND, env=asked, capture_output=True, text=True, check=True).stdout


def test_the_manual_has_every_command_and_every_option() -> None:
    """It is made from them, so nothing can be forgotten."""
    text = page(cli).replace("\\-", "-")

    for name in cli.list_commands(None):  # type: ignore[arg-type]
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert f".SS canon-sweep {name} " in text
        for option in (option for each in command.params for option in each.opts):
            assert option.lstrip("-") in text


def test_the_manual_is_what_man_can_read(tmp_path: Path) -> None:
    """No line of it means something else to the formatter than it says."""
    mandoc = needs("mandoc")
    file = tmp_path / "canon-sweep.1"
    file.write_text(page(cli))

    done = subprocess.run(
        [mandoc, "-T", "lint", "-W", "error", file], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_each_shell_reads_its_completion(tmp_path: Path, shell: str) -> None:
    """A mistake in it would be told at every login."""
    program = needs(shell)
    file = tmp_path / shell
    file.write_text(completes(f"{shell}_source"))

    done = subprocess.run([program, "-n", file], capture_output=True, text=True, check=False)

    assert "canon-sweep" in file.read_text()
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_are_completed() -> None:
    """The completion asks the program, so a new command needs nothing of its own."""
    answer = completes("bash_complete", COMP_WORDS="canon-sweep ex", COMP_CWORD="1")

    assert answer == "plain,explain\n"


def test_options_are_completed() -> None:
    """Also by the wrapper of the NixOS module, which hands the question on."""
    answer = completes("bash_complete", COMP_WORDS="canon-sweep run --a", COMP_CWORD="2")

    assert answer.splitlines() == ["plain,--assert-noop", "plain,--accept-upstream"]
