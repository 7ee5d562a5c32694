"""The operator's own programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.core.checkup import Check
from canon_sweep.doctor.program import program_checks, recipe_programs
from canon_sweep.settings.load import read
from doctor.looking import SERVICE, SOMEBODY, are_clear, outcomes

RECIPE = {"upstream": "file:///a", "mirror": "file:///b"}


def checks(harness: dict[str, Any] | None = None, **keys: Any) -> list[Check]:
    tree = {"recipes": {"notes": RECIPE}} | keys
    if harness is not None:
        tree["harness"] = {"environment": {"R": "{result}"}} | harness
    return list(program_checks(read(tree, "config.toml"), SERVICE))


def test_a_harness_that_can_be_run_is_well(tmp_path: Path) -> None:
    """By its path, or by its name in `harness.path`."""
    program = tmp_path / "harness"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    by_path = checks({"command": [str(program)]})
    by_name = checks({"command": ["harness", "x"], "path": f"/nowhere:{tmp_path}"})

    assert outcomes(by_path) == outcomes(by_name) == {"harness.command": "ok"}


@pytest.mark.parametrize("mode", [None, 0o644])
def test_a_harness_that_cannot_be_run_is_a_fault(tmp_path: Path, mode: int | None) -> None:
    """Every test would be `infra`."""
    program = tmp_path / "harness"
    if mode is not None:
        program.touch(mode)

    found = checks({"command": [str(program)]})

    assert outcomes(found) == {"harness.command": "fail"}
    assert str(program) in found[0].found
    assert are_clear(found)


def test_where_it_works_and_writes_is_looked_at(tmp_path: Path) -> None:
    """What is made for each test cannot be there yet."""
    (tmp_path / "runs").mkdir()
    there = {"path": f"{tmp_path}/runs/{{run}}/result.json"}
    away = {"path": f"{tmp_path}/none/*/result.json"}
    command = {"command": ["true"], "path": os.environ["PATH"], "environment": {}}

    well = outcomes(checks(command | {"workDir": str(tmp_path), "result": there}))
    wrong = outcomes(checks(command | {"workDir": f"{tmp_path}/none", "result": away}))

    assert set(well.values()) == {"ok"}
    assert wrong["harness.workDir"] == "fail"
    assert wrong["harness.result.path"] == "warn"


def test_what_is_run_before_a_sweep_is_looked_at() -> None:
    """Each by its number."""
    found = checks(preSweep=[["true"], ["no-such-program"]])

    assert outcomes(found) == {"preSweep[1]": "ok", "preSweep[2]": "fail"}


def test_a_recipes_own_command_is_looked_at(tmp_path: Path) -> None:
    """Without it every cold test would be `infra`."""

    def of(command: str) -> dict[str, str]:
        tree = {"recipes": {"notes": RECIPE | {"install": [command]}}}
        recipe = read(tree, "config.toml").recipe("notes")
        return outcomes(recipe_programs(recipe, SERVICE))

    assert of("true") == {"install": "ok"}
    assert of(f"{tmp_path}/none") == {"install": "fail"}


def test_what_the_service_may_run_nobody_else_can_say() -> None:
    """Its PATH and its rights are others."""
    settings = read({"recipes": {"notes": RECIPE}, "preSweep": [["true"]]}, "config.toml")

    assert outcomes(program_checks(settings, SOMEBODY)) == {"preSweep[1]": "unknown"}
