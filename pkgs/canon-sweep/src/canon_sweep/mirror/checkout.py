"""Commits of the cache clone: find one, and write its files into a folder.

A recipe's tree is hostile until it is written: nothing of it may land, or lead,
outside the folder.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pygit2
from pygit2.enums import FileMode, ObjectType

from canon_sweep import tree as trees
from canon_sweep.core.names import printable
from canon_sweep.core.treelink import Lead, lead
from canon_sweep.errors import HostFault, RecipeFault, SyncFault, UsageFault
from canon_sweep.mirror import disk
from canon_sweep.mirror.clone import forget
from canon_sweep.mirror.libgit2 import GIT_ERRORS
from canon_sweep.mirror.peel import peeled
from canon_sweep.mirror.refs import MAIN, TAGS
from canon_sweep.mirror.sync import FETCHED

_COMMIT = r"[0-9a-f]{7,40}"
_BROKEN = (pygit2.GitError, OSError, LookupError, ValueError)
# A recipe has some dozens of small files; a tree that refers to itself over and over has no end.
_MOST_ENTRIES = 20_000
_MOST_BYTES = 256 * 1024 * 1024
# What every file system of a host takes; a longer one is refused by us, so that the same
# tree is not refused by one host and taken by another.
_LONGEST_NAME = 255
_LONGEST_PATH = 2000
# More than any recipe has: what walks such a tree one call a level has an end itself.
_DEEPEST = 100


class _Entry(msgspec.Struct, frozen=True):
    path: bytes
    mode: int
    object_id: pygit2.Oid


def checkout(clone: Path, commit: str, target: Path) -> None:
    """Write the files of a commit into the folder ``target``, wholly or not at all.

    They are written into a draft beside it, which then takes its name: a ``target``
    with something in it is whole, and is kept.  Submodules are left out.  A clone that
    turns out to be broken is deleted, and the next sync makes it again.

    Raises:
        RecipeFault: the tree is unsafe or too big to be a recipe's.
        SyncFault: the clone does not have the commit, or not all of it.
        HostFault: the files cannot be written.
    """
    try:
        if target.is_dir() and any(target.iterdir()):
            return
        _place(clone, commit, target)
    except _BROKEN as error:
        _blame_host(error, clone, target)
        forget(clone)
        raise SyncFault(
            f"the clone {clone} is broken: it misses a part of {commit}",
            do="it was deleted; sync the recipe again",
        ) from error


def peek(clone: Path, commit: str, target: Path) -> None:
    """As `checkout`, for who only looks: a clone that is broken stays as it is.

    Raises:
        RecipeFault: as for `checkout`, and so are `SyncFault` and `HostFault`.
    """
    try:
        _place(clone, commit, target)
    except _BROKEN as error:
        _blame_host(error, clone, target)
        what = f"the clone {clone} misses a part of {printable(commit)}"
        raise SyncFault(what, do="remove it: the next sweep makes it anew") from error


def _place(clone: Path, commit: str, target: Path) -> None:
    repo, tree = _opened(clone, commit)
    entries = list(_entries(repo, tree))
    with _draft(target) as draft:
        _write(repo, entries, os.fsencode(draft))
        draft.rename(target)


def _opened(clone: Path, commit: str) -> tuple[pygit2.Repository, pygit2.Tree]:
    try:
        repo = pygit2.Repository(str(clone))
        found = repo[commit]
        if not isinstance(found, pygit2.Commit):
            raise KeyError(commit)
        return repo, found.tree
    except GIT_ERRORS as error:
        _blame_host(error, clone, clone)
        raise SyncFault(
            f"the clone {clone} does not have the commit {printable(commit)}",
            do="sync the recipe first",
        ) from error


def _blame_host(error: Exception, clone: Path, target: Path) -> None:
    """Raise the host's fault, if it is one: an OSError of libgit2 has no number, ours have."""
    if isinstance(error, OSError) and error.errno is not None:
        fault = disk.unusable(target, os.strerror(error.errno))
    elif why := disk.reason(error, clone):
        fault = disk.unusable(clone, why)
    else:
        return
    raise HostFault(fault.what, do=fault.do) from error


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """An empty folder beside ``target`` that does not outlive the block, unless it was renamed.

    Its name cannot be guessed: a link must not come back into it by its name.
    """
    prefix = f".{target.name}.draft-"
    target.parent.mkdir(parents=True, exist_ok=True)
    for other in target.parent.iterdir():
        if other.name.startswith(prefix):  # of a checkout that was killed
            trees.remove(other)
    draft = target.with_name(prefix + secrets.token_hex(8))
    draft.mkdir()
    try:
        yield draft
    finally:
        with suppress(OSError):
            trees.remove(draft)


