"""The operator's command before a cold stack is deployed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from host import ends
from stories.fleet import NEVER_STARTS, Fleet

# what it is told, and what it sees; a shell adds names of its own to its environment
TELLS = """\
import json, os, sys
told = dict(os.environ)
told |= {"cwd": os.getcwd(), "files": sorted(os.listdir("."))}
told.pop("LC_CTYPE", None)
with open(sys.argv[1], "a") as file:
    file.write(json.dumps(told) + "\\n")
print("prepared", os.environ["TAG"], flush=True)
"""


def install(fleet: Fleet, script: str) -> None:
    """The operator's command is a script of his own."""
    program = fleet.folder / "install.py"
    program.write_text(script)
    command = [sys.executable, str(program), str(fleet.folder / "told")]
    fleet.add("notes", install=command)


def told(fleet: Fleet) -> list[dict[str, object]]:
    """What each of its runs was told."""
    return [json.loads(line) for line in (fleet.folder / "told").read_text().splitlines()]


def log(fleet: Fleet) -> str:
    return (fleet.folder / "state/runs/latest/notes.log").read_text()


def test_it_is_run_before_each_cold_stack_and_before_no_other(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for what is tested, once for the base; not for an upgrade, nor on data that is there."""
    monkeypatch.setenv("CANON_SWEEP_CONFIG", "/etc/secret")
    install(fleet, TELLS)
    old = fleet.publishes("notes", "1.0.0+1")
    new = fleet.publishes("notes", "1.1.0+1")

    night = fleet.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    runs = told(fleet)
    assert [(run["TAG"], run["VERSION"], run["COMMIT"]) for run in runs] == [
        ("1.1.0+1", "1.1.0+1", new),
        ("1.0.0+1", "1.0.0+1", old),
    ]
    record = fleet.canonical("notes")
    assert (runs[0]["STACK"], runs[0]["DOMAIN"]) == (record.stack, record.domain)
    for run in runs:
        assert run.keys() == {
            *("RECIPE", "TAG", "VERSION", "COMMIT", "STACK", "DOMAIN", "CHECKOUT", "PATH"),
            *("cwd", "files"),
        }
        assert run["RECIPE"] == "notes"
        assert run["cwd"] == run["CHECKOUT"]
        assert run["files"] == ["compose.yml", "n"]
        assert not Path(str(run["CHECKOUT"])).exists()
    assert "prepared 1.1.0+1" in log(fleet)
    fleet.tests("notes", quick=True)
    assert len(told(fleet)) == 2


def test_what_it_does_to_the_files_is_no_part_of_what_is_tested(fleet: Fleet) -> None:
    """The tag's commit is what is proven, and what a quick run puts up again."""
    install(fleet, "import pathlib; pathlib.Path('compose.yml').write_text('no compose file')")
    fleet.publishes("notes", "1.0.0+1")

    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED
    assert fleet.tests("notes", quick=True).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import sys; print('no token'); sys.exit(3)", "exit code 3; it said: no token"),
        ("import os; os.kill(os.getpid(), 9)", "exit code -9"),
        ("import time; print('waiting', flush=True); time.sleep(99)",
         "did not end within 0.5 s; it said: waiting"),
    ],
)  # fmt: skip
def test_one_that_fails_says_nothing_of_the_recipe(fleet: Fleet, script: str, why: str) -> None:
    """Infra, before anything is deployed; the line says whose it is, and the log has its words."""
    install(fleet, script)
    fleet.options |= {"timeouts": {"prepare": "500ms"}, "infraRetries": 0}
    fleet.publishes("notes", "1.0.0+1")

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    assert entry.deploys == 0
    assert entry.reason.startswith("before 1.0.0+1 was deployed, its install command failed: ")
    assert why in entry.reason
    assert "says nothing of the recipe" in entry.reason
    assert fleet.running() == ()
    assert fleet.volumes() == set()


def test_one_that_is_not_there_is_told_by_name(fleet: Fleet) -> None:
    """As any program that is missing on the host."""
    fleet.add("notes", install=["/nowhere/install"])
    fleet.publishes("notes", "1.0.0+1")

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    assert "/nowhere/install cannot be run: No such file" in entry.reason


def test_what_it_leaves_running_ends_with_it(fleet: Fleet, tmp_path: Path) -> None:
    """It prepares; it is no service."""
    pid = tmp_path / "pid"
    install(
        fleet,
        "import subprocess, sys\n"
        f"child = subprocess.Popen(['sleep', '99']); open({str(pid)!r}, 'w').write(str(child.pid))",
    )
    fleet.publishes("notes", "1.0.0+1")

    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED
    assert ends(int(pid.read_text()))


def test_a_base_whose_preparation_fails_is_no_broken_base(fleet: Fleet) -> None:
    """Nothing is known of it: it may well come up the next time."""
    install(fleet, "import os, sys; sys.exit(os.environ['TAG'] == '1.0.0+1')")
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    assert entry.broken_bases == ()


def test_a_commit_has_no_tag_and_the_version_of_its_files(fleet: Fleet) -> None:
    """As a pull request has."""
    install(fleet, TELLS)
    fleet.publishes("notes", "1.0.0+1")
    commit = fleet.commits(
        "notes",
        None,
        {"compose.yml": fleet.compose(NEVER_STARTS, "1.1.0+1", ready=False, secret=False)},
    )

    fleet.tests("notes", ref="main")

    assert [(run["TAG"], run["VERSION"], run["COMMIT"]) for run in told(fleet)] == [
        ("", "1.1.0+1", commit)
    ]
