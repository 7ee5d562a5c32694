"""What the kernel says no with: whose fault that is, and the next step.  Asks nobody."""

from __future__ import annotations

import errno

from canon_sweep.errors import HostFault

_ROOM = "make room on that disk: df -h, and df -i for the inodes"
_FILES = "raise the limit of open files: ulimit -n, or LimitNOFILE= of the service"
_REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: "raise this user's quota of that disk, or make room: quota",
    errno.EFBIG: "raise the limit of a file's size: ulimit -f, or LimitFSIZE= of the service",
    errno.EROFS: "see why that file system is read-only: dmesg, and its mount options",
    errno.EIO: "see the health of that disk: dmesg",
    errno.EMFILE: _FILES,
    errno.ENFILE: "the whole host has too many files open: see sysctl fs.file-max",
    errno.ENOMEM: "see who uses up this host's memory",
    errno.ENOLCK: "see whether that file system has locks: mount",
    errno.ENOENT: "see that it is there",
    errno.EAGAIN: "see how many processes this user has: ulimit -u",
    errno.EACCES: "see its owner and its rights",
    errno.EPERM: "see its owner and its rights",
}
_OTHERWISE = "see what is there, and this host's disk"

EXHAUSTED = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM),
)
"""Whatever was asked for, the host is at fault when the kernel says one of these."""


def remedy(number: int | None) -> str:
    """The next step after an error number of the kernel's."""
    return _REMEDIES.get(number or 0, _OTHERWISE)


def exhaustion(error: BaseException) -> HostFault | None:
    """This host's fault, if an error, wherever it comes from, says that it is used up or broken."""
    number = _number(error)
    if number not in (*EXHAUSTED, errno.EIO):
        return None
    return HostFault(str(error) or "this host has no memory left", do=remedy(number))


def _number(error: BaseException) -> int | None:
    # of this one Python makes a class of its own, without a number
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    return error.errno if isinstance(error, OSError) else None
