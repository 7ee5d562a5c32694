"""Whose the state is: nobody works on somebody else's, root no more than others.

What root makes there, the service cannot replace: its next sweep would fail.
"""

from __future__ import annotations

import os
import pwd
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from canon_sweep.errors import UsageFault

_CONFIG = "CANON_SWEEP_CONFIG"


class User(NamedTuple):
    """A user of this host; one without a name is called as sudo wants it."""

    uid: int
    name: str


def check_owner(folders: Iterable[Path], argv: Sequence[str], *, only_reads: bool = False) -> None:
    """Refuse to work on a folder of another user, and say the command to type instead.

    A folder that is not there yet is nobody's.  With ``only_reads``, one that can be
    read is as good as one's own.

    Raises:
        UsageFault: one of the folders is somebody else's.
    """
    for folder in folders:
        owner = _owner_of(folder)
        if owner in (None, os.geteuid()):
            continue
        assert owner is not None
        if only_reads and os.access(folder, os.R_OK | os.X_OK):
            continue
        raise UsageFault(
            f"{folder} belongs to {_name_of(owner)}, and you are {_name_of(os.geteuid())}",
            do=f"type instead: {command_as(owner, argv)}",
        )


def viewer() -> User:
    """Whoever runs this program."""
    return User(os.geteuid(), _name_of(os.geteuid()))


def other_owner(folder: Path) -> User | None:
    """Whose a folder is, if it is somebody else's; one that is not there is nobody's."""
    owner = _owner_of(folder)
    return None if owner in (None, os.geteuid()) else User(owner or 0, _name_of(owner or 0))


def command_as(owner: int, argv: Sequence[str]) -> str:
    """The command line that does the same as the user ``owner`` (a uid)."""
    words = ["canon-sweep", *argv[1:]]
    name = _name_of(owner)
    if os.geteuid() == 0 and not name.startswith("#"):
        return shlex.join(["runuser", "-u", name, "--", *words])
    if os.environ.get(_CONFIG):
        # sudo hands on no environment
        words = ["env", f"{_CONFIG}={os.environ[_CONFIG]}", *words]
    return shlex.join(["sudo", *(["-u", name] if owner else []), *words])


def _owner_of(folder: Path) -> int | None:
    try:
        return folder.stat().st_uid
    except OSError:
        return None  # not there, or in a folder that says so itself when it is used


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"  # as sudo wants a user without a name
