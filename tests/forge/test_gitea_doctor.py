"""What `doctor` finds of a mirror on a real forge, without pushing anything."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from doctor.examined import ALL_WELL, Found, examination, of, outcomes
from forge.gitea_host import SCOPES, SWEEPER, Gitea, Repository
from mirror.world import Repo, World

WELL = ALL_WELL | {"mirror.rights": "ok", "mirror.main": "ok"}
ADMIN = {"mirror.tags": "ok"}
# what nobody but doctor asks
WHOSE = "read:user"


@dataclass
class Ground:
    """A recipe whose mirror is on the forge, and the token that the sweep has."""

    host: Gitea
    mirror: Repository
    world: World
    folder: Path
    token: str

    def finds(self, *, forge: bool = True, **table: Any) -> Found:
        """What is found of the recipe; every ref and everything people have stays.

        ``table`` is what the settings' table of the forge has besides, where there is one.
        """
        before = self.mirror.everything()
        logins = self.host.login(self.token, self.folder)
        (login,) = logins.values()
        own = {"type": "gitea", "url": self.host.url, "tokenFile": str(login.token_file)}
        keys = {"forge": own | table} if forge else {}
        recipe = {"upstream": self.world.upstream_url, "mirror": self.world.mirror_url}
        found = of(examination(self.folder, {"notes": recipe}, logins, **keys), "notes")
        assert self.mirror.everything() == before
        assert self.token not in str(found)
        return found


def made(host: Gitea, owner: str, folder: Path) -> Ground:
    """An upstream with a release, and a mirror in step with it."""
    up = Repo.made(folder / "up.git")
    up.tag("1.0.0+v1", up.commit("one"), annotated=True)
    mirror = host.repo(owner, "notes")
    mirror.takes(up)
    while host.does("GET", mirror.api)["empty"]:
        time.sleep(0.02)  # it says so a moment after the push, and tells nobody when
    world = World(up, mirror.git, folder / "none.git", up.path.as_uri(), mirror.url)
    return Ground(host, mirror, world, folder, host.token(SWEEPER, *SCOPES, WHOSE))


@pytest.fixture
def ground(gitea: Gitea, tmp_path: Path) -> Ground:
    """A mirror that the sweep's account administers."""
    return made(gitea, gitea.org(), tmp_path)


@pytest.fixture
def shared(gitea: Gitea, tmp_path: Path) -> Ground:
    """A mirror of somebody else's, where the sweep's account is let in."""
    owner = gitea.name("others")
    gitea.does("POST", "/orgs", {"username": owner})
    return made(gitea, owner, tmp_path)


@pytest.mark.parametrize("forge", [True, False])
def test_a_mirror_that_is_well_is_so_by_the_forges_word_too(ground: Ground, forge: bool) -> None:
    """Also where no setting says that its host is a forge."""
    found = ground.finds(forge=forge)

    assert outcomes(found) == WELL | ADMIN
    deeds = "may push and close pull requests" if forge else "may push"
    assert deeds in found["mirror.rights"].found


def test_who_may_write_is_told_what_he_may_be_told(shared: Ground) -> None:
    """Protected tags are for administrators to read: of them nothing is said, not even a yes."""
    shared.mirror.allows(SWEEPER, "write")

    assert outcomes(shared.finds()) == WELL


@pytest.mark.parametrize("forge", [True, False])
def test_an_account_that_may_only_read_is_a_fault(shared: Ground, forge: bool) -> None:
    """Git's own question is answered with a yes there, and its push with a no."""
    shared.mirror.allows(SWEEPER, "read")

    found = shared.finds(forge=forge)

    assert outcomes(found) == WELL | {"mirror.rights": "fail", "mirror.main": "ok"}
    assert "may not push" in found["mirror.rights"].found


def test_a_token_that_may_only_read_is_a_fault(ground: Ground) -> None:
    """Its owner may push; it may not."""
    ground.token = ground.host.token(SWEEPER, "read:repository", WHOSE)

    found = ground.finds()

    assert outcomes(found) == WELL | ADMIN | {"mirror.push": "fail"}
    assert "cannot be pushed to" in found["mirror.push"].found


