"""What a deployment's variables are made of."""

from __future__ import annotations

import time

import pytest

from canon_sweep.core.envfile import app_env, compose_files
from canon_sweep.errors import RecipeFault

SAMPLE = """
TYPE=other
DOMAIN=notes.example.com
# a comment
COLOUR="blue green"
SECRET_DB_PASSWORD_VERSION=v1 # length=12 charset=hex
STOLEN=${HOME}
"""
ABRA = """
export NOTES_VERSION=v3
# export OLD=v1
backup() { rm -rf /; }
"""


def test_the_names_of_the_deployment_win() -> None:
    """The sample's, then the operator's, then the names that the sweep gives."""
    env = app_env(SAMPLE, ABRA, {"COLOUR": "red"}, recipe="notes", stack="st", domain="d.test")

    assert env.values["COLOUR"] == "red"
    assert env.values["NOTES_VERSION"] == "v3"
    assert env.values["DOMAIN"] == "d.test"
    assert env.values["STACK_NAME"] == "st"
    assert env.values["TYPE"] == "notes"
    assert env.values["SECRET_DB_PASSWORD_VERSION"] == "v1"
    assert env.lengths == {"SECRET_DB_PASSWORD_VERSION": 12}
    assert "OLD" not in env.values


def test_a_sample_cannot_read_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a recipe could show the CI's tokens to its containers."""
    monkeypatch.setenv("HOME", "/root/secret")

    env = app_env(SAMPLE, "", {}, recipe="notes", stack="st", domain="d.test")

    assert env.values["STOLEN"] == "${HOME}"


MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("sample", "abra"),
    [
        ("SECRET_A_VERSION=" + "#" * MIB, ""),
        ("SECRET_A_VERSION=" + "# length=" * (MIB // 9), ""),
        ("SECRET_A" + "_VERSION" * (MIB // 8), ""),
        ("", "export" + " " * MIB),
        ("", "export A=b" + "\n" * MIB + "c"),
        ("", "export\n" * (MIB // 7)),
        ("", "export A=" + "b" * MIB + " c"),
    ],
)
def test_a_hostile_text_is_read_in_no_time(sample: str, abra: str) -> None:
    """A MiB of it takes as long as any other text."""
    began = time.process_time()

    app_env(sample, abra, {}, recipe="notes", stack="st", domain="d.test")

    assert time.process_time() - began < 5


def test_a_sample_that_is_made_to_be_slow_is_refused() -> None:
    """The library that reads it takes the square of a run of blanks."""
    with pytest.raises(RecipeFault, match="blanks"):
        app_env("A=b" + " " * MIB + "c", "", {}, recipe="notes", stack="st", domain="d.test")


@pytest.mark.parametrize(
    ("chain", "files"),
    [
        ("", ("compose.yml",)),
        ("compose.yml:compose.smtp.yml", ("compose.yml", "compose.smtp.yml")),
        ("compose.yml:compose.yml", ("compose.yml",)),
        ("$COMPOSE_FILE:compose.smtp.yml", ("compose.yml", "compose.smtp.yml")),
    ],
)
def test_compose_files_are_chained(chain: str, files: tuple[str, ...]) -> None:
    """``COMPOSE_FILE`` says what is deployed, in order."""
    assert compose_files({"COMPOSE_FILE": chain}) == files
