"""How much room a file system has, as its own users see it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from canon_sweep.core.space import Space


def space_of(folder: Path) -> Space | None:
    """The room where a folder is, or will be; None if nobody can say.

    What the file system keeps for root is not free.
    """
    for place in (folder, *folder.parents):
        try:
            found = os.statvfs(place)
        except FileNotFoundError:
            continue  # it will be made in the one above
        except OSError:
            return None
        return Space(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
    return None


def tightest(spaces: Iterable[Space | None]) -> Space | None:
    """The one with the least room; None if nobody can say of one of them, or there is none."""
    known = []
    for space in spaces:
        if space is None:
            return None
        known.append(space)
    return min(known, key=lambda space: space.free, default=None)
