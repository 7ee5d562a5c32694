"""The cache clone: a bare repository that may be deleted at any time and is made again."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, SortMode

from canon_sweep.core.release import Tag
from canon_sweep.mirror import disk, packed
from canon_sweep.mirror.libgit2 import GIT_ERRORS
from canon_sweep.mirror.memory import MEMORY
from canon_sweep.mirror.peel import peeled
from canon_sweep.mirror.refs import MAIN, TAGS

_UNCHECKED = "canon-sweep-unchecked"

# libgit2 holds an object whole in memory to look at it or to push it.
_MOST_OF_ONE = 256 * 1024 * 1024
# A push compares each file with ten others, to send what is different: of text, ten fit in here;
# of pictures and archives, each is compared with one or two, in a quarter of the time.
_MOST_TO_COMPARE = 4 * 1024 * 1024


@contextmanager
def opened(clone: Path) -> Iterator[pygit2.Repository]:
    """The clone, alone in it; made when missing, and made again when it cannot be trusted.

    A second process waits here until the first one is done.

    Raises:
        OSError: the folder cannot be written.
    """
    clone.parent.mkdir(parents=True, exist_ok=True)
    with _alone(clone):
        repo = _sound(clone) or _made(clone)
        try:
            yield repo
        finally:
            repo.free()


@contextmanager
def as_it_is(clone: Path) -> Iterator[pygit2.Repository]:
    """The clone, alone in it, to be read only: it is not made, nor made again.

    Raises:
        KeyError: there is none that can be trusted.
        OSError: the folder cannot be read.
    """
    if not clone.is_dir():
        raise KeyError(clone.name)
    with _alone(clone):
        repo = _sound(clone)
        if repo is None:
            raise KeyError(clone.name)
        try:
            yield repo
        finally:
            repo.free()


@contextmanager
def _alone(clone: Path) -> Iterator[None]:
    # to write as well: nobody waits then for the other end of a pipe that lies there
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    lock = os.open(clone.with_name(clone.name + ".lock"), flags, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def forget(clone: Path) -> None:
    """Delete the clone: the next sync makes it again."""
    # a kill must not leave half a clone with the word that it agrees
    (clone / MEMORY).unlink(missing_ok=True)
    shutil.rmtree(clone, ignore_errors=True)


def held(repo: pygit2.Repository) -> dict[str, str]:
    """Object ids of main and of every tag that the clone has, by full ref name."""
    refs = ((ref.name, ref.target) for ref in repo.references.iterator())
    return {name: str(oid) for name, oid in refs if name == MAIN or name.startswith(TAGS)}


def every(repo: pygit2.Repository) -> list[str]:
    """The object ids of all refs that the clone has, whatever they are for."""
    return [str(ref.target) for ref in repo.references.iterator()]


def doubt(clone: Path) -> None:
    """Note that what is in the clone is not known to be whole; see `trust`."""
    (clone / _UNCHECKED).touch()


def trust(clone: Path) -> None:
    """Note that the clone was looked at: until then, whoever opens it makes it again."""
    (clone / _UNCHECKED).unlink(missing_ok=True)


def prune(repo: pygit2.Repository, refs: Mapping[str, str]) -> None:
    """Remove the clone's tags that are not in ``refs``, so that others can take their place."""
    packed.remove(repo, held(repo).keys() - refs.keys())


def history(repo: pygit2.Repository, commit: str) -> frozenset[str]:
    """The commit and all its ancestors.

    Raises:
        pygit2.GitError, KeyError: one of them is missing.
    """
    return frozenset(str(found.id) for found in repo.walk(commit, SortMode.NONE))


def tags(repo: pygit2.Repository, main: str, named: Mapping[str, str]) -> tuple[Tag, ...]:
    """The tags of these object ids by name, and which of them the commit ``main`` leads to.

    Raises:
        pygit2.GitError, KeyError: a part of them, or of main's history, is missing.
    """
    on_main = history(repo, main)
    # very many tags may lead to few objects
    commits = {object_id: _commit(repo, object_id) for object_id in set(named.values())}
    found = []
    for name, object_id in sorted(named.items()):
        commit = commits[object_id]
        found.append(Tag(name, object_id, commit, commit in on_main))
    return tuple(found)


def _commit(repo: pygit2.Repository, object_id: str) -> str | None:
    end = peeled(repo, object_id)
    return str(end.id) if isinstance(end, pygit2.Commit) else None


