"""A mirror that is a folder of this machine, when the power goes: whole, or known to be broken."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from canon_sweep.errors import SyncFault
from mirror.world import Repo, World
from traced import problem

SYNC = """
import sys
from pathlib import Path
from canon_sweep.mirror.sync import sync
print(sync(sys.argv[1], sys.argv[2], Path(sys.argv[3]), credentials={}, timeout=10.0).pushed)
"""
_FLUSHED = re.compile(r"^\d+ +fsync\(\d+<([^>]+)>\) += 0$", re.MULTILINE)
_PLACED = re.compile(r"^\d+ +(?:link|rename)\(\"([^\"]+)\", \"([^\"]+)\"\) += 0$", re.MULTILINE)


@pytest.mark.host
def test_what_is_pushed_into_a_folder_is_on_its_disk_before_it_has_its_name(
    world: World, mirror: Repo, tmp_path: Path
) -> None:
    """Objects and refs: a ref that outlives what it names stops every sweep to come."""
    if why := problem():
        pytest.skip(why)
    notes = tmp_path / "notes"
    strace = ["strace", "-f", "-y", "-qq", "-s", "4096", "-o", str(notes)]
    words = [sys.executable, "-c", SYNC, world.upstream_url, world.mirror_url, str(world.clone)]

    done = subprocess.run(
        [*strace, "-e", "trace=fsync,link,rename", *words],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "refs/tags/1.1.0+v1" in done.stdout
    told = notes.read_text()
    flushed, own = set(_FLUSHED.findall(told)), f"{mirror.path}/"
    placed = {new: old for old, new in _PLACED.findall(told) if new.startswith(own)}
    assert {Path(new).suffix for new in placed} >= {".pack", ".idx"}
    assert f"{own}refs/heads/main" in placed
    for new, old in placed.items():
        assert old in flushed, new
        assert str(Path(new).parent) in flushed, new


def without_objects(mirror: Path) -> None:
    for pack in (mirror / "objects").rglob("*"):
        if pack.is_file():
            pack.unlink()


def without_content(mirror: Path) -> None:
    for pack in (mirror / "objects").rglob("*"):
        if pack.is_file():
            pack.chmod(0o600)
            pack.write_bytes(b"")


def with_an_empty_ref(mirror: Path) -> None:
    (mirror / "refs" / "heads" / "main").write_bytes(b"")


def with_zeros(mirror: Path) -> None:
    (mirror / "packed-refs").write_bytes(bytes(64))


@pytest.mark.parametrize(
    "damage", [without_objects, without_content, with_an_empty_ref, with_zeros]
)
def test_a_mirror_that_the_power_has_broken_is_called_so(
    world: World, mirror: Repo, damage: Callable[[Path], None]
) -> None:
    """Nobody looks for a login, or a protection, of a folder; made anew it is filled again."""
    world.sync()
    damage(mirror.path)

    with pytest.raises(SyncFault) as caught:
        world.sync()
    mirror.path.rename(mirror.path.with_name("away"))
    Repo.made(mirror.path)
    again = world.sync()

    assert f"git -C {mirror.path} fsck; or move it away" in caught.value.do
    assert "refs/heads/main" in again.pushed
