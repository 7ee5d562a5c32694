"""Of what a stack's own secrets are made."""

from __future__ import annotations

import pytest

from canon_sweep.core.appenv import app_env
from canon_sweep.core.compose import Compose, parse
from canon_sweep.core.modifier import LETTERS
from canon_sweep.errors import RecipeFault

USED = """
services: {app: {image: a, secrets: [key, {source: more}]}}
secrets:
  key: {external: true, name: "${STACK_NAME}_key_${SECRET_KEY_VERSION}"}
"""


def stack(sample: str, *texts: str) -> Compose:
    """The stack ``st`` as its compose files and its sample say."""
    env = app_env(sample, "", {}, recipe="notes", stack="st", domain="d.test")
    named = {f"{number}.yml": text for number, text in enumerate(texts or (USED,))}
    return parse(named, "st", env.values, env.comments)


@pytest.mark.parametrize(
    ("comment", "length", "letters"),
    [
        ("", 32, LETTERS),
        ("# a key", 32, LETTERS),
        ("# length=12", 12, LETTERS),
        ("# length=64 charset=hex", 64, "0123456789abcdef"),
        ("# charset=HEX, length=64", 64, "0123456789abcdef"),
        ("# length=4096", 4096, LETTERS),
        ("# charset=alphanumeric generate=true", 32, LETTERS),
        ("# charset=numeric,hex", 32, "0123456789abcdef"),
        ("# charset=default,safespecial", 32, LETTERS + "!@#%^&*_-+="),
    ],
)
@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_a_secret_is_made_as_its_version_says(
    comment: str, length: int, letters: str, quote: str
) -> None:
    """However the version's value is quoted."""
    compose = stack(f"SECRET_KEY_VERSION={quote}v1{quote} {comment}\n")

    (secret,) = compose.secrets
    assert secret.name == "st_key_v1"
    assert secret.made.length == length
    assert sorted(secret.made.letters) == sorted(letters)
    assert compose.unread == ()


@pytest.mark.parametrize(
    ("comment", "cause"),
    [
        ("charset=klingon", "charset 'klingon' is not known"),
        ("charset=hex,klingon", "charset 'hex,klingon' is not known"),
        ("length=0", "length '0' is not between 1 and 4096"),
        ("length=4097", "not between"),
        ("length=000001999999", "not between"),
        ("length=many", "not between"),
        ("generate=false", "generate='false': its value is made outside"),
        ("colour=red", "the modifier 'colour' is not known"),
    ],
)
def test_what_a_secret_cannot_be_is_told(comment: str, cause: str) -> None:
    """With file, line and variable; and it is made as usual."""
    compose = stack(f"A=1\nSECRET_KEY_VERSION=v1 # {comment}\n")

    (unread,) = compose.unread
    assert str(unread).startswith(".env.sample, line 2: SECRET_KEY_VERSION: ")
    assert cause in unread.cause
    assert compose.secrets[0].made.length == 32
    assert compose.secrets[0].made.letters == LETTERS


def test_modifiers_belong_to_the_variable_in_the_secrets_name() -> None:
    """Whatever its key is; another variable's are nobody's."""
    text = USED.replace("SECRET_KEY_VERSION", "JWT_VERSION")
    sample = "JWT_VERSION=v1 # length=7\nSECRET_KEY_VERSION=v1 # length=9 charset=klingon\n"

    compose = stack(sample, text)

    assert compose.secrets[0].made.length == 7
    assert compose.unread == ()


def test_a_later_file_names_a_secret_anew() -> None:
    """Then its variable is that file's; the older way of naming one counts too."""
    over = "secrets: {key: {external: {name: '${STACK_NAME}_other_${OTHER_VERSION}'}}}"

    compose = stack("OTHER_VERSION=v2 # length=5\n", USED.replace("${SECRET_", "${S-"), over)

    assert [(secret.name, secret.made.length) for secret in compose.secrets] == [("st_other_v2", 5)]


@pytest.mark.parametrize("sample", ["", "SECRET_KEY_VERSION=\n", "#SECRET_KEY_VERSION=v1\n"])
def test_a_version_that_is_not_set_is_named_with_its_secret(sample: str) -> None:
    """Or Docker would only say that some name is none."""
    with pytest.raises(
        RecipeFault, match="secret key has no version: SECRET_KEY_VERSION"
    ) as caught:
        stack(sample)

    assert "set it in .env.sample" in str(caught.value)


def test_a_secret_without_a_version_that_no_service_has_is_left_out() -> None:
    """It is for an overlay that is not deployed."""
    assert stack("", USED.replace("[key, ", "[")).secrets == ()


def test_a_version_may_have_a_default() -> None:
    """Then it is set."""
    compose = stack("", USED.replace("VERSION}", "VERSION:-v3}"))

    assert [secret.name for secret in compose.secrets] == ["st_key_v3"]
