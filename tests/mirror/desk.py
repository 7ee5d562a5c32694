"""A maintainer's checkout.  Git itself merges and picks there; commits need no process each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from mirror.world import git

ADA = pygit2.Signature("Ada", "ada@example.org", 1_700_000_000, 0)
Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Checkout:
    """The files of a branch, and the repository that they are from."""

    path: Path

    @classmethod
    def of(cls, upstream: Path, path: Path) -> Checkout:
        """A clone at upstream's main, or at a main without a commit where there is none."""
        repo = pygit2.clone_repository(str(upstream), str(path))
        main = repo.references.get("refs/remotes/origin/main")
        if main:
            repo.references.create("refs/heads/main", main.target, force=True)
            repo.checkout("refs/heads/main")
        else:
            repo.references.create("HEAD", "refs/heads/main", force=True)
        return cls(path)

    def git(self, *args: str) -> str:
        """Run git there."""
        return git(*args, cwd=self.path)

    def head(self) -> str:
        """The commit that we are at."""
        return str(self._repo().head.target)

    def commits(self, files: Files, message: str = "change") -> str:
        """One more commit where we are, also of what was changed there before."""
        for name, content in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_bytes(content))
        repo = self._repo()
        repo.index.add_all()
        repo.index.write()
        before = [] if repo.head_is_unborn else [repo.head.target]
        tree = repo.index.write_tree()
        return str(repo.create_commit("HEAD", ADA, ADA, f"{message}\n", tree, before))

    def branches(self, *steps: Files, at: str = "main") -> str:
        """A branch called topic with these commits; we stay where we are."""
        repo = self._repo()
        start = repo.revparse_single(at).peel(pygit2.Commit)
        head, index = start.id, pygit2.Index()
        index.read_tree(start.tree)
        for files in steps:
            for name, content in files.items():
                blob = repo.create_blob(_bytes(content))
                index.add(pygit2.IndexEntry(name, blob, FileMode.BLOB))
            tree = index.write_tree(repo)
            head = repo.create_commit(None, ADA, ADA, "change\n", tree, [head])
        repo.references.create("refs/heads/topic", head, force=True)
        return str(head)

    def pushes(self, to: Path, what: str, ref: str) -> None:
        """A commit, or a branch, becomes a ref of a repository of this machine."""
        repo = self._repo()
        commit = repo.revparse_single(what).id
        # a commit has no ref of its own
        repo.references.create("refs/pushed", commit, force=True)
        repo.remotes.create_anonymous(str(to)).push([f"+refs/pushed:{ref}"])

    def _repo(self) -> pygit2.Repository:
        return pygit2.Repository(str(self.path))


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
