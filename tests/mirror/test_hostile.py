"""Upstreams that fail, lie or stall: an error in one line, and nothing changes."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from canon_sweep.errors import SyncFault
from canon_sweep.mirror import clone as cache
from mirror.servers import Hostile, advertisement, line, pack, relay
from mirror.world import Repo, World

A_COMMIT = "c0ffee" + "0" * 34


@pytest.fixture
def settled(world: World, hostile: Hostile) -> World:
    """A recipe that is in sync, and whose upstream is hostile from now on."""
    world.sync()
    world.upstream_url = hostile.url
    return world


def fails(world: World, match: str) -> str:
    """The error of a sync, which must be one printable line and leave the mirror alone."""
    before = world.mirror.refs()
    with pytest.raises(SyncFault, match=match) as caught:
        world.sync()
    assert world.mirror.refs() == before
    assert str(caught.value).isprintable()
    assert caught.value.do
    return str(caught.value)


def test_an_empty_upstream_is_an_error(world: World) -> None:
    """A repository without refs is never taken for one whose tags were all deleted."""
    world.sync()
    for ref in world.up.refs():
        world.up.remove(ref)

    fails(world, r"up\.git has no branches and no tags")


def test_an_upstream_without_main_is_an_error(world: World) -> None:
    """Tags alone are no recipe."""
    world.sync()
    world.up.remove("refs/heads/main")

    fails(world, "has no main branch")


def test_a_missing_upstream_is_an_error(world: World) -> None:
    """A repository that went away is named."""
    world.sync()
    world.up.path.rename(world.up.path.with_name("moved.git"))

    assert "up.git" in fails(world, "cannot be read")


def test_a_missing_mirror_is_an_error(world: World) -> None:
    """A mirror that was never made is named."""
    world.mirror.path.rename(world.mirror.path.with_name("moved.git"))

    with pytest.raises(SyncFault, match=r"mirror\.git cannot be read"):
        world.sync()


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (b"", "cannot be read"),
        (b"0000", "no branches and no tags"),
        (b"003f" + b"0" * 20, "cannot be read"),
        (advertisement(("refs/heads/main", A_COMMIT))[:-4], "cannot be read"),
        (b"zzzz", "cannot be read"),
        (line("ERR no such repository\x1b[31m"), "cannot be read"),
    ],
    ids=["closes", "nothing", "half a line", "no end", "garbage", "an error"],
)
def test_a_broken_advertisement_changes_nothing(
    settled: World, hostile: Hostile, answer: bytes, match: str
) -> None:
    """A failed or empty answer is an error, never "no tags"."""
    hostile.talk = lambda connection: connection.sendall(answer)

    assert hostile.url in fails(settled, match)


@pytest.mark.parametrize("kind", ["silent", "dripping"])
def test_a_stalled_upstream_ends_at_the_deadline(
    settled: World, hostile: Hostile, kind: str
) -> None:
    """The deadline holds against a server that says nothing and one that says it slowly."""
    finished = threading.Event()

    def stall(connection: socket.socket) -> None:
        connection.sendall(b"ffff" if kind == "dripping" else b"")
        while not finished.wait(0.05) and not hostile.closing.is_set():
            if kind == "dripping":
                with suppress(OSError):
                    connection.sendall(b"x")

    hostile.talk = stall
    settled.timeout = 0.4
    began = time.monotonic()

    error = fails(settled, r"not done within 0\.4 s")

    assert time.monotonic() - began < 2
    assert hostile.url in error
    finished.set()


def test_a_program_that_met_a_dripping_server_can_end(hostile: Hostile, tmp_path: Path) -> None:
    """The thread left behind neither holds up the exit nor spoils the exit code."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"ffff")
        with suppress(OSError):
            while not hostile.closing.wait(0.02):
                connection.sendall(b"x")

    hostile.talk = drip
    script = (
        "from canon_sweep.mirror.sync import advertised\n"
        "from canon_sweep.errors import SyncFault\n"
        "from pathlib import Path\n"
        f"clone = Path({str(tmp_path)!r}, 'none.git')\n"
        f"try: advertised({hostile.url!r}, clone, credentials={{}}, timeout=0.3)\n"
        "except SyncFault: raise SystemExit(7)\n"
    )

    done = subprocess.run([sys.executable, "-c", script], timeout=10, check=False)

    assert done.returncode == 7


