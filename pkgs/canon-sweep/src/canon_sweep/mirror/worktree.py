"""A real git work tree of one commit, for a program that works with git itself.

Its HEAD is the commit, its tags are all that the clone has, and nothing in it is anything
but the commit's.  A folder that we have made is made anew each time; one that was there is
somebody's, and is only moved to the commit where nothing of his can be lost.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import pygit2
from pygit2.enums import CheckoutStrategy, FileStatus

from canon_sweep import tree as trees
from canon_sweep.core.names import printable
from canon_sweep.errors import HostFault
from canon_sweep.mirror.clone import MAIN
from canon_sweep.mirror.remote import GIT_ERRORS
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
        may_go = _is_free(target) or _is_ours(target)
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


def _is_ours(target: Path) -> bool:
    return trees.is_folder(target) and (target / ".git" / _OURS).is_file()


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
        if _is_ours(target):
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
        if what := _changed_files(repo):
            raise _unusable(target, what)
        _fetch(repo, clone, commit)
        _check_out(repo, commit)
    except GIT_ERRORS as error:
        raise _unusable(target, f"it is no work tree of git: {_said(error)}") from error


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
