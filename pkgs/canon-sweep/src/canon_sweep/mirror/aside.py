"""Refs that lead to no commit, such as a tag of a file, while something is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pygit2

from canon_sweep.mirror.peel import peeled


@contextmanager
def set_aside(repo: pygit2.Repository) -> Iterator[None]:
    """Take them away until the block ends.

    libgit2 begins with what a repository has by the names that a folder shows, and fails
    at the first that is none of a commit.  A kill here leaves them away: they are fetched
    again, as whatever is not there.
    """
    refs = {name: str(repo.references[name].target) for name in repo.references}
    odd = {name: oid for name, oid in refs.items() if not _leads_to_a_commit(repo, oid)}
    for name in odd:
        repo.references.delete(name)
    try:
        yield
    finally:
        for name, oid in odd.items():
            if name not in repo.references and oid in repo:
                repo.references.create(name, oid)


def _leads_to_a_commit(repo: pygit2.Repository, oid: str) -> bool:
    try:
        return isinstance(peeled(repo, oid), pygit2.Commit)
    except KeyError:
        return True  # a part is missing: whoever looks at the clone as a whole says so
