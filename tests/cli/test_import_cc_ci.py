"""`import-cc-ci` as an operator types it."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cli.typed import Call, Done
from stories.fleet import toml

CCCI = Path(__file__).parents[1] / "ccci"
EXAMPLE = Path(__file__).parents[2] / "examples/cc-ci-recipes.nix"
SECRET = "3c9a0f1e7b5d4f2e8a6c1d0b9e8f7a6d"


@pytest.fixture
def run(typed: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the command where the fleet is."""

    def imports(*words: str | Path, cwd: Path = CCCI) -> Done:
        monkeypatch.chdir(cwd)
        return typed("import-cc-ci", *map(str, words))

    return imports


def kept(name: str) -> str:
    """What is kept in the tree as the command's answer."""
    return (CCCI / name).read_text()


def shown(text: str) -> str:
    """The same on every machine."""
    return text.replace(str(CCCI), "/srv/cc-ci")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """The fleet with one file that is no Python."""
    root = tmp_path / "cc-ci"
    shutil.copytree(CCCI / "fleet", root)
    (root / "tests/ghost/recipe_meta.py").write_text("X = (")
    return root


def test_the_whole_fleet(run: Call) -> None:
    """The 21 recipes of cc-ci."""
    done = run("fleet")

    assert done.returncode == 0
    assert shown(done.stdout) == kept("fleet.toml")
    assert done.stderr.endswith("\n21 recipes, 24 things to decide\n"), done.stderr


def test_the_examples_recipes_are_what_it_writes(run: Call, tmp_path: Path) -> None:
    """Not a line is by hand: what the operator has decided stands beside them."""
    shutil.copytree(CCCI / "fleet", tmp_path / "cc-ci")
    mirror = "https://git.example.org/recipe-maintainers/{recipe}.git"

    done = run(tmp_path / "cc-ci", "--nix", "--mirror", mirror)

    assert done.returncode == 0
    assert done.stdout.replace(str(tmp_path), "/srv") == EXAMPLE.read_text()


def test_the_same_again_is_the_same(run: Call, tmp_path: Path) -> None:
    """A second import into the same files writes nothing, and is no mistake."""
    words = ("fleet", "--output", tmp_path / "out.toml", "--secrets-dir", tmp_path / "secrets")

    first, second = run(*words), run(*words)

    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout == f"written to {tmp_path}/out.toml\n"


def test_secrets_are_in_files_alone(run: Call, tmp_path: Path) -> None:
    """That nobody else can read; the settings name them."""
    secrets, output = tmp_path / "secrets", tmp_path / "out.toml"

    done = run("fleet", "--secrets-dir", secrets, "--output", output)

    file = secrets / "drone/DRONE_RPC_SECRET"
    assert file.read_text() == SECRET
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
    assert f'envFiles.DRONE_RPC_SECRET = "{file}"' in output.read_text()
    assert SECRET not in done.stdout + done.stderr + output.read_text()
    assert "correct horse" not in done.stdout + done.stderr + output.read_text()


@pytest.mark.parametrize("option", ["--nix", "--json"])
def test_without_a_folder_for_them_secrets_are_asked_about(run: Call, option: str) -> None:
    """Never printed, whatever is asked for."""
    done = run("fleet", option)

    assert "DRONE_RPC_SECRET of drone looks like a secret: name a folder" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert "correct horse" not in done.stdout + done.stderr


def laid_over(tree: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    """A tree with another on top, table by table."""
    both = dict(tree)
    for key, value in rest.items():
        below = both.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            both[key] = laid_over(below, value)
        else:
            both[key] = value
    return both


def test_once_the_decisions_are_made_the_configuration_is_sound(
    run: Call, typed: Call, tmp_path: Path
) -> None:
    """What was imported needs no other change than what was asked for."""
    output, config = tmp_path / "out.toml", tmp_path / "config.toml"
    run("fleet", "--secrets-dir", tmp_path / "secrets", "--output", output)
    rest = tomllib.loads(kept("rest.toml"))
    config.write_text(toml(laid_over(tomllib.loads(output.read_text()), rest)))

    done = typed("check", "--config", str(config))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("21 recipes, 20 enrolled: the configuration is sound\n")


def test_a_file_that_cannot_be_read_is_said_and_the_others_go_on(run: Call, bad: Path) -> None:
    """Exit 1, and 20 recipes."""
    done = run(bad)

    assert done.returncode == 1
    assert done.stderr.startswith("not read: tests/ghost/recipe_meta.py: line 1 is no Python")
    assert "20 recipes, " in done.stderr.splitlines()[-1]
    assert "1 file not read" in done.stderr.splitlines()[-1]
    assert "[recipes.ghost]" not in done.stdout
    assert "[recipes.gitea]" in done.stdout


def test_as_json(run: Call, bad: Path) -> None:
    """The settings as a tree, each question with file and line."""
    done = run(bad, "--json")

    told: Any = json.loads(done.stdout)
    assert done.returncode == told["exit_code"] == 1
    assert len(told["recipes"]) == 20
    assert told["recipes"]["plausible"]["upgradeBase"] == {"tag": "3.0.1+v2.0.0"}
    assert told["recipes"]["mumble"]["probes"] == [{"type": "tcp", "port": 64738, "successes": 3}]
    assert {"file", "line", "text", "open"} == told["questions"][0].keys()
    (unread,) = told["unread"]
    assert unread["file"] == "tests/ghost/recipe_meta.py"


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["missing"], "missing/tests cannot be read: No such file"),
        (["empty"], "has no tests/*/recipe_meta.py"),
        (["fleet", "--upstream", "https://up.example/x"], "--upstream has no {recipe}"),
        (["fleet", "--mirror", "nowhere/{recipe}"], "--mirror: "),
        (["fleet", *(f"--{key}=https://a.example/{{recipe}}" for key in ("mirror", "upstream"))],
         "are the same"),
        (["fleet", "--secrets-dir", "fleet/secrets"], "is in cc-ci's tree"),
        (["fleet", "--output", "old.toml"], "old.toml says something else already"),
        (["fleet", "--output", "link.toml"], "link.toml cannot be written"),
        (["fleet", "--output", "pipe"], "says something else already"),
        (["fleet", "--secrets-dir", "secrets"], "DRONE_RPC_SECRET says something else already"),
        ([], "Missing argument 'DIR'"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_one_line(
    run: Call, tmp_path: Path, words: list[str], cause: str
) -> None:
    """Exit 2, and nothing that was there is touched."""
    (tmp_path / "fleet").symlink_to(CCCI / "fleet")
    (tmp_path / "empty/tests").mkdir(parents=True)
    (tmp_path / "old.toml").write_text("by hand")
    (tmp_path / "link.toml").symlink_to("old.toml")
    subprocess.run(["mkfifo", tmp_path / "pipe"], check=True)
    (tmp_path / "secrets/drone").mkdir(parents=True)
    (tmp_path / "secrets/drone/DRONE_RPC_SECRET").write_text("another")

    done = run(*words, cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith("canon-sweep: error usage: ")
    assert cause in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "old.toml").read_text() == "by hand"
    assert (tmp_path / "secrets/drone/DRONE_RPC_SECRET").read_text() == "another"
    assert not (CCCI / "fleet/secrets").exists()
