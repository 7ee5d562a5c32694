"""Folders that tests make once and keep outside the tree: whole, or not there.

A folder is never changed once it has its name, which says what it was made from: a test
machine may be running on it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# whatever nobody has used for so long was made from something that is no more
_KEPT_SECONDS = 14 * 86_400


class NoPlace(Exception):
    """Why nothing can be kept on this machine: a build of Nix has no home, for one."""


def folder(noun: str, made_from: str, make: Callable[[Path], None]) -> Path:
    """The folder of this noun that is made from this, by ``make`` if it is not there yet.

    ``make`` is given a path that is not there, and makes a folder of it; what it raises
    leaves none behind.

    Raises:
        NoPlace: there is nowhere to keep it.
    """
    home = _home() / f"{noun}-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}"
    with _one_at_a_time(noun):  # each of the tests' workers may be the first
        if not home.exists():
            _forget_old(noun)
            draft = home.with_name(f"{home.name}.new")
            shutil.rmtree(draft, ignore_errors=True)
            try:
                make(draft)
                draft.rename(home)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        os.utime(home)
    return home


def _home() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "canon-sweep"
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise NoPlace(f"{home} cannot be made: {why.strerror}") from None
    return home


@contextmanager
def _one_at_a_time(noun: str) -> Iterator[None]:
    with (_home() / f"{noun}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_old(noun: str) -> None:
    for other in _home().glob(f"{noun}-*"):
        if other.is_dir() and time.time() - other.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(other, ignore_errors=True)
