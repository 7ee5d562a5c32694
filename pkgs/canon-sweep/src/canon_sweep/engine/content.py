"""A digest of everything in a folder, to tell whether it is what it was."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

CHUNK = 1024 * 1024


def digest_of(folder: Path) -> str:
    """Names, kinds, modes, owners, times, links and contents, the folder's own included.

    Raises:
        OSError: a part of it cannot be read.
    """
    digest = hashlib.sha256()
    for path in sorted([folder, *folder.rglob("*")]):
        found = path.lstat()
        fields = (found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns)
        digest.update(repr((str(path.relative_to(folder)), *fields)).encode("utf-8", "replace"))
        if stat.S_ISLNK(found.st_mode):
            digest.update(os.fsencode(path.readlink()))
        elif stat.S_ISREG(found.st_mode):
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
    return digest.hexdigest()
