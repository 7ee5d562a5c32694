"""Start-up stays short because nothing is imported that is not needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stories.fleet import Fleet, toml

HEAVY = {"pygit2", "docker", "requests", "rich", "yaml"}


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("canon_sweep.cli", set()),
        ("canon_sweep.cli.check", set()),
        ("canon_sweep.cli.status", set()),
        ("canon_sweep.cli.hold", set()),
        ("canon_sweep.cli.history", set()),
        ("canon_sweep.cli.doctor", set()),
        ("canon_sweep.cli.import_cc_ci", set()),
        ("canon_sweep.cli.run", set()),
        ("canon_sweep.cli.plan", set()),
        ("canon_sweep.engine.local.engine", set()),
        # docker's SDK is for whatever is asked of a Swarm
        ("canon_sweep.engine.swarm.engine", {"docker", "requests"}),
    ],
)
def test_a_command_imports_only_what_it_needs(module: str, allowed: set[str]) -> None:
    """--help imports none of the large libraries, status none but for its table."""
    program = f"import sys, {module}; print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert HEAVY & set(done.stdout.split()) <= allowed


# what opens a repository, reads a recipe's files, deploys, tests, promotes, asks a forge, or tells
# a fault
LATER = {
    "difflib", "pygit2", "rich", "requests", "yaml",
    "canon_sweep.core.abrash", "canon_sweep.core.compose", "canon_sweep.core.yamltext",
    "canon_sweep.engine.source", "canon_sweep.engine.swarm.command",
    "canon_sweep.engine.swarm.written", "canon_sweep.forge.gitea", "canon_sweep.harness.external",
    "canon_sweep.harness.hook", "canon_sweep.harness.stage", "canon_sweep.harness.tiers",
    "canon_sweep.harness.trial", "canon_sweep.job.harnesses", "canon_sweep.job.pulls",
}  # fmt: skip
WHOLE = """
import sys
from canon_sweep.entry import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """One recipe whose latest release is its canonical."""
    fleet = Fleet(tmp_path)
    fleet.publishes("notes", "1.0.0+1")
    folders = {"stateDir": f"{tmp_path}/state", "cacheDir": f"{tmp_path}/cache"}
    tree = {**folders, "engine": "local", "recipes": fleet.recipes}
    (tmp_path / "config.toml").write_text(toml(tree))
    assert "promoted" in imported(fleet, "run")
    return fleet


def imported(fleet: Fleet, command: str) -> set[str]:
    """The modules that a command has imported when it ends, and the words of its talk."""
    config = str(fleet.folder / "config.toml")
    words = [sys.executable, "-c", WHOLE, command, "--json", "--config", config]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stderr.split())


@pytest.mark.parametrize("command", ["run", "plan", "status"])
def test_a_command_that_has_nothing_to_do_imports_nothing_for_it(
    fleet: Fleet, command: str
) -> None:
    """From its first moment to its last: an import within a function counts too.

    Remotes are asked by processes of their own, which load libgit2.
    """
    assert not LATER & imported(fleet, command)
