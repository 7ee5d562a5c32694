"""What the settings say of some versions only, right and wrong."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.version import Version as PackagingVersion

from canon_sweep.core.version import Version
from canon_sweep.errors import SettingsFault
from canon_sweep.settings.load import read
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.variant import Variant, env_of

NOTES = {"upstream": "https://up.example/notes", "mirror": "https://mirror.example/notes"}
A = {"A": "1"}


def recipe(**settings: Any) -> RecipeSettings:
    return read({"recipes": {"notes": NOTES | settings}}, "config.toml").recipe("notes")


def version(number: str) -> Version:
    return Version(PackagingVersion(number), (), f"{number}+1")


@pytest.mark.parametrize(
    ("settings", "key", "cause"),
    [
        ({"upgradeEnv": {"STACK_NAME": "x"}}, "upgradeEnv.STACK_NAME", "has its own"),
        ({"upgradeEnv": {"A": "{domains}"}}, "upgradeEnv.A", "stands for nothing"),
        ({"envRules": [{"when": "1.0.0", "env": A}]}, "envRules[1].when", "none of >=, <="),
        ({"envRules": [{"when": "", "env": A}]}, "envRules[1].when", "length >= 1"),
        ({"envRules": [{"when": ">= 1.0.0+2", "env": A}]}, "envRules[1].when", "before the +"),
        ({"envRules": [{"when": "> 1, < x", "env": A}]}, "envRules[1].when", "'x' is no version"),
        ({"envRules": [{"when": "< 1!2", "env": A}]}, "envRules[1].when", "of no release"),
        ({"envRules": [{"when": ">1", "env": {}}]}, "envRules[1].env", "no variable"),
        ({"envRules": [{"when": ">1", "env": A}, {"when": ">1", "env": {"A B": "1"}}]},
         "envRules[2].env.'A B'", "no variable's name"),
        ({"envRules": [{"env": A}]}, "envRules[1].when", "missing"),
        ({"envRules": [{"wenn": ">1", "env": A, "when": ">1"}]}, "envRules[1].wenn", "unknown key"),
        ({"envRules": {"when": ">1", "env": A}}, "envRules", "expected"),
    ],
)  # fmt: skip
def test_a_rule_that_could_do_nothing_is_a_mistake(
    settings: dict[str, Any], key: str, cause: str
) -> None:
    """Known before any night, by its key."""
    with pytest.raises(SettingsFault) as caught:
        recipe(**settings)

    (problem,) = caught.value.problems
    assert problem.startswith(f"recipes.notes.{key}: ")
    assert cause in problem


def test_the_variables_of_a_version_are_put_together_in_a_fixed_order() -> None:
    """``env``, the rules that hold as they are written, then what an upgrade adds."""
    found = recipe(
        env={"A": "env", "B": "env", "C": "env", "D": "env"},
        envRules=[
            {"when": ">= 1.0.0", "env": {"B": "one", "C": "one", "D": "one"}},
            {"when": ">= 1.0.0, < 2", "env": {"C": "two", "D": "two"}},
            {"when": "< 1.0.0", "env": {"A": "old"}},
        ],
        upgradeEnv={"D": "upgrade"},
    )

    fresh = env_of(found, Variant(version("1.5.0")))
    over = env_of(found, Variant(version("1.5.0"), is_upgraded=True))

    assert fresh == {"A": "env", "B": "one", "C": "two", "D": "two"}
    assert over == fresh | {"D": "upgrade"}
    assert env_of(found, Variant(version("2.0.0")))["C"] == "one"
    assert env_of(found, Variant(version("0.9.0"), is_base=True))["A"] == "old"
    assert env_of(found, Variant(None))["B"] == "one"
    assert found.env["B"] == "env"
