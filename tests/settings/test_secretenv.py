"""Variables from files: read as they are, and told by name alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.errors import HostFault, RecipeFault
from canon_sweep.settings.secretenv import MAX_FILE, SecretEnv, secret_env, stand_ins
from settings.test_load import problems, remotes
from settings.test_load import settings as settings_with


def read(path: Path) -> SecretEnv:
    return secret_env(settings_with(envFiles={"PASSWORD": str(path)}).recipe("notes"))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"hunter2", "hunter2"),
        (b"hunter2\n", "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b" h2 ", " h2 "),
        (b"-----BEGIN\nabc\n-----END\n", "-----BEGIN\nabc\n-----END"),
    ],
)
def test_a_file_is_its_value(tmp_path: Path, content: bytes, value: str) -> None:
    """But for the line's end that an editor puts behind it."""
    (tmp_path / "file").write_bytes(content)

    found = read(tmp_path / "file")

    assert found.checked() == {"PASSWORD": value}
    assert value not in repr(found)


def nothing(path: Path) -> None:
    """There is no such file."""


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (nothing, "No such file or directory"),
    "empty": (lambda path: path.write_text("\n"), "is empty"),
    "nul": (lambda path: path.write_bytes(b"a\0b"), "NUL"),
    "bytes": (lambda path: path.write_bytes(b"\xff"), "is not UTF-8 text"),
    "large": (lambda path: path.write_bytes(b"x" * (MAX_FILE + 1)), "larger than 64 KiB"),
    "pipe": (os.mkfifo, "is no regular file"),
    "folder": (os.mkdir, "irectory"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_value_is_the_hosts_fault(tmp_path: Path, name: str) -> None:
    """With the variable, the file and the step to take."""
    make, cause = BAD[name]
    make(tmp_path / "file")

    with pytest.raises(HostFault) as caught:
        read(tmp_path / "file").checked()

    assert caught.value.what.startswith(f"envFiles.PASSWORD: {tmp_path}/file: ")
    assert cause in caught.value.what
    assert "envFiles" in caught.value.do


def test_who_only_reads_a_recipe_reads_no_secret(tmp_path: Path) -> None:
    """`plan` is anybody's."""
    own = settings_with(envFiles={"PASSWORD": str(tmp_path / "missing")}).recipe("notes")

    assert stand_ins(own) == {"PASSWORD": "secret"}


def test_a_credential_of_the_service_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for every secret: by the name that the module gives it."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "env=notes=PASSWORD").write_text("hunter2\n")
    own = settings_with(envFiles={"PASSWORD": "env=notes=PASSWORD"}).recipe("notes")

    assert secret_env(own).checked() == {"PASSWORD": "hunter2"}


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"envFiles": {"A": "b/c"}}, "recipes.notes.envFiles.A: expected an absolute path, or"),
        ({"envFiles": {"A": 5}}, "recipes.notes.envFiles.A: expected"),
        ({"envFiles": {"A-B": "/a"}}, "recipes.notes.envFiles.A-B: is no variable's name"),
        ({"envFiles": {"DOMAIN": "/a"}}, "recipes.notes.envFiles.DOMAIN: would never be used"),
        ({"envFiles": {"A": "/a"}, "env": {"A": ""}}, "envFiles.A: is in env too"),
        ({"envFiles": {"A": "/a"}, "upgradeEnv": {"A": ""}}, "envFiles.A: is in upgradeEnv too"),
        (
            {"envFiles": {"A": "/a"}, "envRules": [{"when": "> 1", "env": {"A": ""}}]},
            "envFiles.A: is in envRules[1] too",
        ),
    ],
)
def test_what_could_not_be_meant(more: dict[str, object], problem: str) -> None:
    """One line a mistake, with the variable's key."""
    (told,) = problems({"recipes": {"notes": remotes("notes") | more}})

    assert problem in told


TEXT = st.text(max_size=30)


@given(TEXT, st.text(min_size=8, max_size=80).map(str.strip).filter(lambda v: len(v) >= 8), TEXT)
def test_no_text_has_a_value(before: str, value: str, after: str) -> None:
    """Whole, escaped or cut in its half, at either end."""
    hide = SecretEnv({"PASSWORD": value}).hide

    assert value not in hide(before + value + after)
    assert value not in hide(before + repr(value) + after)
    most = max(8, len(value) // 2 + 3)
    assert value[:most] not in hide(before + value[:most])
    assert value[-most:] not in hide(value[-most:] + after)


def test_it_is_told_which_secret_it_was() -> None:
    """So that a message can be understood."""
    env = SecretEnv({"PASSWORD": "hunter2", "KEY": "first line\nsecond line\n}", "PIN": "12"})
    fault = RecipeFault("hunter2 is no port", do="see hunter2")

    env.hide_in(fault)

    assert str(fault) == "[PASSWORD] is no port; see [PASSWORD]"
    assert fault.args == ("[PASSWORD] is no port",)
    assert env.hide("app | first line\napp | second line") == "app | [KEY]\napp | [KEY]"
    assert env.hide("https://x/?a=first%20line%0Asecond%20line%0A%7D") == "https://x/?a=[KEY]"
    # two characters are in every other word
    assert env.hide("a pin of 12 in 2012") == "a pin of 12 in 2012"


def test_a_value_is_hidden_as_the_app_has_it_too() -> None:
    """With the names filled in it is spelled otherwise, at both of its ends."""
    env = SecretEnv({"HOOK": "https://{domain}/hook/s3cr3t-t0ken/{stack}"})

    there = env.at("noxx_a", "a.example").at("noxx_b", "b.example")

    for stack, domain in (("noxx_a", "a.example"), ("noxx_b", "b.example")):
        value = f"https://{domain}/hook/s3cr3t-t0ken/{stack}"
        assert there.hide(f"got {value}.") == "got [HOOK]."
        assert "s3cr3t-t0ken" not in there.hide(value[:-7])
    assert there.checked() == env.checked()
    assert "s3cr3t" not in repr(there)