@pytest.mark.parametrize(
    "name",
    [
        *(b"refs/tags/../../x", b"refs/tags/a\x1b[2Jb", b"refs/tags/a b", b"refs/tags/x.lock"),
        *(b"refs/tags/", b"refs/tags/*", b"refs/tags/\xff\xfe", b"refs/tags/2.0.0+v2/\xc2\xa0"),
        *(b"refs/tags/" + b"n" * 300, b"refs/tags/" + b"n/" * 200 + b"n"),
        *(b"refs/tags/" + b"n" * 5000 + b"\xff", b"refs/tags/2.0.0+v2\xe2\x80\x8b"),
    ],
)
def test_a_tag_that_no_git_would_have_is_never_used(
    settled: World, hostile: Hostile, name: bytes
) -> None:
    """It is listed in a form that can be shown; the other tags are mirrored as ever."""
    release = settled.up.tag("2.0.0+v2", settled.up.commit("four"), annotated=True)
    stray = line(release.encode() + b" " + name + b"\n")
    hostile.talk = relay(settled.up, lambda answer: answer, also=stray)

    done = settled.sync()

    assert settled.agrees()
    assert Repo(settled.clone).refs() == settled.up.refs()
    assert [path.name for path in settled.clone.parent.glob("x*")] == []
    listed = [tag for tag in done.tags if tag.problem]
    assert [(tag.object_id, tag.commit) for tag in listed] == [(release, None)]
    assert listed[0].name.isprintable()
    assert listed[0].name.isascii()
    assert len(listed[0].name) <= 80
    assert settled.sync().pushed == ()


@pytest.mark.parametrize("branch", ["*", "a..b", "\x1b[2J", "x.lock", ""])
def test_a_head_that_no_git_would_have_is_never_used(
    settled: World, hostile: Hostile, branch: str
) -> None:
    """A server cannot choose by its HEAD what a fetch means."""
    ref = f"refs/heads/{branch}"
    first = f"{A_COMMIT} HEAD\0symref=HEAD:{ref} agent=hostile\n"
    answer = line(first) + line(f"{A_COMMIT} {ref}\n") + b"0000"
    hostile.talk = lambda connection: connection.sendall(answer)

    fails(settled, "has no main branch|cannot be read")


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_a_truncated_pack_is_an_error(settled: World, hostile: Hostile, part: float) -> None:
    """A fetch that breaks off brings nothing to the mirror; the next one starts anew."""
    real = settled.up.path.as_uri()
    noise = random.Random(1).randbytes(200_000)
    settled.up.tag("2.0.0+v2", settled.up.commit("four"), annotated=True)
    settled.up.tag("noise", settled.up.blob(noise))
    hostile.talk = relay(settled.up, lambda answer: answer[: int(len(answer) * part)])

    assert hostile.url in fails(settled, "cannot be fetched from")

    settled.upstream_url = real
    settled.sync()
    assert settled.agrees()


def test_a_pack_without_what_was_advertised_is_an_error(settled: World, hostile: Hostile) -> None:
    """An advertised object that does not come is not taken on trust."""
    settled.up.tag("2.0.0+v2", settled.up.commit("four"), annotated=True)
    hostile.talk = relay(settled.up, lambda answer: pack(settled.up))

    fails(settled, "cannot be fetched from|did not send everything")


@pytest.mark.parametrize("missing", ["tree", "blob", "parent", "old tree"])
def test_a_pack_with_a_hole_is_an_error(settled: World, hostile: Hostile, missing: str) -> None:
    """Everything that a ref leads to has to come, not only what the ref names."""
    up = settled.up
    real = up.path.as_uri()
    older = up.commit("four")
    tip = up.commit("five")
    objects = {
        "tip": tip,
        "parent": older,
        "tree": up.git("rev-parse", f"{tip}^{{tree}}"),
        "blob": up.git("rev-parse", f"{tip}:compose.yml"),
        "old tree": up.git("rev-parse", f"{older}^{{tree}}"),
        "old blob": up.git("rev-parse", f"{older}:compose.yml"),
    }
    del objects[missing]
    answer = pack(up, *objects.values())
    hostile.talk = relay(up, lambda _: answer)

    fails(settled, "did not send everything")

    settled.upstream_url = real
    settled.sync()
    assert settled.agrees()


def test_a_huge_object_is_refused_before_it_is_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push would load it whole: the mirror never gets it, and the clone does not keep it."""
    world.sync()
    monkeypatch.setattr(cache, "_MOST_OF_ONE", 100_000)
    world.up.commit("x" * 90_000)
    world.sync()
    world.up.tag("huge", world.up.blob(b"x" * 100_001))

    fails(world, r"up\.git has a file of 100001 bytes")

    assert not world.clone.exists()
    world.up.remove("refs/tags/huge")
    world.sync()
    assert world.agrees()


def test_many_tags_are_no_trouble(world: World) -> None:
    """A repository with two thousand tags takes seconds, not the night."""
    main = world.up.refs()["refs/heads/main"]
    lines = "".join(f"create refs/tags/0.0.{n}+v1 {main}\n" for n in range(2000))
    world.up.git("update-ref", "--stdin", given=lines.encode())

    done = world.sync()

    assert len(done.pushed) == 2003
    assert world.mirror.refs() == world.up.refs()
