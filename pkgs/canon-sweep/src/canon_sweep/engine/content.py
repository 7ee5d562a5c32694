"""A digest of everything in a folder, to tell whether it is what it was."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from canon_sweep import tree

CHUNK = 1024 * 1024


def digest_of(folder: Path) -> str:
    """Names, kinds, modes, owners, times, links and contents, the folder's own included.

    Raises:
        OSError: a part of it cannot be read, or it is no folder.
    """
    parts: list[tuple[str, bytes]] = []
    for step in tree.walk(folder):
        match step:
            case tree.Barred():
                raise step.error
            case tree.Inside():
                parts += _parts(step)
    digest = hashlib.sha256()
    # in no order of the disk's
    for path, part in sorted(parts):
        digest.update(repr(path).encode("utf-8", "replace"))
        digest.update(part)
    return digest.hexdigest()


def _parts(here: tree.Inside) -> Iterator[tuple[str, bytes]]:
    """The folder itself, and what is in it but for folders: those have their own turn."""
    # the name of the folder itself is none of its content
    at = here.path.partition("/")[2]
    yield at, _fields(os.fstat(here.descriptor))
    for each in here.entries:
        found = each.stat(follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            continue
        digest = hashlib.sha256(_fields(found))
        if stat.S_ISLNK(found.st_mode):
            digest.update(os.fsencode(os.readlink(each.name, dir_fd=here.descriptor)))
        elif stat.S_ISREG(found.st_mode):
            _read(each.name, here.descriptor, digest)
        yield f"{at}/{each.name}", digest.digest()


def _fields(found: os.stat_result) -> bytes:
    return repr((found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns)).encode()


def _read(name: str, above: int, digest: hashlib._Hash) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    with os.fdopen(descriptor, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
