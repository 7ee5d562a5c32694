"""The command that the module puts in the system's path, with a stand-in for systemd-run.

The real one runs it in the stories of tests/machine.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from host import needs
from nix.rendered import HOSTS, PROGRAM, RENDERED, settings_of, text_of

# about the weekly run, and not about where it happens
OF_THE_RUN = {"Type", "ExecStart", "ExecStopPost", "SuccessExitStatus", "TimeoutStartSec"}

TELLS = """#!/bin/sh
echo "{name}: $*"
exit {code}
"""
RUNS = """#!{python}
import json, pathlib, subprocess, sys
words = sys.argv[1:]
pathlib.Path({trace!r}).write_text(json.dumps(words))
sys.exit(subprocess.run(words[words.index("--") + 1 :], check=False).returncode)
"""
WAITS = """#!/bin/sh
echo begun > {trace}
while [ ! -e {trace}.stopped ]; do sleep 0.05; done
exit {code}
"""
STOPS = """#!/bin/sh
echo "$*" > {trace}.stopped
"""


class Command:
    """The command in a folder of its own, with stand-ins beside it."""

    def __init__(
        self, folder: Path, user: str = "root", uid: int = 0, host: str = "machine"
    ) -> None:
        self.trace = folder / "trace"
        self.folder = folder / "bin"
        self.folder.mkdir()
        text = (RENDERED / host / "bin/canon-sweep").read_text()
        text = text.replace(PROGRAM, str(folder / "program"))
        self.program("canon-sweep", text.replace("/run/secrets", str(folder / "secrets")))
        (folder / "program/bin").mkdir(parents=True)
        program = folder / "program/bin/canon-sweep"
        program.write_text(TELLS.format(name="program", code=3))
        program.chmod(0o755)
        self.program("systemd-run", RUNS.format(python=sys.executable, trace=str(self.trace)))
        self.program("id", f'#!/bin/sh\n[ "$*" = --user ] && echo {uid} || echo {user}\n')

    def program(self, name: str, text: str) -> None:
        """Put a program into the command's path."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Type it."""
        env = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        return subprocess.Popen(
            # by its name: there may be no /usr/bin/env
            ["bash", self.folder / "canon-sweep", *words],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __call__(self, *words: str) -> tuple[int, str]:
        """Type it, and wait for its exit code and what it said."""
        child = self.start(*words)
        said, _ = child.communicate(timeout=60)
        return child.returncode, said

    @property
    def asked(self) -> list[str]:
        """What systemd-run was asked, if it was."""
        found: list[str] = json.loads(self.trace.read_text()) if self.trace.exists() else []
        return found


@pytest.mark.parametrize("host", HOSTS)
def test_by_hand_it_runs_as_on_sunday(host: str) -> None:
    """Every property of the unit but those of the weekly run itself."""
    service = settings_of(text_of(host, "systemd/canon-sweep.service"), "Service")
    lines = text_of(host, "bin/canon-sweep").splitlines()
    given = [line.strip().strip("'") for line in lines if line.startswith("  '--property=")]

    assert given == [
        f"--property={key}={value}"
        for key, values in service.items()
        for value in values
        if key not in OF_THE_RUN
    ]


@pytest.mark.parametrize("host", HOSTS)
def test_it_is_sound_shell(host: str, tmp_path: Path) -> None:
    """As nixpkgs checks it, too."""
    shellcheck = needs("shellcheck")
    file = tmp_path / "canon-sweep"
    file.write_text(text_of(host, "bin/canon-sweep"))

    done = subprocess.run([shellcheck, file], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_root_becomes_the_service(tmp_path: Path) -> None:
    """What it says and how it ends is handed on."""
    command = Command(tmp_path)

    assert command("status", "--json") == (3, "program: status --json\n")
    assert "--property=User=canon-sweep" in command.asked
    assert "--pipe" in command.asked


def test_words_reach_the_program_as_they_were_typed(tmp_path: Path) -> None:
    """systemd fills in variables where a word has a dollar: it must not find any."""
    command = Command(tmp_path)

    command("hold", "notes", "--reason", "costs $5 & ${HOME} 'x'")

    assert command.asked[-1] == "costs $$5 & $${HOME} 'x'"


@pytest.mark.parametrize(
    "words",
    [("--help",), ("--version",), ("check",), ("demo",), ("run", "--help"), ("hold", "-h"), ()],
)
def test_what_needs_no_state_needs_no_service(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Anybody may ask what it is, and whether the configuration is sound."""
    command = Command(tmp_path, "ann", 1000)

    assert command(*words) == (3, f"program: {' '.join(words)}\n")
    assert command.asked == []


def test_the_service_itself_is_not_entered_again(tmp_path: Path) -> None:
    """What runs as the service, a hook of the sweep for one, is there already."""
    command = Command(tmp_path, "canon-sweep", 900)

    assert command("status") == (3, "program: status\n")
    assert command.asked == []


def test_nobody_else_may_and_is_told_what_to_type(tmp_path: Path) -> None:
    """One line, with the way out."""
    command = Command(tmp_path, "ann", 1000)

    code, said = command("explain", "notes")

    assert code == 2
    assert said.count("\n") == 1
    assert "type instead: sudo canon-sweep explain notes" in said
    assert command.asked == []


@pytest.mark.parametrize(
    "reason",
    [
        "mail store is down",
        "",
        'it\'s 5 $ & "more"',
        "$(id)",
        "*",
        "~",
        "a;b",
        "back\\slash",
        "# no",
    ],
)
def test_what_is_to_be_typed_instead_has_the_same_words(tmp_path: Path, reason: str) -> None:
    """Typed as it was told, it means what was meant: a reason is one word."""
    words = ("hold", "mailu", "--reason", reason)

    _, said = Command(tmp_path, "ann", 1000)(*words)

    _, _, line = said.partition("type instead: ")
    assert shlex.split(line) == ["sudo", "canon-sweep", *words]
    assert line.startswith("sudo canon-sweep hold mailu --reason ")
    assert read_by_bash(line, tmp_path) == ["sudo", "canon-sweep", *words]


def test_a_word_of_several_lines_is_told_on_one(tmp_path: Path) -> None:
    """Only a shell has a spelling for it, and the terminal is not written to."""
    words = ("hold", "mailu", "--reason", "down\nfor now\t\x1b[31m, größer")

    _, said = Command(tmp_path, "ann", 1000)(*words)

    assert said.count("\n") == 1
    assert "\x1b" not in said
    _, _, line = said.partition("type instead: ")
    assert read_by_bash(line, tmp_path) == ["sudo", "canon-sweep", *words]


def read_by_bash(line: str, folder: Path) -> list[str]:
    """The words that a line is to the shell that it is typed into."""
    reader = f"printf '%s\\0' {line}"
    done = subprocess.run(
        ["bash", "-c", reader], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.split("\0")[:-1]


@pytest.mark.parametrize("words", [("--config", "mine.toml"), ("--config=mine.toml",)])
@pytest.mark.parametrize(("user", "uid"), [("ann", 1000), ("root", 0)])
def test_another_configuration_is_the_callers_own(
    tmp_path: Path, words: tuple[str, ...], user: str, uid: int
) -> None:
    """What a demo has left can be looked at: the service could not even see it."""
    command = Command(tmp_path, user, uid)

    assert command("status", *words) == (3, f"program: status {' '.join(words)}\n")
    assert command.asked == []


def test_the_services_own_configuration_is_the_services(tmp_path: Path) -> None:
    """Whoever names what is read anyway still does not leave anything of root's."""
    command = Command(tmp_path)

    command("run", "--config", "/etc/canon-sweep/config.toml")

    assert "--property=User=canon-sweep" in command.asked


def test_a_secret_that_is_not_there_is_told_with_its_option(tmp_path: Path) -> None:
    """systemd would end with 243 and say nothing; the next mistake is told with it."""
    command = Command(tmp_path, host="cc-ci")

    code, said = command("status")

    assert code == 2
    told = said.splitlines()
    assert len(told) == 4
    (token,) = [line for line in told if "credentials" in line]
    (password,) = [line for line in told if "registries" in line]
    assert any("services.canon-sweep.guard.drone.tokenFile" in line for line in told)
    assert any("services.canon-sweep.forge.tokenFile" in line for line in told)
    assert 'services.canon-sweep.credentials."git.example.org".tokenFile: there is no' in token
    assert "/canon-sweep/forge-token to read" in token
    assert 'services.canon-sweep.registries."docker.io".passwordFile' in password
    assert command.asked == []


def test_with_its_secrets_there_the_service_is_entered(tmp_path: Path) -> None:
    """So that the test above does not show a command that always refuses."""
    command = Command(tmp_path, host="cc-ci")
    secrets = tmp_path / "secrets/canon-sweep"
    secrets.mkdir(parents=True)
    for name in ("forge-token", "docker-hub", "drone-token"):
        (secrets / name).write_text("s3cret\n")

    assert command("status") == (3, "program: status\n")


@pytest.mark.parametrize(
    ("number", "ends", "code"),
    [
        (signal.SIGTERM, 1, 1),
        (signal.SIGHUP, 1, 1),
        # ended by a signal before it could say so: well in systemd's eyes
        (signal.SIGTERM, 0, 143),
        (signal.SIGHUP, 0, 129),
    ],
)
def test_a_run_that_is_stopped_is_waited_for(
    tmp_path: Path, number: signal.Signals, ends: int, code: int
) -> None:
    """It takes down what is up: the command ends when that is done, and not as if all was well."""
    command = Command(tmp_path)
    command.program("systemd-run", WAITS.format(trace=command.trace, code=ends))
    command.program("systemctl", STOPS.format(trace=command.trace))
    child = command.start("run")
    while not command.trace.exists():
        assert child.poll() is None
        time.sleep(0.01)

    child.send_signal(number)

    assert child.wait(30) == code
    assert child.stdout is not None
    child.stdout.close()
    stopped = Path(f"{command.trace}.stopped").read_text()
    assert stopped == f"stop --no-block canon-sweep-by-hand-{child.pid}.service\n"
