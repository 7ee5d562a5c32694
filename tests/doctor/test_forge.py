"""A forge that does not answer as it should: a fake, for what a real one does not do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.forge import gitea
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