def test_an_archived_mirror_is_a_fault(ground: Ground) -> None:
    """Both say it, and the next step is the forge's."""
    ground.mirror.becomes(archived=True)

    found = ground.finds()

    assert found["mirror.push"].outcome == "fail"
    assert found["mirror.rights"].outcome == "fail"
    assert "is archived" in found["mirror.rights"].found


def test_a_main_that_is_closed_to_us_is_a_fault(ground: Ground) -> None:
    """Its hook would say so only to a push."""
    ground.mirror.protects_branch("main", enable_push=False)

    found = ground.finds()

    assert outcomes(found) == WELL | ADMIN | {"mirror.main": "fail"}
    assert "is protected" in found["mirror.main"].found


def test_a_main_that_may_be_pushed_to_and_not_forced_is_warned_of(ground: Ground) -> None:
    """An upstream that was rewritten is followed by force."""
    ground.mirror.protects_branch("main", enable_push=True)

    assert outcomes(ground.finds()) == WELL | ADMIN | {"mirror.main": "warn"}


def test_tags_that_are_closed_to_us_are_warned_of(ground: Ground) -> None:
    """A release could not come; which tags, is the forge's to say."""
    ground.mirror.protects_tags("1.*")

    found = ground.finds()

    assert outcomes(found) == WELL | ADMIN | {"mirror.tags": "warn"}
    assert "1.*" in found["mirror.tags"].found


def test_a_token_that_does_not_say_whose_it_is_leaves_one_question_open(ground: Ground) -> None:
    """Only tags that are protected ask it, and no answer is never taken for a yes."""
    ground.token = ground.host.token(SWEEPER, *SCOPES)
    assert outcomes(ground.finds()) == WELL | ADMIN
    ground.mirror.protects_tags("1.*")

    found = ground.finds()

    assert outcomes(found) == WELL | ADMIN | {"mirror.tags": "unknown"}
    assert WHOSE in found["mirror.tags"].found


def test_a_mirror_that_was_renamed_is_warned_of(ground: Ground) -> None:
    """As long as nobody takes the old name, it is followed."""
    ground.mirror.becomes(name="notes-2")
    ground.mirror = Repository(ground.host, ground.mirror.owner, "notes-2")

    found = ground.finds()

    assert outcomes(found) == WELL | ADMIN | {"mirror.moved": "warn"}
    assert ground.mirror.url.removesuffix(".git") in found["mirror.moved"].found


def test_a_private_mirror_that_is_hidden_is_a_fault(shared: Ground) -> None:
    """404 is all that is said of it."""
    shared.mirror.becomes(private=True)

    found = shared.finds()

    assert outcomes(found) == {
        "upstream": "ok",
        "mirror": "fail",
        "mirror.push": "fail",
        "mirror.step": "unknown",
        "mirror.rights": "fail",
    }


def test_a_mirror_that_a_sweep_will_make_is_only_told_of(ground: Ground) -> None:
    """The first day is no alarm, and nothing is made by looking."""
    ground.world.mirror_url = ground.world.mirror_url.replace("notes", "fresh")

    found = ground.finds(createMirrors=True)

    assert set(outcomes(found).values()) == {"ok", "warn"}
    assert "the next sweep makes it, private" in found["mirror.missing"].found
    assert ground.host.ask("GET", f"/repos/{ground.mirror.owner}/fresh").status == 404


def test_a_forge_whose_token_is_wrong_is_a_fault(ground: Ground, tmp_path: Path) -> None:
    """The forge's own token, beside one of git's that is right."""
    (tmp_path / "wrong").write_text("0123456789\n")

    found = ground.finds(tokenFile=str(tmp_path / "wrong"))

    assert outcomes(found) == WELL | ADMIN | {"forge.rights": "fail"}
    assert "token" in found["forge.rights"].do
