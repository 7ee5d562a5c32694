"""The first moments of the program: whenever a signal comes, somebody says so."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from canon_sweep.state.store import State
from stories.fleet import Fleet, toml

SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
# The signal comes just before a module is looked for: of all moments, those are the long ones.
STRUCK = """
import os, sys

where, number = sys.argv[1], int(sys.argv[2])
del sys.argv[1:3]

class Strikes:
    def find_spec(self, name, path=None, target=None):
        if name == where:
            os.kill(os.getpid(), number)

from canon_sweep.entry import main
sys.meta_path.insert(0, Strikes())
main()
"""


# and says whether libgit2 is there when all is done
LOADED = STRUCK.replace(
    "\nmain()\n",
    "\ntry:\n    main()\nfinally:\n    print('pygit2' in sys.modules, file=sys.stderr)\n",
)


def struck(
    fleet: Fleet, where: str, number: signal.Signals, *words: str, program: str = STRUCK
) -> tuple[int, str]:
    """Exit code and talk of a command that gets a signal when it looks for a module."""
    path = fleet.folder / "config.toml"
    path.write_text(
        toml(
            {
                "stateDir": f"{fleet.folder}/state",
                "cacheDir": f"{fleet.folder}/cache",
                "engine": "local",
                "recipes": fleet.recipes,
            }
        )
    )
    command = [
        sys.executable,
        "-c",
        program,
        where,
        str(int(number)),
        *words,
        "--config",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Two recipes without a release."""
    fleet = Fleet(tmp_path)
    for recipe in ("draft", "sketch"):
        fleet.publishes(recipe, None)
    return fleet


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    "where", ["canon_sweep.cli", "click", "canon_sweep.cli.run", "canon_sweep.mirror.pool"]
)
def test_a_signal_before_the_configuration_is_read_is_one_line(
    fleet: Fleet, where: str, number: signal.Signals
) -> None:
    """Nobody knows yet where anything could be written down."""
    code, said = struck(fleet, where, number, "run")

    assert (code, said) == (1, f"canon-sweep: stopped by {number.name}\n")
    assert not (fleet.folder / "state").exists()


def test_a_program_that_asked_for_json_is_told_in_json(fleet: Fleet) -> None:
    """An answer of nothing at all is none."""
    command = [sys.executable, "-c", STRUCK, "click", "15", "run", "--json"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert (answer["error"]["what"], answer["exit_code"]) == ("stopped by SIGTERM", 1)


@pytest.mark.parametrize("command", ["status", "plan", "verify"])
def test_a_signal_at_the_start_ends_any_command(fleet: Fleet, command: str) -> None:
    """It is noted at first, and not forgotten."""
    code, said = struck(fleet, "click", signal.SIGTERM, command)

    assert (code, said) == (1, "canon-sweep: stopped by SIGTERM\n")


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("command", [("run",), ("test", "draft")])
def test_a_signal_after_the_configuration_is_read_leaves_a_line_for_each(
    fleet: Fleet, number: signal.Signals, command: tuple[str, ...]
) -> None:
    """Also before the run has its folder: it will have one."""
    code, said = struck(fleet, "canon_sweep.engine.local.engine", number, *command)

    assert code == 1
    (results,) = (fleet.folder / "state" / "runs").glob("2*/results.json")
    entries = json.loads(results.read_text())["entries"]
    assert len(entries) == (2 if command == ("run",) else 1)
    for entry in entries:
        assert entry["code"] == "deferred/out-of-time"
        assert entry["sentence"] == f"not reached: stopped by {number.name}"
        assert entry["recipe"] in said
    assert State.of(fleet.settings()).journal.entries() == ()


def test_a_signal_while_libgit2_is_loaded_is_told_when_it_is(fleet: Fleet) -> None:
    """The turn that needs it first is broken off, not the import: that would be half done."""
    code, said = struck(fleet, "pygit2.enums", signal.SIGTERM, "run", program=LOADED)

    assert (code, said.splitlines()[-1]) == (1, "True")
    (results,) = (fleet.folder / "state" / "runs").glob("2*/results.json")
    first, second = json.loads(results.read_text())["entries"]
    assert first["sentence"] == "broken off: stopped by SIGTERM"
    assert second["sentence"] == "not reached: stopped by SIGTERM"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_the_process_ends_changes_nothing(
    fleet: Fleet, number: signal.Signals
) -> None:
    """Everything is done and said: an exit code by signal would deny it."""
    program = f"""
import gc, os, sys

class Last:
    def __del__(self):
        # the very last moment: the interpreter has let go of its modules
        self.kill(self.pid, {int(number)})

sys.last = Last()
sys.last.kill, sys.last.pid = os.kill, os.getpid()
from canon_sweep.entry import main
main()
"""
    command = [sys.executable, "-c", program, "--version"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done
    assert done.stderr == ""