def resolve(clone: Path, ref: str) -> str:
    """The commit that a branch, a tag or a commit id (7 characters or more) means.

    A branch goes before a tag of the same name, and both before a commit id.
    Branches other than main, and pull requests, are known after `fetch_ref`.

    Raises:
        UsageFault: the clone knows nothing by this name, or not one commit only.
    """
    names = [MAIN] if ref == "main" else []
    names += [f"{FETCHED}heads/{ref}", f"{TAGS}{ref}", f"{FETCHED}tags/{ref}", f"{FETCHED}{ref}"]
    if ref.startswith("refs/"):
        names = [ref, FETCHED + ref.removeprefix("refs/")]
    try:
        repo = pygit2.Repository(str(clone))
        for name in filter(pygit2.reference_is_valid_name, names):
            if name in repo.references:
                return _commit(repo, str(repo.references[name].target))
        if re.fullmatch(_COMMIT, ref):
            return _commit(repo, ref)
    except GIT_ERRORS as error:
        raise _unknown(ref) from error
    raise _unknown(ref)


def _commit(repo: pygit2.Repository, object_id: str) -> str:
    end = peeled(repo, object_id)
    if not isinstance(end, pygit2.Commit):
        raise KeyError(object_id)
    return str(end.id)


def _unknown(ref: str) -> UsageFault:
    return UsageFault(
        f"{printable(ref)} is no branch, tag or commit that is known of this recipe",
        do="see that it is spelled right and pushed",
    )


def _entries(repo: pygit2.Repository, tree: pygit2.Tree) -> Iterator[_Entry]:
    """Every folder, file and link of the tree, folders before what is in them."""
    waiting = [(b"", tree)]
    count = 0
    while waiting:
        above, folder = waiting.pop()
        for item in folder:
            count += 1
            if count > _MOST_ENTRIES:
                raise RecipeFault(f"the recipe has more than {_MOST_ENTRIES} files")
            if item.filemode == FileMode.COMMIT:
                continue
            path = _safe(above, item.raw_name or b"")
            yield _Entry(path, item.filemode, item.id)
            if item.filemode == FileMode.TREE:
                below = repo[item.id]
                if not isinstance(below, pygit2.Tree):
                    raise KeyError(str(item.id))
                waiting.append((path + b"/", below))


def _safe(above: bytes, name: bytes) -> bytes:
    if name in (b"", b".", b"..") or name.lower() == b".git" or b"/" in name:
        raise RecipeFault(f"the recipe has a file named {_shown(name)}")
    path = above + name
    if len(name) > _LONGEST_NAME or len(path) > _LONGEST_PATH:
        raise RecipeFault(f"the recipe has a file whose name is too long: {_shown(path)}")
    if path.count(b"/") > _DEEPEST:
        raise RecipeFault(f"the recipe has more than {_DEEPEST} folders in one another")
    return path


def _shown(path: bytes) -> str:
    return printable(os.fsdecode(path))


def _write(repo: pygit2.Repository, entries: list[_Entry], root: bytes) -> None:
    links: list[tuple[bytes, bytes]] = []
    left = _MOST_BYTES
    for entry in entries:
        path = os.path.join(root, entry.path)  # noqa: PTH118 - names in git are bytes
        if entry.mode == FileMode.TREE:
            with _one_name(entry.path):
                Path(os.fsdecode(path)).mkdir()
            continue
        left -= _size(repo, entry.object_id)
        if left < 0:
            raise RecipeFault(f"the recipe has more than {_MOST_BYTES} bytes of files")
        data = _blob(repo, entry.object_id)
        if entry.mode == FileMode.LINK:
            if not data or b"\0" in data or len(data) > _LONGEST_PATH:
                raise RecipeFault(f"the recipe has a link {_shown(entry.path)} that leads nowhere")
            links.append((entry.path, data))
            continue
        mode = 0o755 if entry.mode == FileMode.BLOB_EXECUTABLE else 0o644
        with _one_name(entry.path):
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(made, "wb") as file:
            file.write(data)
    # Links last: while files are written there is none that they could be written through.
    for name, points_to in links:
        with _one_name(name):
            os.symlink(points_to, os.path.join(root, name))  # noqa: PTH211, PTH118
    known = dict(links)
    for name in known:
        _check_link(name, lead(name, known))


@contextmanager
def _one_name(name: bytes) -> Iterator[None]:
    """In a fresh folder a name is only taken by the tree itself, never overwritten by it."""
    try:
        yield
    except FileExistsError:
        raise RecipeFault(f"the recipe has two files of the same name: {_shown(name)}") from None


def _size(repo: pygit2.Repository, object_id: pygit2.Oid) -> int:
    """How big a file is, from its header: what is too big must never be loaded."""
    kind, size = repo.odb.read_header(object_id)
    if kind != ObjectType.BLOB:
        raise KeyError(str(object_id))
    return size


def _blob(repo: pygit2.Repository, object_id: pygit2.Oid) -> bytes:
    found = repo[object_id]
    if not isinstance(found, pygit2.Blob):
        raise KeyError(str(object_id))
    return found.data


def _check_link(name: bytes, leads: Lead) -> None:
    where = {Lead.OUTSIDE: "out of it", Lead.NOWHERE: "over too many others, or to itself"}
    if leads in where:
        raise RecipeFault(f"the recipe has a link {_shown(name)} that leads {where[leads]}")
