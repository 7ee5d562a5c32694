"""What a test sees of the host's processes, and what it lets the host run short of."""

from __future__ import annotations

import ctypes
import os
import resource
import select
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from child import in_child

NOBODY = 65534
_CAPABILITIES = (0x20080522, 0)


def ends(pid: int, within: float = 10) -> bool:
    """Whether a process ends within so many seconds."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within)[0])
    finally:
        os.close(descriptor)


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """No file may be longer than this: for the writer it is a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def own_disk(folder: Path, options: str) -> Iterator[None]:
    """The folder is a file system of its own, as small as tmpfs's options say.

    Where nobody may mount one the test is skipped, or fails if ``CANON_SWEEP_REQUIRE_ALL=1``.
    """
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        if os.environ.get("CANON_SWEEP_REQUIRE_ALL") == "1":
            raise AssertionError("no file system can be mounted")
        pytest.skip("only root can mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def deep(folder: Path, levels: int) -> Iterator[None]:
    """A folder with so many in one another, each with a file of one byte: made by no path."""
    try:
        _make_deep(folder, levels)
        yield
    finally:
        # whatever becomes of the test, pytest could not remove it
        subprocess.run(["rm", "-rf", "--", str(folder)], check=True)


def _make_deep(folder: Path, levels: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(levels):
        file = os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here)
        os.write(file, b"x")
        os.close(file)
        os.mkdir("down", dir_fd=here)
        below = os.open("down", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def powerless(work: Callable[[], object]) -> None:
    """Do the work in a child that may do what its user may, and no more: as a service does.

    Raises:
        AssertionError: the work has failed; what it said is on stderr.
    """

    def without_powers() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        header, nothing = (ctypes.c_uint32 * 2)(*_CAPABILITIES), (ctypes.c_uint32 * 6)()
        assert libc.capset(header, nothing) == 0
        work()

    assert in_child(without_powers) == 0


def foreign(folder: Path) -> None:
    """Make a folder somebody else's: whoever is `powerless` can do nothing in it."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    folder.chmod(0o555)
    os.chown(folder, NOBODY, NOBODY)


def needs(program: str) -> str:
    """The path of a program; without it the test is skipped, and where all must run it fails."""
    path = shutil.which(program)
    if path is None and os.environ.get("CANON_SWEEP_REQUIRE_ALL") != "1":
        pytest.skip(f"{program} is not installed")
    assert path, f"{program} is not installed, and CANON_SWEEP_REQUIRE_ALL=1 wants it"
    return path


def faketime(moment: datetime) -> dict[str, str]:
    """What a program is started with to begin at this moment by its clock; time passes as ever.

    Where there is no libfaketime the test is skipped, or fails if ``CANON_SWEEP_REQUIRE_ALL=1``.
    """
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        if os.environ.get("CANON_SWEEP_REQUIRE_ALL") == "1":
            raise AssertionError("there is no libfaketime")
        pytest.skip("there is no libfaketime")
    return {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME": moment.strftime("@%Y-%m-%d %H:%M:%S"),
        "TZ": "UTC",
        # what is waited for, and when files were written, is the host's own time
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
