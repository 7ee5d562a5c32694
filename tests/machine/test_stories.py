"""The stories of the VM tests, on the very texts that the module renders, without NixOS."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from machine.container import Container

pytestmark = pytest.mark.machine

STORIES = Path(__file__).resolve().parents[2] / "nixos-tests"
NAMES = [
    *("budget", "changeover", "crash", "forge", "guard", "promote", "prune", "red"),
    *("resume", "run_twice", "skip", "timer", "untagged"),
]
# whose machine is another than that of the rest
MACHINES = {"budget": "small_disk", "changeover": "changed_over", "forge": "beside_forge"}
# which have a second one, that is here the same
BESIDE = {"forge"}


@pytest.mark.parametrize("name", NAMES)
def test_a_story_comes_true(request: pytest.FixtureRequest, name: str) -> None:
    """On systemd, Docker and git as they are; it prints its steps with their times."""
    node: Container = request.getfixturevalue(MACHINES.get(name, "node"))
    try:
        told_to = [node, node] if name in BESIDE else [node]
        importlib.import_module(f"stories.{name}").story(*told_to)
    except AssertionError:
        print(node.execute("journalctl --no-pager --unit canon-sweep.service | tail -n 200")[1])
        raise


def test_every_story_is_told() -> None:
    """None is written and left out: here, or of the VM tests."""
    modules = (STORIES / "stories").glob("*.py")
    written = {path.stem for path in modules if "\ndef story(" in path.read_text()}

    assert written == set(NAMES)
    nix = (STORIES / "default.nix").read_text()
    assert all(f'"{name.replace("_", "-")}"' in nix for name in NAMES)
