"""Whose fault it is that something could not be done: a full disk is no broken clone.

Nor is it a remote's fault that this host has too many files open.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from canon_sweep.core import denial
from canon_sweep.errors import HostFault, SyncFault

# What a process needs to speak to anybody: not a matter of any disk.
_OWN = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
# These may be said of a remote as well, so the folder has to be named beside them.
_DENIED = (errno.EACCES, errno.EPERM, errno.EIO)

# libgit2 asks for threads of its own, and has no words of the kernel's when it gets none.
_NO_THREAD = "unable to create thread"

_NUMBERS = {
    **{os.strerror(number): number for number in (*denial.EXHAUSTED, *_DENIED)},
    _NO_THREAD: errno.EAGAIN,
}
# How libgit2 quotes what a server has to say.
_QUOTED = "remote error: "


class DiskFault(HostFault, SyncFault):
    """This host is used up, or does not let its disk be used.

    It says nothing about the clone or a remote.
    """


def reason(error: BaseException, folder: Path) -> str | None:
    """The host's reason for an error that happened in ``folder``, or None if it is another's.

    libgit2 has no number for it, but its sentence ends with the kernel's own words.
    """
    numbers = denial.EXHAUSTED + (_DENIED if str(folder) in str(error) else ())
    return _words(error, numbers)


def shortage(error: BaseException) -> str | None:
    """The kernel's words if it did not let this process speak to anybody, else None."""
    return _words(error, _OWN)


def exhaustion(error: BaseException) -> str | None:
    """The same, with what the disk of a remote that is a folder of this host may say."""
    return _words(error, denial.EXHAUSTED)


def _words(error: BaseException, numbers: Sequence[int]) -> str | None:
    text = str(error)
    if text.startswith(_QUOTED):
        return None
    number = error.errno if isinstance(error, OSError) else None
    if number in numbers:
        return os.strerror(number or 0)
    if text == _NO_THREAD:
        return text
    said = (os.strerror(number) for number in numbers)
    return next((words for words in said if text.endswith(f": {words}")), None)


def unusable(folder: Path, why: str) -> DiskFault:
    """The fault of a folder that the host does not let be used."""
    return fault_of(f"{folder} cannot be used: {why}", why)


def uncached(folder: Path, error: OSError) -> DiskFault:
    """The same of a folder of the cache; if that cannot be made at all, what is missing."""
    # for a fault alone: whoever asks remotes begins without what only the state needs
    from canon_sweep.state import folders  # noqa: PLC0415

    if error.errno not in denial.EXHAUSTED and (found := folders.hindrance(folder.parent)):
        what, do = found
        return DiskFault(f"cacheDir: {what}", do=do)
    return unusable(folder, error.strerror or str(error))


def fault_of(what: str, words: str) -> DiskFault:
    """The host's fault, with the step that follows from the kernel's words."""
    return DiskFault(what, do=denial.remedy(_NUMBERS.get(words)))
