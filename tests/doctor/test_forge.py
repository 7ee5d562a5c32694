"""A forge that does not answer as it should: a fake, for what a real one does not do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.forge import gitea
from canon_sweep.settings.credential import Credential
from canon_sweep.settings.values import SecretFile
from doctor.examined import ALL_WELL, Found, examination, of, outcomes
from forge.fake import PAGE, FakeForge, FakeRepo, Trouble, fake_forge
from mirror.world import Repo


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeForge]:
    """A forge with one mirror, that is behind its upstream."""
    with fake_forge(tmp_path) as forge:
        Repo.made(tmp_path / "up.git").commit("one")
        forge.makes("coop", "notes")
        yield forge


@pytest.fixture
def repo(fake: FakeForge) -> FakeRepo:
    """The mirror."""
    return fake.repos["coop/notes"]


def finds(fake: FakeForge, folder: Path, *, forge: bool = True, **table: Any) -> Found:
    """What is found of the recipe; nothing is written there."""
    recipe = {"upstream": f"{folder}/up.git", "mirror": fake.mirror("coop", "notes")}
    keys = {"forge": fake.table(**table)} if forge else {}
    result = examination(folder, {"notes": recipe}, fake.credentials(), **keys)
    assert fake.wrote() == []
    return of(result, "notes")


def test_an_empty_mirror_that_will_show_another_branch_is_warned_of(
    fake: FakeForge, repo: FakeRepo, tmp_path: Path
) -> None:
    """Git says nothing of it before the first push."""
    repo.default_branch = "master"

    found = finds(fake, tmp_path)

    assert found["mirror.default"].outcome == "warn"
    assert "master" in found["mirror.default"].found


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("^GET /repos", 500),
        Trouble("^GET /repos", 502, b"<html>", kind="text/html"),
        Trouble("^GET /repos", 200, PAGE, kind="text/html"),
        Trouble("^GET /repos", 200, b"[]"),
        Trouble("^GET /repos", 429, headers={"Retry-After": "3600"}),
        Trouble("^GET /repos", hang=True),
    ],
    ids=["500", "502", "page", "shape", "busy", "hangs"],
)
def test_a_forge_that_does_not_answer_as_it_should_is_a_fault(
    fake: FakeForge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Trouble
) -> None:
    """Git's own answers are told all the same; where nobody has named a forge, they are all."""
    monkeypatch.setattr(gitea, "SECONDS", 0.5)
    fake.troubles.append(trouble)

    named, unnamed = finds(fake, tmp_path), finds(fake, tmp_path, forge=False)

    assert outcomes(named) == ALL_WELL | {"mirror.rights": "fail"}
    assert outcomes(unnamed) == ALL_WELL


def test_a_token_that_may_not_ask_is_told_as_unknown(fake: FakeForge, tmp_path: Path) -> None:
    """It may push all the same: nobody knows."""
    fake.troubles.append(Trouble("^GET /repos", 403))

    assert outcomes(finds(fake, tmp_path)) == ALL_WELL | {"mirror.rights": "unknown"}


def test_what_is_asked_of_a_host_that_is_no_forge_is_one_request(
    fake: FakeForge, tmp_path: Path
) -> None:
    """And whatever it says is left at that."""
    fake.troubles.append(Trouble("^GET /", 404, PAGE, kind="text/html"))

    assert outcomes(finds(fake, tmp_path, forge=False)) == ALL_WELL
    assert len(fake.gets()) == 1


@pytest.mark.parametrize("pushes", [True, False], ids=["pushes", "closes"])
def test_a_mirror_that_one_token_does_not_see_is_not_one_that_is_made(
    fake: FakeForge, repo: FakeRepo, tmp_path: Path, *, pushes: bool
) -> None:
    """It is there: whatever else is wrong with it stays a fault."""
    Repo(tmp_path / "up.git").commit("two")
    other, fake.blind = tmp_path / "other-token", "another-token"
    other.write_text(fake.blind)
    seeing = fake.token_file
    named, pushing = (seeing, other) if pushes else (other, seeing)
    login = Credential(username="sweeper", token_file=SecretFile(pushing))
    recipe = {"upstream": f"{tmp_path}/up.git", "mirror": fake.mirror("coop", "notes")}
    forge = fake.table(createMirrors=True, tokenFile=str(named))

    result = examination(tmp_path, {"notes": recipe}, {"127.0.0.1": login}, forge=forge)

    found = of(result, "notes")
    subject = "mirror.rights" if pushes else "forge.rights"
    assert found[subject].outcome == "fail"
    assert "hidden from the token" in found[subject].found
    assert "mirror.missing" not in found
    assert found["mirror"].outcome == ("fail" if pushes else "ok")
    assert result.exit_code == 1
    assert repo.repo.refs() == {}


def test_a_mirror_that_no_token_sees_is_made(fake: FakeForge, tmp_path: Path) -> None:
    """By what is set, whichever of both is asked."""
    other = tmp_path / "other-token"
    other.write_text("another-token")
    fake.blind = "another-token"
    del fake.repos["coop/notes"]

    found = finds(fake, tmp_path, createMirrors=True, tokenFile=str(other))

    assert found["mirror.missing"].outcome == "warn"


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/git", "HTTP://127.0.0.1:{}/git"])
def test_a_token_for_https_is_never_sent_by_http(tmp_path: Path, url: str) -> None:
    """Also where the forge's own URL says so: whoever listens would have it."""
    (tmp_path / "token").write_text("a-token-for-git")
    login = Credential(username="sweeper", token_file=SecretFile(tmp_path / "token"))
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    with line:
                        line.settimeout(5)
                        heard.append(line.recv(4096))

        listening = threading.Thread(target=listen)
        listening.start()
        port = listener.getsockname()[1]
        mirror = f"https://127.0.0.1:{port}/git/coop/notes.git"
        recipe = {"upstream": f"{tmp_path}/up.git", "mirror": mirror}
        (tmp_path / "other").write_text("a-token-for-pulls")
        forge = {
            "type": "gitea",
            "url": url.format(port),
            "tokenFile": str(tmp_path / "other"),
        }
        examination(tmp_path, {"notes": recipe}, {"127.0.0.1": login}, forge=forge)
        # one that is only closed goes on for whoever waits on it
        listener.shutdown(socket.SHUT_RDWR)
        listening.join()

    assert any(b"a-token-for-pulls" in said for said in heard)
    assert not any(b"a-token-for-git" in said for said in heard)
