"""The VM tests on a tree of nixpkgs: instantiated to their drivers, their scripts type-checked.

Nobody here can boot them; their stories are told in tests/machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nix.rendered import ROOT
from nix.test_module import NIXPKGS

STORIES = ROOT / "nixos-tests"
NAMES = (
    *("budget", "changeover", "crash", "forge", "guard", "promote", "prune", "red"),
    *("resume", "run-twice", "skip", "timer", "untagged"),
)

pytestmark = pytest.mark.skipif(not NIXPKGS, reason="NIXPKGS names no folder with nixpkgs")


@pytest.fixture(scope="module")
def tests() -> Any:
    """Every VM test, instantiated."""
    asked = ["--eval", "--strict", "--json", "--arg", "nixpkgs", NIXPKGS]
    done = subprocess.run(
        ["nix-instantiate", *asked, "tests/nix/vms.nix"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def problems(script: str, machines: list[str], folder: Path) -> str:
    """What the driver's own build would say of a script for these machines."""
    library = Path(NIXPKGS) / "nixos/lib"
    driver = library / "test-driver"
    prepended = (library / "test-script-prepend.py").read_text()
    kind = "QemuMachine" if "QemuMachine" in prepended else "Machine"
    file = folder / "script.py"
    nodes = "\n".join(f"{name}: {kind}" for name in machines)
    file.write_text(f"{prepended}\n{nodes}\n{script}")
    path = [driver / "src" if (driver / "src").is_dir() else driver, STORIES]
    mypy = ["-m", "mypy", "--config-file=", "--no-implicit-optional", "--follow-imports=silent"]
    # the driver's own libraries are not ours to have
    mypy += ["--ignore-missing-imports", "--explicit-package-bases", "--namespace-packages"]
    done = subprocess.run(
        [sys.executable, *mypy, "--cache-dir", str(folder / "cache"), str(file)],
        env={**os.environ, "MYPYPATH": ":".join(map(str, path))},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_every_story_is_a_vm_test(tests: Any) -> None:
    """With the machine, beside it a forge where it is about one, and no warning of its own."""
    assert sorted(tests) == sorted(NAMES)
    for name, test in tests.items():
        assert test["driver"].endswith(".drv")
        others = ["forge"] if name == "forge" else []
        assert (test["machines"], test["warnings"]) == ([*others, "machine"], [])
        assert (STORIES / "stories" / f"{name.replace('-', '_')}.py").is_file()


def test_a_story_is_told_in_ci_on_what_its_vm_has(tests: Any) -> None:
    """Texts are kept once for all whose machine is the same; another machine has its own."""
    common = tests["promote"]["said"]
    apart = {name for name, test in tests.items() if test["said"] != common}

    assert apart == {name for name in NAMES if (STORIES / "rendered" / name).is_dir()}


@pytest.mark.parametrize("name", NAMES)
def test_a_script_says_what_the_driver_knows(tests: Any, name: str, tmp_path: Path) -> None:
    """NixOS' own machine is one that a story may be told to."""
    assert problems(tests[name]["script"], tests[name]["machines"], tmp_path) == ""


def test_a_broken_script_would_be_seen(tests: Any, tmp_path: Path) -> None:
    """So that the test above cannot pass by not looking."""
    script = tests["promote"]["script"].replace("story(machine)", "story(machine.name)")

    assert "incompatible type" in problems(script, ["machine"], tmp_path)
