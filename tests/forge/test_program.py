"""Where no Gitea can be built, one sentence says why, and nothing half of it is kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from forge import program
from forge.program import CannotBuild, gitea


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and programs of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return tmp_path


def is_kept(home: Path) -> bool:
    """Whether there is a folder of a Gitea, or of a half of one."""
    return any(path.is_dir() for path in (home / "canon-sweep").iterdir())


def plays_go(home: Path, script: str) -> None:
    """Put a program in the place of Go."""
    go = home / "bin/go"
    go.write_text(f"#!/bin/sh\n{script}\n")
    go.chmod(0o755)


def test_without_go_that_is_the_reason(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that has none."""
    monkeypatch.setenv("PATH", f"{home}/bin")

    with pytest.raises(CannotBuild, match="built with Go, which is not installed"):
        gitea()

    assert not is_kept(home)


def test_what_go_says_is_the_reason(home: Path) -> None:
    """As where the proxy cannot be reached."""
    plays_go(home, "echo dial tcp: no route >&2; exit 1")

    with pytest.raises(CannotBuild, match="go mod ends with 1: dial tcp: no route"):
        gitea()

    assert not is_kept(home)


def test_a_go_that_hangs_has_an_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others wait for it."""
    plays_go(home, "exec sleep 60")
    monkeypatch.setattr(program, "_MOST_SECONDS", 0.2)

    with pytest.raises(CannotBuild, match=r"go mod is not done within 0\.2 s"):
        gitea()

    assert not is_kept(home)


def test_another_module_of_that_name_is_not_built(home: Path) -> None:
    """Its sum is known."""
    told = {"Dir": "/nonexistent", "Sum": "h1:another", "GoModSum": "h1:another"}
    plays_go(home, f"echo '{json.dumps(told)}'")

    with pytest.raises(CannotBuild, match="is not what it was: h1:another"):
        gitea()

    assert not is_kept(home)


def test_without_a_home_that_is_the_reason(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a build of Nix, whose home is a folder that nobody can make."""
    (home / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))

    with pytest.raises(CannotBuild, match="nowhere to keep Gitea"):
        gitea()
