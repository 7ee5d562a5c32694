"""libgit2's home folder, where it looks for the known hosts of a remote."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2

from canon_sweep.mirror import disk
from canon_sweep.mirror.deadline import Deadline

# libgit2 looks for the known hosts in the home folder and nowhere else, and there is only
# one home folder in a process.  It is set and put back under this lock.
_HOME_LOCK = threading.Lock()
_HOME_BEFORE = pygit2.settings.homedir or ""


@contextmanager
def as_home(place: Path, known: bytes, deadline: Deadline) -> Iterator[None]:
    """Let libgit2 find these known hosts in ``place``, as in a home folder."""
    home = str(place)
    try:
        (place / ".ssh").mkdir()
        (place / ".ssh" / "known_hosts").write_bytes(known)
    except OSError as error:
        raise disk.unusable(place, error.strerror or str(error)) from error
    with _HOME_LOCK:
        deadline.check()
        pygit2.settings.homedir = home
    try:
        yield
    finally:
        with _HOME_LOCK:
            if pygit2.settings.homedir == home:
                pygit2.settings.homedir = _HOME_BEFORE