def is_whole(repo: pygit2.Repository, refs: Iterable[str], known: Iterable[str] = ()) -> bool:
    """Whether everything reachable from the object ids ``refs`` is there.

    What is reachable from ``known``, which was looked at before, is not looked
    at again.

    Raises:
        pygit2.GitError, OSError: this host does not let it be looked at.
    """
    try:
        contents(repo, roots(repo, refs, known))
    except GIT_ERRORS as error:
        if disk.reason(error, Path(repo.path)):
            raise
        return False
    return True


def oversized(repo: pygit2.Repository) -> int | None:
    """The size of an object that is too big to be loaded, if there is one; none is loaded.

    Raises:
        pygit2.GitError: an object cannot be read.
    """
    sizes = (repo.odb.read_header(object_id)[1] for object_id in repo.odb)
    return next((size for size in sizes if size > _MOST_OF_ONE), None)


def roots(
    repo: pygit2.Repository, refs: Iterable[str], known: Iterable[str] = ()
) -> list[pygit2.Oid]:
    """The trees of all commits reachable from ``refs`` but not from ``known``, and tagged trees.

    Raises:
        pygit2.GitError, KeyError: a commit or a tag object is missing.
    """
    ends = [peeled(repo, object_id) for object_id in set(refs)]
    walker = repo.walk(None, SortMode.NONE)
    for end in ends:
        if isinstance(end, pygit2.Commit):
            walker.push(end.id)
    for object_id in set(known):
        end = peeled(repo, object_id)
        if isinstance(end, pygit2.Commit):
            walker.hide(end.id)
    trees = [end.id for end in ends if isinstance(end, pygit2.Tree)]
    return trees + [found.tree_id for found in walker]


def contents(repo: pygit2.Repository, trees: Iterable[pygit2.Oid]) -> frozenset[pygit2.Oid]:
    """The trees, and the trees and files in them; submodules are not looked into.

    Raises:
        pygit2.GitError, KeyError: one of them is missing.
    """
    waiting = list(trees)
    seen = set(waiting)
    while waiting:
        tree = repo[waiting.pop()]
        if not isinstance(tree, pygit2.Tree):
            raise KeyError(str(tree.id))
        for entry in tree:
            if entry.id in seen or entry.filemode == FileMode.COMMIT:
                continue
            seen.add(entry.id)
            if entry.filemode == FileMode.TREE:
                waiting.append(entry.id)
            elif entry.id not in repo:
                raise KeyError(str(entry.id))
    return frozenset(seen)


def _sound(clone: Path) -> pygit2.Repository | None:
    """The clone, if what its refs lead to is there."""
    if _is_left_over(clone):
        return None
    try:
        repo = pygit2.Repository(str(clone))
        _check_ends(repo)
    except GIT_ERRORS as error:
        if disk.reason(error, clone):
            raise
        return None
    return repo if repo.is_bare else None


def _is_left_over(clone: Path) -> bool:
    """Whether a kill left a lock that nobody holds, half a pack, or refs that nobody looked at."""
    leftovers = (
        clone.glob(_UNCHECKED),
        clone.glob("*.lock"),
        (clone / "refs").rglob("*.lock"),
        (clone / "objects/pack").glob("*_git2_*"),
    )
    return any(any(found) for found in leftovers)


def _check_ends(repo: pygit2.Repository) -> None:
    """Look at main's history and at every tree that may be checked out: cheap enough for always.

    Raises:
        pygit2.GitError, KeyError: something is missing or cannot be read.
    """
    repo.lookup_reference("HEAD")  # without one that can be read, libgit2 fetches nothing
    listed = set(repo.references)
    for file in Path(repo.path, "refs").rglob("*"):
        # libgit2 does not list a ref that it cannot read, and then cannot write it either.
        if file.is_file() and file.relative_to(repo.path).as_posix() not in listed:
            raise KeyError(file.name)
    refs = held(repo)
    if MAIN in refs:
        history(repo, refs[MAIN])
    ends = [peeled(repo, object_id) for object_id in set(refs.values())]
    trees = [end.id for end in ends if isinstance(end, pygit2.Tree)]
    contents(repo, trees + [end.tree.id for end in ends if isinstance(end, pygit2.Commit)])


def _made(clone: Path) -> pygit2.Repository:
    if clone.is_dir() and not clone.is_symlink():
        shutil.rmtree(clone)
    else:
        clone.unlink(missing_ok=True)
    made = pygit2.init_repository(str(clone), bare=True, initial_head="main")
    made.config["pack.windowMemory"] = _MOST_TO_COMPARE
    return made
