"""Makes the demo's upstream repositories: commits and tags as a maintainer would push them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, ObjectType

MAIN = "refs/heads/main"


def create(repo_path: Path) -> None:
    """Make an empty bare repository whose HEAD is ``main``."""
    pygit2.init_repository(str(repo_path), bare=True, initial_head="main")


def publish(
    repo_path: Path,
    files: Mapping[str, str],
    message: str,
    tag: str | None,
    *,
    when: int,
    annotated: bool = True,
) -> str:
    """Commit ``files`` (text by path) as the whole tree of ``main``, and tag it.

    ``when`` is the time of the commit and the tag in seconds since 1970, UTC:
    the same arguments give the same ids.  Returns the commit's id.
    """
    repo = pygit2.Repository(str(repo_path))
    author = _author(when)
    parents = [repo.references[MAIN].target] if MAIN in repo.references else []
    commit = repo.create_commit(MAIN, author, author, message, _tree(repo, files), parents)
    if tag is not None:
        tag_commit(repo_path, tag, str(commit), when=when, annotated=annotated)
    return str(commit)


def tag_commit(repo_path: Path, tag: str, commit: str, *, when: int, annotated: bool) -> None:
    """Tag a commit, with a tag object of its own or without."""
    repo = pygit2.Repository(str(repo_path))
    if annotated:
        repo.create_tag(tag, pygit2.Oid(hex=commit), ObjectType.COMMIT, _author(when), tag)
    else:
        repo.references.create(f"refs/tags/{tag}", pygit2.Oid(hex=commit))


def _tree(repo: pygit2.Repository, files: Mapping[str, str]) -> pygit2.Oid:
    index = pygit2.Index()
    for path, text in files.items():
        blob = repo.create_blob(text.encode())
        index.add(pygit2.IndexEntry(path, blob, FileMode.BLOB))
    return index.write_tree(repo)


def _author(when: int) -> pygit2.Signature:
    return pygit2.Signature("Demo", "demo@example.org", when, 0)
