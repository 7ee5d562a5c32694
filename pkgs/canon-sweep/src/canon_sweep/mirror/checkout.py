"""Commits of the cache clone: find one, and write its files into a folder.

A recipe's tree is hostile until it is written: nothing of it may land, or lead,
outside the folder.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, ObjectType

from canon_sweep.core.names import printable
from canon_sweep.errors import HostFault, RecipeFault, SyncFault, UsageFault
from canon_sweep.mirror.clone import MAIN, TAGS, forget, peeled
from canon_sweep.mirror.remote import GIT_ERRORS
from canon_sweep.mirror.sync import FETCHED

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
# A recipe has some dozens of small files; a tree that refers to itself over and over has no end.
_MOST_ENTRIES = 20_000
_MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    path: bytes
    mode: int
    object_id: pygit2.Oid


def checkout(clone: Path, commit: str, target: Path) -> None:
    """Write the files of a commit into the empty folder ``target``.

    Submodules are left out.  After an error the folder is empty again; a clone
    that turns out to be broken is deleted, and the next sync makes it again.

    Raises:
        RecipeFault: the tree is unsafe or too big to be a recipe's.
        SyncFault: the clone does not have the commit, or not all of it.
        HostFault: the folder is not empty or cannot be written.
    """
    try:
        repo = pygit2.Repository(str(clone))
        found = repo[commit]
        if not isinstance(found, pygit2.Commit):
            raise KeyError(commit)
    except GIT_ERRORS as error:
        raise SyncFault(
            f"the clone {clone} does not have the commit {printable(commit)}",
            do="sync the recipe first",
        ) from error
    if not target.is_dir() or any(target.iterdir()):
        raise HostFault(f"{target} is not an empty folder", do="give every checkout its own folder")
    try:
        _write(repo, list(_entries(repo, found.tree)), os.fsencode(target))
    except (pygit2.GitError, LookupError, ValueError) as error:
        _emptied(target)
        forget(clone)
        raise SyncFault(
            f"the clone {clone} is broken: it misses a part of {commit}",
            do="it was deleted; sync the recipe again",
        ) from error
    except OSError as error:
        _emptied(target)
        raise _unwritable(error, target) from error
    except BaseException:
        _emptied(target)
        raise


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
        if _COMMIT.fullmatch(ref):
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
            path = above + _safe(item.raw_name or b"")
            yield _Entry(path, item.filemode, item.id)
            if item.filemode == FileMode.TREE:
                below = repo[item.id]
                if not isinstance(below, pygit2.Tree):
                    raise KeyError(str(item.id))
                waiting.append((path + b"/", below))


def _safe(name: bytes) -> bytes:
    if name in (b"", b".", b"..") or name.lower() == b".git" or b"/" in name:
        raise RecipeFault(f"the recipe has a file named {printable(os.fsdecode(name))}")
    return name


def _write(repo: pygit2.Repository, entries: list[_Entry], root: bytes) -> None:
    links = []
    left = _MOST_BYTES
    for entry in entries:
        path = os.path.join(root, entry.path)  # noqa: PTH118 - names in git are bytes
        if entry.mode == FileMode.TREE:
            Path(os.fsdecode(path)).mkdir()
            continue
        left -= _size(repo, entry.object_id)
        if left < 0:
            raise RecipeFault(f"the recipe has more than {_MOST_BYTES} bytes of files")
        data = _blob(repo, entry.object_id)
        if entry.mode == FileMode.LINK:
            if not data or b"\0" in data:
                raise RecipeFault("the recipe has a link that leads nowhere")
            links.append((path, data))
        else:
            _file(path, data, 0o755 if entry.mode == FileMode.BLOB_EXECUTABLE else 0o644)
    # Links last: while files are written there is none that they could be written through.
    for path, points_to in links:
        os.symlink(points_to, path)  # noqa: PTH211
    for path, points_to in links:
        _check_link(root, path, points_to)


def _unwritable(error: OSError, target: Path) -> RecipeFault | HostFault:
    """Whose fault it is that a file of the recipe could not be written."""
    if error.errno == errno.EEXIST:
        return RecipeFault("the recipe has two files of the same name")
    if error.errno == errno.ENAMETOOLONG:
        return RecipeFault("the recipe has a file whose name is too long")
    return HostFault(f"the folder {target} cannot be written: {error.strerror}")


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


def _file(path: bytes, data: bytes, mode: int) -> None:
    # O_EXCL: a tree with the same name twice is an error, never an overwritten file.
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(made, "wb") as file:
        file.write(data)


def _check_link(root: bytes, path: bytes, points_to: bytes) -> None:
    """Follow the link, and all links on its way, as any program would."""
    inside = os.path.realpath(root) + b"/"
    if points_to.startswith(b"/") or not (os.path.realpath(path) + b"/").startswith(inside):
        name = os.fsdecode(path.removeprefix(root + b"/"))
        raise RecipeFault(f"the recipe has a link {printable(name)} that leads out of it")


def _emptied(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
