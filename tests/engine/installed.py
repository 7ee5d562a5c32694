"""The Docker Engines that the tests can start: the machine's own, and a newer release's.

The newer one is Debian's, in a root folder of its own (`debian`); its engine sees the
host's files at their own paths, but its programs and libraries.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

import cached
import debian

# what tests of an engine have in the brackets of their names
OWN = "swarm"
NEWER = "swarm-newer"
# for whole sweeps where one will do: nearer to what hosts have, and the other takes twice as
# much of the processor, as it starts itself anew for each step of a network
SWEPT = NEWER

# what the engine shares with the host; all else it has from its root
_SHARED = ("/proc", "/sys", "/dev", "/etc/resolv.conf")


T = TypeVar("T")


class CannotStart(Exception):
    """Why there can be no engine on this machine."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A release of Docker.

    ``enter`` runs a command where its ``dockerd`` is, with an empty folder as its first
    argument; ``programs`` is where its ``docker`` is.  None of either: in PATH.
    """

    enter: Path | None = None
    programs: Path | None = None


def own() -> Installed:
    """What this machine has in PATH.

    Raises:
        CannotStart: it has no Docker.
    """
    if shutil.which("dockerd") is None or shutil.which("docker") is None:
        raise CannotStart("there is no dockerd and docker in PATH")
    return Installed()


def newer() -> Installed:
    """Debian trixie's Docker (26.1), which takes a minute the first time.

    ``CANON_SWEEP_NEWER`` may name another of Debian's suites, whose release is used instead.

    Raises:
        CannotStart: the root folder cannot be made here.
    """
    try:
        # by hand only: a suite that moves would be no test of ours
        root = debian.root(os.environ.get("CANON_SWEEP_NEWER", debian.SUITE))
    except debian.CannotMake as reason:
        raise CannotStart(f"there is no newer Docker: {reason}") from reason
    loader = next(root.glob("usr/lib/*/ld-linux-*.so.*"))
    docker = _with_libraries(loader, root / "usr/bin/docker")
    programs = {"enter": _enter(root), "bin/docker": docker}

    def make(folder: Path) -> None:
        (folder / "bin").mkdir(parents=True)
        for name, script in programs.items():
            _write_program(folder / name, script)

    home = cached.folder("docker", repr(programs), make)
    return Installed(home / "enter", home / "bin")


def _enter(root: Path) -> str:
    """A program that runs a command in the root, in the process that it was started as.

    Its first argument is an empty folder, for a layer in memory over the root that ends
    with the command, as all its mounts do.  It is no chroot: from there an engine cannot
    import images.
    """
    temporary = tempfile.gettempdir()
    inside = [
        "set -e",
        'layer="$1"',
        "shift",
        'mount -t tmpfs tmpfs "$layer"',
        'cd "$layer"',
        "mkdir upper work root",
        f"mount -t overlay -o lowerdir={root},upperdir=upper,workdir=work overlay root",
        *map(_bound, _SHARED),
        # last: the layer lies in it, and has no other name inside
        _bound(temporary),
        "cd root",
        "mkdir old",
        "pivot_root . old",
        "umount -l /old",
        'exec "$@"',
    ]
    lines = "\n".join(inside)
    return f"exec unshare --mount --propagation private sh -c '{lines}' sh \"$@\"\n"


def _bound(path: str) -> str:
    if Path(path).is_dir():
        return f"mkdir -p root{path}; mount --rbind {path} root{path}"
    return f": >>root{path}; mount --bind {path} root{path}"


def _with_libraries(loader: Path, program: Path) -> str:
    """A program that is another root's, run outside of it."""
    return f'exec {loader} --library-path {loader.parent} {program} "$@"\n'


def _write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)


def or_skip(do: Callable[[], T]) -> T:
    """What ``do`` gives; where this machine cannot, the test is skipped with the reason.

    It fails if ``CANON_SWEEP_REQUIRE_SWARM=1``.
    """
    try:
        return do()
    except CannotStart as reason:
        if os.environ.get("CANON_SWEEP_REQUIRE_SWARM") == "1":
            pytest.fail(f"a Swarm is required: {reason}")
        pytest.skip(str(reason))
