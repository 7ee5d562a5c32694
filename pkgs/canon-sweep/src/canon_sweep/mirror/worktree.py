"""A real git work tree of one commit, for a program that works with git itself.

Its HEAD is the commit, its tags are all that the clone has, and nothing in it is anything
but the commit's.  A folder that we have made is made anew each time; one that was there, or in
which somebody has committed since, is his, and is only moved to the commit where nothing of it
can be lost.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pygit2
from pygit2.enums import CheckoutStrategy, FileStatus

from canon_sweep import tree as trees
from canon_sweep.core.names import printable
from canon_sweep.errors import HostFault
from canon_sweep.mirror.libgit2 import GIT_ERRORS
from canon_sweep.mirror.refs import MAIN
from canon_sweep.mirror.sync import FETCHED

# in the .git of a folder that is ours to replace
_OURS = "made-by-canon-sweep"
_REFSPECS = ("+refs/tags/*:refs/tags/*", f"+{MAIN}:refs/remotes/origin/main")
_REF = f"+{FETCHED}*:{FETCHED}*"
_MOST_TOLD = 5


def place(clone: Path, commit: str, upstream: str, target: Path) -> None:
    """Make ``target`` a work tree of ``commit``; ``upstream`` is where its origin says it is from.

    The commit's files have to be known for safe, as after `checkout.checkout`.

    Raises:
        HostFault: somebody else's folder is there and has changes, or is no work tree; or
            it cannot be written.
    """
    try:
        may_go = _is_free(target) or _is_ours(target, clone)
    except OSError as error:
        raise _unusable(target, error.strerror or str(error)) from error
    if may_go:
        _replace(clone, commit, upstream, target)
    else:
        _move(clone, commit, target)
    if what := changes(target, commit):
        raise _unusable(target, what)


def changes(target: Path, commit: str) -> str:
    """What of a work tree is not the commit's any more; empty if all of it still is."""
    try:
        repo = pygit2.Repository(str(target))
        head = str(repo.head.target)
        if head != commit:
            return f"HEAD is at {head[:12]}"
        if not repo.head_is_detached:
            return f"HEAD is the branch {printable(repo.head.shorthand)}"
        return _changed_files(repo)
    except GIT_ERRORS as error:
        return f"it is no work tree any more: {_said(error)}"


def _changed_files(repo: pygit2.Repository) -> str:
    status = repo.status(untracked_files="all", ignored=False)
    found = sorted((path, flags) for path, flags in status.items() if flags != FileStatus.CURRENT)
    told = [f"{printable(path)} {_kind(flags)}" for path, flags in found[:_MOST_TOLD]]
    more = len(found) - len(told)
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


def _kind(flags: int) -> str:
    if flags & FileStatus.WT_NEW:
        return "is new"
    gone = FileStatus.WT_DELETED | FileStatus.INDEX_DELETED
    return "is gone" if flags & gone else "is changed"


def _is_free(target: Path) -> bool:
    if os.path.lexists(target):
        return trees.is_folder(target) and not any(target.iterdir())
    return True


def _is_ours(target: Path, clone: Path) -> bool:
    """Whether we have made it, and nobody has committed anything in it since."""
    if not (trees.is_folder(target) and (target / ".git" / _OURS).is_file()):
        return False
    try:
        repo, known = pygit2.Repository(str(target)), pygit2.Repository(str(clone))
        tips = (_commit_of(repo, name) for name in (*repo.references, "HEAD"))
        return all(tip in known for tip in tips if tip is not None)
    except GIT_ERRORS:
        return True  # whatever has become of it


def _replace(clone: Path, commit: str, upstream: str, target: Path) -> None:
    """Make it anew beside it, which then takes its name; a kill leaves none, or a whole one."""
    prefix = f".{target.name}.canon-sweep-"
    draft = target.with_name(prefix + secrets.token_hex(8))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for other in target.parent.iterdir():
            if other.name.startswith(prefix):  # of one that was killed
                trees.remove(other)
        _make(clone, commit, upstream, draft)
        if _is_ours(target, clone):
            target.rename(draft.with_name(f"{draft.name}.old"))
        draft.rename(target)
    except GIT_ERRORS as error:
        raise _unusable(target, f"it cannot be made: {_said(error)}") from error
    finally:
        for rest in (draft, draft.with_name(f"{draft.name}.old")):
            with suppress(OSError):
                trees.remove(rest)


