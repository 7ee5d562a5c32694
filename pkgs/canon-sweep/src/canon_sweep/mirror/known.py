"""What the last sync saw, read from the cache clone; no remote is asked, no one waited for."""

from __future__ import annotations

from pathlib import Path

import pygit2

from canon_sweep.core.release import Tag
from canon_sweep.mirror import clone as cache
from canon_sweep.mirror.libgit2 import GIT_ERRORS
from canon_sweep.mirror.refs import MAIN, named_tags


def tags(clone: Path) -> tuple[Tag, ...] | None:
    """The tags that the clone has, or None if there is no clone that can be read."""
    try:
        repo = pygit2.Repository(str(clone))
        refs = cache.held(repo)
        return cache.tags(repo, refs[MAIN], named_tags(refs))
    except GIT_ERRORS:
        return None
