"""Whose fault it is that something could not be written: a full disk is no broken clone."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2

from canon_sweep.errors import SyncFault

# No clone and no remote is at fault when the kernel says one of these.
_EXHAUSTED = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM),
)
# These may be said of a remote as well, so the folder has to be named beside them.
_DENIED = (errno.EACCES, errno.EPERM, errno.EIO)

# Whatever pygit2 raises with libgit2's sentence in it.
_OF_GIT = (pygit2.GitError, OSError, MemoryError, ValueError, LookupError, AssertionError)


class DiskFault(SyncFault):
    """This host's disk cannot be used: it says nothing about the clone or a remote."""


def reason(error: BaseException, folder: Path) -> str | None:
    """The host's reason for an error that happened in ``folder``, or None if it is another's.

    libgit2 has no number for it, but its sentence ends with the kernel's own words.
    """
    numbers = _EXHAUSTED + (_DENIED if str(folder) in str(error) else ())
    if isinstance(error, OSError) and error.errno in numbers:
        return os.strerror(error.errno)
    said = (os.strerror(number) for number in numbers)
    return next((words for words in said if str(error).endswith(f": {words}")), None)


def unusable(folder: Path, why: str) -> DiskFault:
    """The fault of a folder that the host does not let be used."""
    return DiskFault(
        f"{folder} cannot be used: {why}",
        do="see the free space, the inodes and the rights of this host's disk",
    )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell the host's fault from every other error of libgit2.

    Raises:
        DiskFault: the kernel did not let ``folder`` be written.
    """
    try:
        yield
    except _OF_GIT as error:
        why = reason(error, folder)
        if why is None:
            raise
        # Not chained: libgit2's text may repeat what a server said.
        raise unusable(folder, why) from None
