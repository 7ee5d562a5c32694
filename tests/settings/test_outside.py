"""An outside harness in the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from canon_sweep.errors import SettingsFault
from canon_sweep.settings.harness import HarnessSettings
from canon_sweep.settings.load import read

RECIPES = {"notes": {"upstream": "/srv/notes", "mirror": "/srv/mirror"}}
TOLD = {"RESULT": "{result}"}


def harness(**table: Any) -> HarnessSettings:
    tree = {"recipes": RECIPES, "harness": {"command": ["ci"], "environment": TOLD} | table}
    found = read(tree, "config.toml").harness
    assert found is not None
    return found


def problems(**table: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsFault) as caught:
        harness(**table)
    return caught.value.problems


def test_without_it_our_own_tiers_test() -> None:
    """Absent is none."""
    assert read({"recipes": RECIPES}, "config.toml").harness is None


def test_it_needs_a_command_and_little_else() -> None:
    """What is not said has a default that an operator would expect."""
    found = harness()

    assert found.result.format == "canon-sweep-1"
    assert float(found.stop_time) == 120
    assert not found.promotes
    assert found.quick is None


def test_the_result_may_be_looked_for_where_the_harness_writes_it() -> None:
    """Then nobody has to tell it."""
    path = "/var/lib/cc-ci-runs/*/results.json"

    found = harness(environment={}, result={"path": path, "format": "cc-ci-2"})

    assert found.result.path == Path(path)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"command": []}, "harness.command: "),
        ({"command": ["", "x"]}, "harness.command: the program's name is empty"),
        ({"command": ["ci", "{tag}"]}, "harness.command[2]: {tag} is not filled in here"),
        ({"environment": {}}, "harness.result.path: nothing tells the harness"),
        ({"environment": TOLD | {"A": "{recipes}"}}, "harness.environment.A: '{recipes}' stands"),
        ({"environment": TOLD | {"A": "{"}}, "harness.environment.A: has a lone {"),
        ({"environment": TOLD | {"A-B": ""}}, "harness.environment.A-B: is no variable's name"),
        ({"environment": TOLD | {"PATH": "/"}}, "harness.environment.PATH: is harness.path's"),
        ({"environment": TOLD | {"A": "\0"}}, "harness.environment.A: has a NUL"),
        ({"environment": TOLD | {"A": 1}}, "harness.environment.A: expected a text, got a number"),
        ({"quick": {"environment": {"A": "{x}"}}}, "harness.quick.environment.A: '{x}'"),
        ({"ref": {"environment": {"A": "{x}"}}}, "harness.ref.environment.A: '{x}'"),
        ({"passEnvironment": ["A B"]}, "harness.passEnvironment[1]: 'A B' is no variable's name"),
        ({"passEnvironment": ["PATH"]}, "harness.passEnvironment[1]: PATH is harness.path's"),
        ({"checkout": "abra/{recipe}"}, "harness.checkout: expected an absolute path"),
        ({"checkout": "/srv/abra"}, "harness.checkout: is the same for every recipe"),
        ({"checkout": "/srv/{recipe}/x"}, "harness.checkout: its last folder"),
        ({"checkout": "/srv/{tag}/{recipe}"}, "harness.checkout: '{tag}' stands for nothing"),
        ({"checkout": "/srv/../{recipe}"}, "harness.checkout: has a .. in it"),
        ({"checkout": "/var/lib/canon-sweep/{recipe}"}, "harness.checkout: lies in stateDir"),
        ({"checkout": "/var/cache/canon-sweep/x/{recipe}"}, "harness.checkout: lies in cacheDir"),
        ({"result": {"path": "/r/{tag}.json"}}, "harness.result.path: '{tag}' stands"),
        ({"result": {"path": "/r/run-*/r.json"}}, "harness.result.path: * stands for the name"),
        ({"result": {"path": "/*/*/r.json"}}, "harness.result.path: * stands for the name"),
        ({"result": {"path": "/r/*"}}, "harness.result.path: * stands for the name"),
        ({"result": {"path": "/r/*/r.json"}}, "harness.result.path: {result} cannot name"),
        ({"result": {"format": "junit"}}, "harness.result.format: "),
        ({"promote": True}, "harness.promote: unknown key, did you mean promotes?"),
        ({"stopTime": "0s"}, "harness.stopTime: "),
    ],
    ids=range(29),
)
def test_what_could_never_work_is_told_by_its_key(table: dict[str, Any], problem: str) -> None:
    """Before the first night."""
    told = problems(**table)

    assert any(each.startswith(problem) for each in told), told
