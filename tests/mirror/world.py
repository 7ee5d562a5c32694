"""Repositories that tests build and read with git or pygit2, never through the code under test."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from canon_sweep.mirror.sync import Change, Synced, Upstream, advertised, look, sync
from canon_sweep.settings.credential import Credential
from mirror import stored
from mirror.kept import Kept

# nothing here is old enough to be tidied up after each push and each commit
NO_TIDYING = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "maintenance.auto",
    "GIT_CONFIG_VALUE_0": "false",
    "GIT_CONFIG_KEY_1": "receive.autogc",
    "GIT_CONFIG_VALUE_1": "false",
}
GIT_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "1700000000 +0000",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": "1700000000 +0000",
    **NO_TIDYING,
}


def git(*args: str, cwd: Path, given: bytes = b"") -> str:
    """Run git and return what it prints."""
    done = subprocess.run(
        ["git", *args], cwd=cwd, env=GIT_ENV, input=given, capture_output=True, check=False
    )
    assert done.returncode == 0, (args, done.stderr)
    return done.stdout.decode(errors="surrogateescape").strip()


def ask(url: str, credentials: Mapping[str, Credential], timeout: float = 5) -> Upstream:
    """What an upstream advertises, where no test has a clone."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "none.git")
        return advertised(url, clone, credentials=credentials, timeout=timeout)


@cache
def _initial() -> Kept:
    """What ``git init`` makes, asked once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # no template: nobody reads a dozen samples of hooks, and each repository would have them
        git("init", "-q", "--bare", "--template=", "-b", "trunk", ".", cwd=folder)
        return Kept.of(folder)


@dataclass(frozen=True)
class Repo:
    """A bare repository on disk."""

    path: Path

    @classmethod
    def made(cls, path: Path) -> Repo:
        """An empty one; its own HEAD names a branch that no test touches."""
        return cls(_initial().laid(path))

    def git(self, *args: str, given: bytes = b"") -> str:
        return git(*args, cwd=self.path, given=given)

    def stores(self, kind: str, body: bytes) -> str:
        """Write an object as it is, however wrong."""
        made = stored.written(self.path, kind, body)
        return made or self.git(
            "hash-object", "-t", kind, "-w", "--literally", "--stdin", given=body
        )

    def blob(self, data: bytes) -> str:
        return self.stores("blob", data)

    def tree(self, entries: str) -> str:
        """A tree from lines of ``<mode> <type> <id>\\t<name>``."""
        body = stored.tree(entries)
        if body is None:
            return self.git("mktree", "--missing", given=entries.encode())
        return self.stores("tree", body)

    def commit_of(self, tree: str, *parents: str, message: str = "a change") -> str:
        return self.stores("commit", stored.commit(tree, parents, message))

    def commit(self, text: str, branch: str = "main") -> str:
        """One more commit on the branch, with a file that says ``text``."""
        tree = self.tree(f"100644 blob {self.blob(text.encode())}\tcompose.yml\n")
        before = self.refs().get(f"refs/heads/{branch}")
        made = self.commit_of(tree, *([before] if before else []), message=text)
        self.set(f"refs/heads/{branch}", made)
        return made

    def set(self, ref: str, object_id: str) -> None:
        if not stored.is_set(self.path, ref, object_id):
            self.git("update-ref", ref, object_id)

    def remove(self, ref: str) -> None:
        if not stored.is_removed(self.path, ref):
            self.git("update-ref", "-d", ref)

    def tag(self, name: str, target: str, *, annotated: bool = False) -> str:
        """Make or move a tag, however odd its name; the id of what the ref then names."""
        if annotated:
            kind = stored.kind(self.path, target) or self.git("cat-file", "-t", target)
            text = (
                f"object {target}\ntype {kind}\ntag {name}\ntagger A <a@b> 1700000000 +0000\n\nx\n"
            )
            target = self.stores("tag", text.encode())
        self.set(f"refs/tags/{name}", target)
        return target

    def refs(self) -> dict[str, str]:
        found = stored.refs(self.path)
        if found is not None:
            return found
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.rsplit(" ", 1) for line in lines)

    def hook(self, name: str, script: str) -> None:
        file = self.path / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("#!/bin/sh\n" + script)
        file.chmod(0o755)

    def is_whole(self) -> bool:
        # no process need say that what it has not, a graph or an index of packs, is well
        none = ("-c", "core.commitGraph=false", "-c", "core.multiPackIndex=false")
        self.git(*none, "fsck", "--full", "--strict", "--no-dangling")
        return True


@dataclass
class World:
    """One recipe's upstream, mirror and clone."""

    up: Repo
    mirror: Repo
    clone: Path
    upstream_url: str
    mirror_url: str
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    timeout: float = 20
    branch: str | None = None

    def sync(
        self, telling: Callable[[Change], None] = lambda _: None, *, accept_upstream: bool = False
    ) -> Synced:
        return sync(
            self.upstream_url,
            self.mirror_url,
            self.clone,
            credentials=self.credentials,
            timeout=self.timeout,
            branch=self.branch,
            telling=telling,
            accept_upstream=accept_upstream,
        )

    def look(self) -> Synced:
        return look(
            self.upstream_url,
            self.mirror_url,
            self.clone,
            credentials=self.credentials,
            timeout=self.timeout,
            branch=self.branch,
        )

    def agrees(self) -> bool:
        """Whether the mirror's main and tags are upstream's, object by object, and whole."""
        assert self.mirror.refs() == self.up.refs()
        return self.mirror.is_whole()
