"""What a deployment's variables are made of."""

from __future__ import annotations

import pytest

from canon_sweep.core.envfile import app_env, compose_files

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


@pytest.mark.parametrize(
    ("chain", "files"),
    [
        ("", ("compose.yml",)),
        ("compose.yml:compose.smtp.yml", ("compose.yml", "compose.smtp.yml")),
        ("$COMPOSE_FILE:compose.smtp.yml", ("compose.yml", "compose.smtp.yml")),
    ],
)
def test_compose_files_are_chained(chain: str, files: tuple[str, ...]) -> None:
    """``COMPOSE_FILE`` says what is deployed, in order."""
    assert compose_files({"COMPOSE_FILE": chain}) == files
