"""What the settings say of some versions only, right and wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version as PackagingVersion

from canon_sweep.core.version import Version
from canon_sweep.errors import HostFault, SettingsFault
from canon_sweep.settings.load import read
from canon_sweep.settings.overlays import overlays_of
from canon_sweep.settings.recipe import recipe_of
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.variant import Variant, env_of, texts_of

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
        ({"envRules": [{"when": "", "env": A}]}, "envRules[1].when", "not empty"),
        ({"envRules": [{"when": ">= 1.0.0+2", "env": A}]}, "envRules[1].when", "before the +"),
        ({"envRules": [{"when": "> 1, < x", "env": A}]}, "envRules[1].when", "'x' is no version"),
        ({"envRules": [{"when": "< 1!2", "env": A}]}, "envRules[1].when", "of no release"),
        ({"envRules": [{"when": ">1", "env": {}}]}, "envRules[1].env", "no variable"),
        ({"envRules": [{"when": ">1", "env": A}, {"when": ">1", "env": {"A B": "1"}}]},
         "envRules[2].env.'A B'", "no variable's name"),
        ({"envRules": [{"env": A}]}, "envRules[1].when", "missing"),
        ({"envRules": [{"wenn": ">1", "env": A, "when": ">1"}]}, "envRules[1].wenn", "unknown key"),
        ({"overlays": [{"file": "more.yml"}]}, "overlays[1].file", "absolute path"),
        ({"overlays": [{"file": "/a\0"}]}, "overlays[1].file", "NUL"),
        ({"overlays": [{"when": ">1"}]}, "overlays[1].file", "missing"),
        ({"overlays": [{"file": "/a"}, {"file": "/b", "when": ">"}]},
         "overlays[2].when", "no version"),
        ({"overlays": [{"file": "/a", "on": "both"}]}, "overlays[1].on", "one of base, target"),
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


def test_an_overlay_is_for_its_versions_and_for_what_it_is_deployed_as(tmp_path: Path) -> None:
    """What repairs a base only is no part of what is tested, nor of what is kept."""
    files = {}
    for name in ("all", "new", "base", "target"):
        files[name] = tmp_path / f"{name}.yml"
        files[name].write_text(f"services: {{{name}: {{}}}}")
    found = recipe(
        overlays=[
            {"file": str(files["all"])},
            {"file": str(files["new"]), "when": ">= 1.1.0"},
            {"file": str(files["base"]), "on": "base"},
            {"file": str(files["target"]), "on": "target", "when": "< 2"},
        ]
    )

    def names(variant: Variant) -> list[str]:
        return [Path(name).stem for name in texts_of(overlays_of(found), variant)]

    assert names(Variant(version("1.0.0"))) == ["all", "target"]
    assert names(Variant(version("1.1.0"), is_base=True)) == ["all", "new", "base"]
    assert names(Variant(version("2.0.0"), is_upgraded=True)) == ["all", "new"]
    assert names(Variant(None)) == ["all", "new"]


def test_what_an_overlay_says_decides_a_test_and_where_it_lies_does_not(tmp_path: Path) -> None:
    """A known red is tested again at once when the file is changed."""
    one, other = tmp_path / "one.yml", tmp_path / "other.yml"
    one.write_text("services: {}")
    other.write_text("services: {}")

    def digest(file: Path, **more: str) -> str:
        tree = {"recipes": {"notes": NOTES | {"overlays": [{"file": str(file), **more}]}}}
        return recipe_of(read(tree, "config.toml"), "notes", date(2026, 12, 1)).digest

    before = digest(one)

    assert digest(other) == before
    assert digest(one, on="base") != before
    assert digest(one, when="> 1") != before
    one.write_text("services: {a: {}}")
    assert digest(one) != before
    assert digest(tmp_path / "nowhere.yml") != before


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda _: None, "No such file"),
        (lambda path: path.mkdir(), "no regular file"),
        (os.mkfifo, "no regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "no regular file"),
        (lambda path: path.symlink_to(path), "symbolic links"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "not UTF-8"),
        (lambda path: path.write_text("x" * (2**20 + 1)), "larger than 1 MiB"),
        (lambda path: path.write_text("a: ["), "is not YAML, line 1"),
        (lambda path: path.write_text("- a"), "holds no table"),
        (lambda path: path.write_text("a: &a [*a]"), None),
    ],
)
def test_a_file_that_is_no_compose_file_is_the_hosts_fault(
    tmp_path: Path, make: Callable[[Path], object], why: str | None
) -> None:
    """Whatever it is: nothing waits, nothing is run, and no recipe is red for it."""
    file = tmp_path / "more.yml"
    make(file)
    (found,) = overlays_of(recipe(overlays=[{"file": str(file)}]))

    if why is None:
        assert found.checked()
        return
    with pytest.raises(HostFault, match=why) as fault:
        found.checked()
    assert f"the overlay {file} cannot be used: " in fault.value.what
    assert "overlays" in fault.value.do
