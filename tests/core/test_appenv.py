"""What a deployment's variables are made of."""

from __future__ import annotations

import time

import pytest

from canon_sweep.core.appenv import AppEnv, app_env, compose_files
from canon_sweep.core.envfile import Comment
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
    comment = Comment(".env.sample", 6, " length=12 charset=hex")
    assert env.comments["SECRET_DB_PASSWORD_VERSION"] == comment
    assert "OLD" not in env.values


def test_a_sample_cannot_read_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a recipe could show the CI's tokens to its containers."""
    monkeypatch.setenv("HOME", "/root/secret")

    env = app_env(SAMPLE, "", {}, recipe="notes", stack="st", domain="d.test")

    assert env.values["STOLEN"] == ""


@pytest.mark.parametrize(
    ("given", "had"),
    [
        ("https://sandbox.{domain}", "https://sandbox.d.test"),
        ("{stack}_app:{domain}", "st_app:d.test"),
        # a template's, a shell's, a program's: nobody's value changes its meaning
        ("{{domain}} {{ .Stack }}", "{{domain}} {{ .Stack }}"),
        ("${domain} %{stack} #{stack}", "${domain} %{stack} #{stack}"),
        ('{"domain": {"a": 1}, "b": {}}', '{"domain": {"a": 1}, "b": {}}'),
        ("{} {0} {level} {token} {domain.name} }{", "{} {0} {level} {token} {domain.name} }{"),
    ],
)
def test_a_value_of_the_operators_can_have_the_names_of_the_deployment(
    given: str, had: str
) -> None:
    """As a second domain below its own, which is another in every deployment."""
    env = app_env("", "", {"A": given}, recipe="notes", stack="st", domain="d.test")

    assert env.values["A"] == had


def test_the_samples_own_braces_stay_as_they_are() -> None:
    """Upstream knows nothing of ours."""
    env = app_env("A={domain}", "", {}, recipe="notes", stack="st", domain="d.test")

    assert env.values["A"] == "{domain}"


def read(sample: str, abra_sh: str = "", **operator: str) -> AppEnv:
    """The variables of a deployment of the recipe ``notes``."""
    return app_env(sample, abra_sh, operator, recipe="notes", stack="st", domain="d.test")


def test_a_sample_builds_on_itself_and_on_the_names_of_the_deployment() -> None:
    """Line by line, as they stand, whatever the sample says of a name that is given."""
    sample = """
EARLY=${LATE}
DOMAIN=notes.example.com
LATE=late
URL=https://$DOMAIN/${STACK_NAME}?$LATE
LITERAL='$DOMAIN'
COLOUR=blue
SHADE=dark $COLOUR
"""
    values = read(sample, COLOUR="red").values

    assert values["EARLY"] == ""
    assert values["URL"] == "https://d.test/st?late"
    assert values["LITERAL"] == "$DOMAIN"
    assert values["SHADE"] == "dark red"


@pytest.mark.parametrize(
    ("sample", "asked", "chain"),
    [
        ("", None, "compose.yml"),
        ('COMPOSE_FILE="$COMPOSE_FILE:b.yml"', None, "compose.yml:b.yml"),
        ('COMPOSE_FILE=a.yml\nCOMPOSE_FILE="${COMPOSE_FILE}:b.yml"', None, "a.yml:b.yml"),
        ("COMPOSE_FILE=a.yml\nCOMPOSE_FILE=$COMPOSE_FILE:b.yml", "c.yml", "c.yml"),
        ("COMPOSE_FILE=a.yml:b.yml", "$COMPOSE_FILE:c.yml", "a.yml:b.yml:c.yml"),
        ("", "${COMPOSE_FILE}:c.yml", "compose.yml:c.yml"),
    ],
)
def test_a_chain_of_compose_files_adds_up(sample: str, asked: str | None, chain: str) -> None:
    """The recipe's own lines, or what the operator says, who may name the recipe's chain."""
    values = read(sample, **({} if asked is None else {"COMPOSE_FILE": asked})).values

    assert compose_files(values) == tuple(chain.split(":"))


def test_what_cannot_be_read_is_told_with_its_file_and_line() -> None:
    """And nothing else of the files is lost."""
    env = read("A=1\nJUST A WORD\nB=2", "export C=3\nexport D=$(date)\n")

    assert env.values.items() >= {"A": "1", "B": "2", "C": "3"}.items()
    assert [(unread.file, unread.line) for unread in env.unread] == [
        (".env.sample", 2),
        ("abra.sh", 2),
    ]


# what is linear takes a moment, and what grows with the square takes minutes
LONG = 128 * 1024


@pytest.mark.parametrize(
    ("sample", "abra"),
    [
        ("SECRET_A_VERSION=" + "#" * LONG, ""),
        ("SECRET_A_VERSION=" + "# length=" * (LONG // 9), ""),
        ("SECRET_A" + "_VERSION" * (LONG // 8), ""),
        ("A=b" + " " * LONG + "c", ""),
        ("export" + " " * LONG, ""),
        ("x\n" * (LONG // 2), ""),
        ("A='" + "\\'" * (LONG // 2), ""),
        ("", "a=(" * (LONG // 3)),
        ("", "f() {\n" * (LONG // 6)),
        ("", '"$(' * (LONG // 3)),
        ("", "export $A\n" * (LONG // 10)),
        ("", "export" + " " * LONG),
        ("", "export A=b" + "\n" * LONG + "c"),
        ("", "export\n" * (LONG // 7)),
        ("", "export A=" + "b" * LONG + " c"),
    ],
)
def test_a_hostile_text_is_read_in_no_time(sample: str, abra: str) -> None:
    """It takes as long as any other text of its length."""
    began = time.process_time()

    app_env(sample, abra, {}, recipe="notes", stack="st", domain="d.test")

    assert time.process_time() - began < 5


def test_a_sample_that_unfolds_without_bound_is_refused() -> None:
    """Forty lines that double a value each are small only on paper."""
    with pytest.raises(RecipeFault, match="unfold"):
        read("A=x\n" + "A=$A$A\n" * 40)


@pytest.mark.parametrize(
    ("chain", "files"),
    [
        ("", ("compose.yml",)),
        ("compose.yml:compose.smtp.yml", ("compose.yml", "compose.smtp.yml")),
        ("compose.yml:compose.yml", ("compose.yml",)),
    ],
)
def test_compose_files_are_chained(chain: str, files: tuple[str, ...]) -> None:
    """``COMPOSE_FILE`` says what is deployed, in order."""
    assert compose_files({"COMPOSE_FILE": chain}) == files
