"""Mirrors that are not bare, or not whole: told for what they are, before anything is pushed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from canon_sweep.errors import SyncFault
from canon_sweep.mirror.sync import sync
from mirror.conftest import TRANSPORTS
from mirror.world import Repo, World, git


@pytest.mark.parametrize("named", ["its folder", "its .git"])
@pytest.mark.parametrize("in_step", [False, True])
def test_a_mirror_with_a_work_tree_is_told_before_the_push(
    world: World, place: Path, named: str, in_step: bool
) -> None:
    """Also by whoever only looks, and on a night with nothing to push."""
    tree = place / "tree"
    git("clone", "-q", "--branch", "main", str(world.up.path), str(tree), cwd=place)
    if not in_step:
        world.up.commit("four")
    mirror = Repo(tree / ".git")
    world.mirror_url = (tree if named == "its folder" else mirror.path).as_uri()
    before = mirror.refs()

    for act in (world.look, world.sync):
        with pytest.raises(SyncFault) as caught:
            act()

        assert "takes no push: it is non-bare, a repository with a work tree" in caught.value.what
        assert "git init --bare" in caught.value.do
    assert mirror.refs() == before


@pytest.fixture
def shallow(world: World, place: Path) -> Repo:
    """A mirror that has the last commit of a history, and of another one than upstream's."""
    other = Repo.made(place / "other.git")
    other.commit("a")
    other.commit("b")
    path = place / "shallow.git"
    source = other.path.as_uri()
    git("clone", "-q", "--bare", "--depth", "1", "--branch", "main", source, str(path), cwd=place)
    world.mirror_url = path.as_uri()
    return Repo(path)


def test_a_shallow_mirror_is_no_broken_clone(world: World, shallow: Repo) -> None:
    """It is named, each time, and nothing of it changes."""
    before = shallow.refs()

    for _ in range(2):
        with pytest.raises(SyncFault) as caught:
            world.sync()

        assert caught.value.what.startswith(world.mirror_url)
        assert "cut off, as that of a shallow clone" in caught.value.what
        assert "git fetch --unshallow" in caught.value.do
    assert shallow.refs() == before


def test_a_shallow_mirror_may_be_overwritten_once(world: World, shallow: Repo) -> None:
    """As its advice says; from then on it is upstream's."""
    sync(
        world.upstream_url,
        world.mirror_url,
        world.clone,
        credentials={},
        timeout=20,
        accept_upstream=True,
    )

    assert shallow.refs() == world.up.refs()
    assert world.sync().pushed == ()


def test_a_shallow_mirror_that_is_made_whole_is_compared(world: World, shallow: Repo) -> None:
    """The next sync starts from what it has then."""
    with pytest.raises(SyncFault, match="shallow"):
        world.sync()
    shallow.git("fetch", "-q", "--unshallow", "origin", "main")

    with pytest.raises(SyncFault, match="shares no history"):
        world.sync()


@pytest.mark.parametrize("kind", TRANSPORTS)
@pytest.mark.parametrize("side", ["upstream", "mirror", "empty mirror"])
def test_a_repository_of_sha256_is_told_for_what_it_is(
    served: Callable[[str], World], kind: str, side: str
) -> None:
    """libgit2 reads none; nothing is changed on either side."""
    world = served(kind)
    old = world.up.path if side == "upstream" else world.mirror.path
    shutil.rmtree(old)
    old.mkdir()
    git("init", "-q", "--bare", "--object-format=sha256", "-b", "main", ".", cwd=old)
    if side != "empty mirror":
        other = Repo(old)
        other.set("refs/heads/main", other.commit_of(other.tree("")))
    before = world.up.refs(), world.mirror.refs()

    with pytest.raises(SyncFault) as caught:
        world.sync()

    url = world.upstream_url if side == "upstream" else world.mirror_url
    assert url.partition("@")[2] or url in caught.value.what
    assert "SHA-256" in caught.value.do
    assert (world.up.refs(), world.mirror.refs()) == before