def _make(clone: Path, commit: str, upstream: str, draft: Path) -> None:
    repo = pygit2.init_repository(str(draft), initial_head="main")
    (draft / ".git" / _OURS).touch()
    repo.remotes.create("origin", upstream)
    _fetch(repo, clone, commit)
    _check_out(repo, commit)


def _move(clone: Path, commit: str, target: Path) -> None:
    """Bring somebody's work tree to the commit, if nothing of it is only there."""
    try:
        repo = pygit2.Repository(str(target))
        if repo.is_bare or repo.workdir is None:
            raise _unusable(target, "it is a repository without a work tree")
        if Path(repo.workdir).resolve() != target.resolve():
            raise _unusable(target, f"it lies in the work tree {printable(repo.workdir)}")
        if what := _changed_files(repo) or _lost_with(repo, clone):
            raise _unusable(target, what)
        _fetch(repo, clone, commit)
        if what := _overwritten_by(repo, target, commit):
            raise _unusable(target, what)
        _check_out(repo, commit)
    except GIT_ERRORS as error:
        raise _unusable(target, f"it is no work tree of git: {_said(error)}") from error


def _lost_with(repo: pygit2.Repository, clone: Path) -> str:
    """What no name leads to any more once HEAD is moved; empty if nothing."""
    if repo.head_is_unborn or not repo.head_is_detached:
        return ""
    head = repo.head.target
    # nobody's own work: upstream's, also after its tag was moved
    if head in pygit2.Repository(str(clone)):
        return ""
    names = (name for name in repo.references if name != "HEAD")
    tips = {tip for name in names if (tip := _commit_of(repo, name)) is not None}
    if any(tip == head or repo.descendant_of(tip, head) for tip in tips):
        return ""
    return f"HEAD is at {str(head)[:12]}, which no branch or tag of it has: give it a branch"


def _commit_of(repo: pygit2.Repository, name: str) -> pygit2.Oid | None:
    """The commit that a reference leads to; None if it leads to none."""
    try:
        return repo.lookup_reference(name).peel(pygit2.Commit).id
    except GIT_ERRORS:
        return None


def _overwritten_by(repo: pygit2.Repository, target: Path, commit: str) -> str:
    """The ignored files in whose place a commit has its own, which git would write over."""
    tree = repo[pygit2.Oid(hex=commit)].peel(pygit2.Tree)
    found = [printable(path) for path in sorted(_ignored(repo, target)) if _is_taken(tree, path)]
    more = f" and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    told = f"{', '.join(found[:_MOST_TOLD])}{more}"
    return f"{told} is ignored there, and would be written over" if found else ""


def _ignored(repo: pygit2.Repository, target: Path) -> Iterator[str]:
    for path, flags in repo.status(untracked_files="all", ignored=True).items():
        if not flags & FileStatus.IGNORED:
            continue
        if path.endswith("/"):  # with all that is in it
            inner = (each for each in (target / path).rglob("*") if not trees.is_folder(each))
            yield from (str(each.relative_to(target)) for each in inner)
        else:
            yield path


def _is_taken(tree: pygit2.Tree, path: str) -> bool:
    """Whether a tree has something where a file is, or a file where a folder above it is."""
    parts = path.split("/")
    above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
    return path in tree or any(
        folder in tree and not isinstance(tree[folder], pygit2.Tree) for folder in above
    )


def _fetch(repo: pygit2.Repository, clone: Path, commit: str) -> None:
    """Take over what the clone has; what is only here stays."""
    origin = repo.remotes.create_anonymous(str(clone))
    origin.fetch(list(_REFSPECS))
    if commit not in repo:
        # a branch or a pull request that somebody has asked for
        origin.fetch([_REF])


def _check_out(repo: pygit2.Repository, commit: str) -> None:
    oid = pygit2.Oid(hex=commit)
    repo.checkout_tree(repo[oid], strategy=CheckoutStrategy.FORCE)  # type: ignore[no-untyped-call]
    repo.set_head(oid)


def _said(error: BaseException) -> str:
    return printable(" ".join(str(error).split()))


def _unusable(target: Path, why: str) -> HostFault:
    return HostFault(
        f"the work tree {target} cannot be used: {why}",
        do="see what is there, keep it or throw it away, or name another harness.checkout",
    )
