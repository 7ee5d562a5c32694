"""What a ref stands for, behind its tag objects."""

from __future__ import annotations

import pygit2


def peeled(repo: pygit2.Repository, object_id: str) -> pygit2.Object:
    """What a ref leads to at the end of its chain of tag objects.

    Raises:
        KeyError: a part of the chain is missing.
    """
    found = repo[object_id]
    while isinstance(found, pygit2.Tag):
        found = repo[found.target]
    return found
