"""Somebody else is at work on the mirror: theirs stays, or what goes is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from canon_sweep.errors import SyncFault
from canon_sweep.mirror.synced import Change
from mirror.conftest import TRANSPORTS
from mirror.world import World

MAIN = "refs/heads/main"
SERVED = TRANSPORTS[1:]


@pytest.mark.parametrize("kind", SERVED)
def test_a_race_that_the_server_decides_is_said_to_be_one(
    served: Callable[[str], World], kind: str
) -> None:
    """Nobody is sent to look at branch protection for it."""
    world = served(kind)
    world.sync()
    theirs = world.mirror.commit("theirs", branch="aside")
    world.up.commit("more")
    world.mirror.hook("pre-receive", f"env -u GIT_QUARANTINE_PATH git update-ref {MAIN} {theirs}\n")

    with pytest.raises(SyncFault) as refused:
        world.sync()

    assert "somebody pushed to it meanwhile" in refused.value.do
    assert world.mirror.refs()[MAIN] == theirs


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_ref_that_came_or_went_meanwhile_stops_the_push(
    served: Callable[[str], World], kind: str
) -> None:
    """Also where there was none when we looked, and where there is none any more."""
    world = served(kind)
    world.sync()
    theirs = world.mirror.commit("theirs", branch="aside")
    world.up.tag("1.2.0+v1", world.up.commit("more"), annotated=True)

    def came(_: Change) -> None:
        world.mirror.set("refs/tags/1.2.0+v1", theirs)

    def went(_: Change) -> None:
        world.mirror.remove("refs/tags/1.2.0+v1")
        world.mirror.remove(MAIN)

    for meanwhile in (came, went):
        with pytest.raises(SyncFault, match="pushed to meanwhile"):
            world.sync(meanwhile)
        assert world.mirror.refs()["refs/heads/aside"] == theirs
        assert world.up.refs()[MAIN] not in world.mirror.refs().values()

    world.sync()
    assert world.mirror.refs() == world.up.refs() | {"refs/heads/aside": theirs}


def test_another_branch_that_moves_meanwhile_is_nobodys_business(world: World) -> None:
    """Pull requests of the mirror go on while it is synced."""
    world.sync()
    world.up.commit("more")

    def push(_: Change) -> None:
        world.mirror.commit("theirs", branch="aside")

    world.sync(push)

    assert world.mirror.refs()[MAIN] == world.up.refs()[MAIN]


@pytest.mark.parametrize("kind", SERVED)
def test_a_commit_that_only_the_mirror_has_is_overwritten_and_told(
    served: Callable[[str], World], kind: str
) -> None:
    """Its history is fetched to see that it is upstream's own, with one more on top."""
    world = served(kind)
    world.sync()
    old = world.mirror.commit("theirs")
    world.up.commit("more")

    done = world.sync()

    assert done.overwritten == {MAIN: old}
    assert world.mirror.refs() == world.up.refs()


@pytest.mark.parametrize("kind", SERVED)
def test_a_mirror_whose_first_commit_is_the_forges_own_needs_a_word(
    served: Callable[[str], World], kind: str
) -> None:
    """It may be somebody's repository: nothing of it is overwritten unasked."""
    world = served(kind)
    theirs = world.mirror.commit("initial commit")

    with pytest.raises(SyncFault, match="shares no history") as refused:
        world.sync()
    with pytest.raises(SyncFault, match="shares no history"):
        world.look()

    assert "--accept-upstream" in refused.value.do
    assert world.mirror.refs() == {MAIN: theirs}
    world.sync(accept_upstream=True)
    assert world.mirror.refs() == world.up.refs()
