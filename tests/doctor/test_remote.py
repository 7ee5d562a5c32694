"""Remotes that are as they should be, and each way in which one is not."""

from __future__ import annotations

import os
import shlex
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.doctor.viewer import Viewer
from canon_sweep.settings.credential import Credential
from canon_sweep.settings.values import SecretFile
from child import in_child
from doctor.examined import ALL_WELL, examination, found, of, outcomes
from mirror.conftest import TRANSPORTS
from mirror.servers import HOST, Hostile, HttpServer, Sshd, free_port
from mirror.world import Repo, World

NOBODY = 65534


def hangs(hostile: Hostile) -> str:
    """A server that takes a connection and says nothing; its URL."""

    def talk(_connection: socket.socket) -> None:
        hostile.closing.wait(30)

    hostile.talk = talk
    return hostile.url


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_remotes_that_are_well_say_in_what_they_differ(
    served: Callable[[str], World], kind: str, tmp_path: Path
) -> None:
    """Whatever they are spoken to over; and nothing is pushed by asking whether it may be."""
    world = served(kind)

    before = found(world, tmp_path)
    assert world.mirror.refs() == {}
    world.sync()
    world.mirror.git("symbolic-ref", "HEAD", "refs/heads/main")
    after = found(world, tmp_path)

    assert outcomes(before) == outcomes(after) == ALL_WELL
    assert "is empty" in before["mirror"].found
    assert "main is missing, 2 tags missing (1.0.0+v1, 1.1.0+v1)" in before["mirror.step"].found
    assert after["mirror.step"].found == "in step with upstream"


def test_a_mirror_says_what_it_is_behind_by(world: World, tmp_path: Path) -> None:
    """What is missing, what was moved, and what upstream does not have."""
    world.sync()
    commit = world.up.commit("four")
    world.up.tag("1.2.0+v1", commit)
    world.up.tag("1.1.0+v1", commit)
    world.up.remove("refs/tags/1.0.0+v1")

    step = found(world, tmp_path)["mirror.step"]

    assert step.outcome == "ok"
    assert step.found == (
        "differs from upstream: main is another, 1 tag missing (1.2.0+v1), 1 tag moved"
        " (1.1.0+v1), 1 tag of its own (1.0.0+v1); the next sweep brings it in step"
    )


def test_a_loss_that_a_sweep_would_refuse_is_a_fault(world: World, tmp_path: Path) -> None:
    """As the sweep says it, before it."""
    world.sync()
    for tag in ("1.0.0+v1", "1.1.0+v1"):
        world.up.remove(f"refs/tags/{tag}")

    step = found(world, tmp_path)["mirror.step"]

    assert step.outcome == "fail"
    assert "it shows no tags" in step.found
    assert "canon-sweep run notes --accept-upstream" in step.do


def test_a_mirror_that_shows_another_branch_is_warned_of(world: World, tmp_path: Path) -> None:
    """People who look at it see what nobody follows."""
    world.sync()
    world.mirror.commit("theirs", branch="trunk")

    checks = found(world, tmp_path)

    assert outcomes(checks) == ALL_WELL | {"mirror.head": "warn"}
    assert "trunk" in checks["mirror.head"].found


@pytest.mark.parametrize(
    ("break_", "why"),
    [
        (lambda up: [up.remove(ref) for ref in up.refs()], "has no branches and no tags"),
        (lambda up: up.remove("refs/heads/main"), "has no main branch"),
        (lambda up: up.path.rename(up.path.with_name("moved")), "cannot be read"),
    ],
)
def test_an_upstream_that_cannot_be_followed_is_a_fault(
    world: World, tmp_path: Path, break_: Callable[[Repo], object], why: str
) -> None:
    """And the mirror's own state is told all the same."""
    world.sync()
    break_(world.up)

    checks = found(world, tmp_path)

    assert outcomes(checks) == ALL_WELL | {"upstream": "fail", "mirror.step": "unknown"}
    assert why in checks["upstream"].found


def test_a_branch_that_is_not_there_is_a_fault(world: World, tmp_path: Path) -> None:
    """A setting that nobody would see until Sunday."""
    checks = found(world, tmp_path, branch="stable")

    assert "has no branch 'stable'" in checks["upstream"].found


def test_a_mirror_that_was_never_made_is_a_fault(world: World, tmp_path: Path) -> None:
    """With the command that makes it."""
    world.mirror.path.rename(world.mirror.path.with_name("moved"))

    checks = found(world, tmp_path)

    assert outcomes(checks) == {
        "upstream": "ok",
        "mirror": "fail",
        "mirror.push": "fail",
        "mirror.step": "unknown",
    }
    assert "git init --bare" in checks["mirror"].do


def test_a_side_that_may_only_be_read_is_a_fault(
    served: Callable[[str], World], tmp_path: Path
) -> None:
    """Asked without a push: git's own server says so beforehand."""
    world = served("http")
    world.sync()
    before = world.mirror.refs()
    world.mirror.git("config", "http.receivepack", "false")

    checks = found(world, tmp_path)

    assert outcomes(checks) == ALL_WELL | {"mirror.push": "fail"}
    assert "cannot be pushed to" in checks["mirror.push"].found
    assert "rights" in checks["mirror.push"].do
    assert world.mirror.refs() == before


