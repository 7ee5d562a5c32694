"""Files with secrets: whether they can be read, and by whom; never what is in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from canon_sweep.doctor.secret import Named, common_files, file_check, recipe_files
from canon_sweep.settings.load import read
from doctor.looking import SERVICE, SOMEBODY

SECRET = "hunter2-hunter2"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A secret that is nobody else's."""
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text(SECRET)
    return file


def test_a_secret_of_ones_own_is_well(file: Path) -> None:
    """And is not told."""
    check = file_check(Named("x.tokenFile", file), SERVICE)

    assert check.outcome == "ok"
    assert SECRET not in str(check)


@pytest.mark.parametrize("mode", [0o644, 0o602, 0o620])
def test_a_secret_that_others_can_use_is_warned_of(file: Path, mode: int) -> None:
    """Whoever is on the host could push to every mirror."""
    file.chmod(mode)

    check = file_check(Named("x.tokenFile", file), SERVICE)

    assert check.outcome == "warn"
    assert f"{mode:04o}" in check.found
    assert check.do == f"chmod 0400 {file}"


def test_known_hosts_are_anybodys_to_read(file: Path) -> None:
    """And nobody else's to write."""
    file.chmod(0o644)
    named = Named("x.knownHostsFile", file, is_secret=False)
    assert file_check(named, SERVICE).outcome == "ok"

    file.chmod(0o666)
    assert file_check(named, SERVICE).outcome == "warn"


def test_no_file_an_empty_one_and_a_folder_are_faults(tmp_path: Path, file: Path) -> None:
    """Each says which setting, which file, and why."""
    file.write_text("\n")

    for path, why in ((tmp_path / "no", "No such file"), (file, "is empty"), (tmp_path, "regular")):
        check = file_check(Named("x.tokenFile", path), SERVICE)
        assert check.outcome == "fail"
        assert why in check.found
        assert check.do


@pytest.mark.parametrize(("key", "outcome"), [("tokenFile", "fail"), ("sshKeyFile", "ok")])
def test_a_token_is_one_line(tmp_path: Path, file: Path, key: str, outcome: str) -> None:
    """A login is sent what the file says; a key has many."""
    file.write_text(f"{SECRET}\n{SECRET}\n")
    login = {"a.example": {"tokenFile": "/t", "sshKeyFile": "/k", "knownHostsFile": "/h"}}
    login["a.example"][key] = str(file)
    remotes = {"upstream": "ssh://git@a.example/n", "mirror": "https://a.example/m"}
    tree = {"credentials": login, "recipes": {"notes": remotes}}
    named = next(each for each in common_files(read(tree, "config.toml")) if each.file == file)

    check = file_check(named, SERVICE)

    assert check.outcome == outcome
    assert SECRET not in str(check)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A secret is a file."""
    os.mkfifo(tmp_path / "pipe")

    assert file_check(Named("x", tmp_path / "pipe"), SERVICE).outcome == "fail"


def test_what_only_the_service_may_read_is_unknown_to_others(tmp_path: Path, file: Path) -> None:
    """Also where root can read it: that says nothing of the service."""
    assert file_check(Named("x", file), SOMEBODY).outcome == "unknown"
    assert file_check(Named("x", tmp_path / "no"), SOMEBODY).outcome == "unknown"


def test_every_secret_of_the_settings_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is left out, whichever table names it; a credential is where systemd puts it."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    tree = {
        "credentials": {
            "a.example": {"tokenFile": "/t"},
            "b.example": {
                "sshKeyFile": "/k",
                "sshPassphraseFile": "/p",
                "knownHostsFile": "/h",
            },
        },
        "registries": {"r.example": {"username": "u", "passwordFile": "registry"}},
        "guard": {
            "drone": {"url": "https://d.example", "tokenFile": "/d"},
            "woodpecker": {"url": "https://w.example", "tokenFile": "/w"},
        },
        "forge": {"type": "forgejo", "url": "https://b.example", "tokenFile": "/f"},
        "recipes": {
            "notes": {
                "upstream": "https://a.example/n",
                "mirror": "https://b.example/o/n",
                "envFiles": {"KEY": "/e"},
            }
        },
    }
    settings = read(tree, "config.toml")

    found = [*common_files(settings), *recipe_files(settings.recipe("notes"))]

    assert {str(named.file) for named in found} == {
        *("/t", "/k", "/p", "/h", f"{tmp_path}/registry", "/d", "/w", "/f", "/e")
    }
