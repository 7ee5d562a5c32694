"""A history of 200 MB between two repositories of a real forge."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge.gitea_host import SCOPES, SWEEPER, Gitea
from mirror.world import Repo, World

MAIN = "refs/heads/main"
PICTURES, BYTES = 4, 50 * 1024 * 1024


def _history() -> Iterator[bytes]:
    """What `git fast-import` reads: a commit for each picture, of which none is like another."""
    noise = random.Random(1)
    for number in range(PICTURES):
        yield f"commit {MAIN}\ncommitter A <a@b> {1_700_000_000 + number} +0000\n".encode()
        yield f"data 1\nx\nM 100644 inline picture-{number}\ndata {BYTES}\n".encode()
        yield noise.randbytes(BYTES) + b"\n"


@pytest.mark.long
def test_a_large_history_is_mirrored_once(gitea: Gitea, tmp_path: Path) -> None:
    """The next release is fetched and pushed alone."""
    owner = gitea.org()
    upstream, mirror = gitea.repo(owner, "upstream"), gitea.repo(owner, "mirror")
    up = Repo.made(tmp_path / "up.git")
    # no picture is like another, so nobody need look for that
    for key in ("core.compression", "pack.window"):
        up.git("config", key, "0")
    up.git("fast-import", "--quiet", given=b"".join(_history()))
    up.tag("1.0.0+v1", up.refs()[MAIN], annotated=True)
    upstream.takes(up)
    login = gitea.login(gitea.token(SWEEPER, *SCOPES), tmp_path)
    clone = tmp_path / "cache/notes.git"
    # ten times what it takes where nothing else runs
    world = World(up, mirror.git, clone, upstream.url, mirror.url, login, timeout=600)

    world.sync()

    assert mirror.git.refs() == up.refs()
    size = sum(file.stat().st_size for file in clone.rglob("*") if file.is_file())
    assert size > PICTURES * BYTES
    up.tag("1.1.0+v1", up.commit("more"), annotated=True)
    upstream.takes(up)
    assert world.sync().pushed == (MAIN, "refs/tags/1.1.0+v1")
    after = sum(file.stat().st_size for file in clone.rglob("*") if file.is_file())
    assert after - size < 100_000
    assert world.sync().pushed == ()