def test_a_daemon_that_takes_no_pushes_is_a_fault(
    served: Callable[[str], World], tmp_path: Path
) -> None:
    """Its word is its own."""
    world = served("git")
    world.mirror.git("config", "daemon.receivepack", "false")

    assert outcomes(found(world, tmp_path)) == ALL_WELL | {"mirror.push": "fail"}


def test_a_key_that_may_only_read_is_a_fault(
    served: Callable[[str], World], sshd: Sshd, tmp_path: Path
) -> None:
    """A forge's deploy key without the right to write: the server lets it fetch and no more."""
    world = served("ssh")
    keys = sshd.folder / "user.pub"
    key = keys.read_text()
    only = 'case "$SSH_ORIGINAL_COMMAND" in git-upload-pack*) eval "$SSH_ORIGINAL_COMMAND";; esac'
    quoted = only.replace('"', '\\"')
    try:
        keys.write_text(f'command="{quoted}" {key}')
        checks = found(world, tmp_path)
    finally:
        keys.write_text(key)

    assert outcomes(checks) == ALL_WELL | {"mirror.push": "fail"}


def test_a_strange_host_key_is_a_fault(
    served: Callable[[str], World], sshd: Sshd, tmp_path: Path
) -> None:
    """Nobody is asked who is not known."""
    world = served("ssh")
    world.credentials = {HOST: sshd.login(host_key="stranger")}

    checks = found(world, tmp_path)

    assert {str(check.outcome) for check in checks.values()} == {"fail", "unknown"}
    assert "not among the known hosts" in checks["upstream"].found


def test_a_wrong_token_is_a_fault_and_is_not_told(
    served: Callable[[str], World], http: HttpServer, tmp_path: Path
) -> None:
    """Of both sides, each by itself."""
    world = served("http")
    http.token_file.write_text("an-0ld-token")

    checks = found(world, tmp_path)

    assert outcomes(checks) == dict.fromkeys(ALL_WELL, "fail") | {"mirror.step": "unknown"}
    assert "refuses the configured login" in checks["mirror.push"].found
    assert "an-0ld-token" not in str(checks)


def test_one_remote_that_is_dead_or_hangs_hides_no_other(
    world: World, hostile: Hostile, tmp_path: Path
) -> None:
    """Each has its own line, and its own deadline."""
    world.sync()
    well = {"upstream": world.upstream_url, "mirror": world.mirror_url}
    dead, slow = f"git://{HOST}:{free_port()}/recipe.git", hangs(hostile)
    recipes = {
        "dead": {"upstream": dead, "mirror": f"{dead}2"},
        "notes": well,
        "slow": {"upstream": slow, "mirror": f"{slow}2"},
    }

    result = examination(tmp_path, recipes, syncTimeout="700ms")

    assert outcomes(of(result, "notes"))["mirror"] == "ok"
    assert of(result, "dead")["upstream"].outcome == "fail"
    assert "connect" in of(result, "dead")["upstream"].found
    assert of(result, "slow")["upstream"].outcome == "fail"
    assert "0.7 s" in of(result, "slow")["upstream"].found
    assert result.exit_code == 1


def test_a_recipe_that_takes_no_part_is_no_alarm(world: World, tmp_path: Path) -> None:
    """It is looked at, and whatever is found is only said."""
    world.up.path.rename(world.up.path.with_name("moved"))
    recipes: dict[str, dict[str, Any]] = {
        "notes": {
            "upstream": world.upstream_url,
            "mirror": world.mirror_url,
            "enroll": False,
            "exception": "no bound",
        },
        "other": {"upstream": f"{world.mirror_url}x", "mirror": f"{world.mirror_url}y"},
    }

    result = examination(tmp_path, recipes)

    assert of(result, "notes")["upstream"].outcome == "warn"
    assert "not enrolled" in of(result, "notes")["upstream"].found
    assert of(result, "other")["upstream"].outcome == "fail"


@pytest.mark.host
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_this_user_cannot_write_is_a_fault() -> None:
    """libgit2 would say so only in the middle of a push."""

    def as_nobody(folder: Path) -> None:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        recipe = {"upstream": f"{folder}/up.git", "mirror": f"{folder}/mirror.git"}
        result = examination(folder, {"notes": recipe})
        push = of(result, "notes")["mirror.push"]
        assert push.outcome == "fail"
        assert "cannot be written" in push.found

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        Repo.made(folder / "up.git").commit("one")
        Repo.made(folder / "mirror.git")
        in_child(lambda: as_nobody(folder))


def test_what_only_the_service_can_ask_is_unknown_to_others(
    served: Callable[[str], World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that cannot be read is no wrong one; nobody is asked without it."""
    world = served("http")
    somebody = Viewer("ada", "canon-sweep", "type instead: sudo canon-sweep doctor")
    monkeypatch.setattr(Viewer, "of", lambda _state: somebody)
    away = Credential(username="sweeper", token_file=SecretFile(tmp_path / shlex.quote("away")))
    world.credentials = {HOST: away}

    checks = found(world, tmp_path)

    assert outcomes(checks) == dict.fromkeys(ALL_WELL, "unknown")
    assert "sudo canon-sweep doctor" in checks["upstream"].do
