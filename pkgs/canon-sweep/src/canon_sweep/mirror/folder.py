"""A remote that is a folder of this machine, looked at before libgit2 takes it for a URL."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pygit2

from canon_sweep.core.address import folder_of
from canon_sweep.errors import SyncFault
from canon_sweep.mirror.address import Address
from canon_sweep.mirror.libgit2 import GIT_ERRORS
from canon_sweep.mirror.refusal import BARE, Role

OWN = "see its owner and its rights: the user who runs canon-sweep has to write there"


def check(where: Address, role: Role) -> None:
    """See that the folder is there, if the remote is one, and a mirror one that takes pushes.

    Raises:
        OSError: it is not there; its text says why.
        SyncFault: the mirror has a work tree, which a push would leave behind.
    """
    folder = folder_of(where.url)
    if folder is None:
        return
    try:
        is_folder = stat.S_ISDIR(Path(folder).stat().st_mode)
    except FileNotFoundError:
        raise FileNotFoundError("there is no such folder") from None
    except OSError as error:
        raise OSError(f"the folder cannot be looked at: {error.strerror}") from None
    if not is_folder:
        raise NotADirectoryError("it is no folder")
    if role == "mirror" and not _is_bare(folder):
        what = f"{where.shown} takes no push: it is non-bare, a repository with a work tree"
        raise SyncFault(what, do=BARE)


def unwritable(url: str) -> str:
    """Why this user cannot push to a remote that is a folder; empty if so, or if it is none.

    libgit2 tells only while it pushes.
    """
    folder = folder_of(url)
    for name in ("", "objects", "refs", "refs/heads", "refs/tags") if folder else ():
        place = Path(str(folder), name)
        if place.exists() and not os.access(place, os.W_OK | os.X_OK):
            return f"{place} cannot be written"
    return ""


def _is_bare(folder: str) -> bool:
    try:
        return bool(pygit2.Repository(folder).is_bare)
    except GIT_ERRORS:
        return True  # whoever reads it says what is wrong
