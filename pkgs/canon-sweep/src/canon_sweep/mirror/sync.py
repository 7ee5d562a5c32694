"""Bring a mirror's main and tags to what upstream has, and touch nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pygit2

from canon_sweep.core.names import printable
from canon_sweep.errors import SyncFault, UsageFault
from canon_sweep.mirror import clone as cache
from canon_sweep.mirror import disk, intake, memory, stray
from canon_sweep.mirror import upstream as upstreams
from canon_sweep.mirror.compare import Sides, compare
from canon_sweep.mirror.deadline import Deadline, bounded
from canon_sweep.mirror.libgit2 import writing
from canon_sweep.mirror.memory import Key
from canon_sweep.mirror.peel import peeled
from canon_sweep.mirror.push import Push, check_pushable, send
from canon_sweep.mirror.refs import TAGS
from canon_sweep.mirror.remote import Remote
from canon_sweep.mirror.scratch import beside, scratch
from canon_sweep.mirror.synced import Change, Deleted, PartialSyncFault, Synced
from canon_sweep.mirror.upstream import Upstream
from canon_sweep.settings.credential import Credential

# Refs that `fetch_ref` keeps in the clone; no sync looks at them or pushes them.
FETCHED = "refs/canon-sweep/ref/"

__all__ = [
    "FETCHED",
    "Change",
    "Deleted",
    "PartialSyncFault",
    "Synced",
    "Upstream",
    "advertised",
    "fetch_ref",
    "look",
    "sync",
]


def sync(
    upstream: str,
    mirror: str,
    clone: Path,
    *,
    credentials: Mapping[str, Credential],
    timeout: float,
    branch: str | None = None,
    telling: Callable[[Change], None] = lambda _: None,
    accept_upstream: bool = False,
) -> Synced:
    """Make the mirror's main and tags those of upstream.

    ``branch`` is the upstream branch that becomes the mirror's main; without it that is
    upstream's main, else the branch of its HEAD, else master.
    ``timeout`` is in seconds, for everything together.  When both sides agree
    and the clone has it all, nothing is fetched and nothing is pushed.
    ``telling`` is told each ref that is to be overwritten or deleted, in another thread,
    before anything is pushed: after a kill nobody could say any more what it was.
    ``accept_upstream`` lets the mirror lose more than a few withdrawn tags, once.

    Raises:
        PartialSyncFault: the mirror took a part of the push.
        SyncFault: upstream or mirror fails, and nothing is known to have changed.
    """
    push = Push()

    def work(deadline: Deadline) -> Synced:
        with _cache(clone) as repo:
            source = Remote(repo, upstream, credentials, deadline, beside(clone))
            target = Remote(repo, mirror, credentials, deadline, beside(clone), role="mirror")
            found, ends = compare(Sides(repo, clone, source, target), branch, accept_upstream)
            if found.pushed or found.deleted:
                memory.forget(clone)
                check_pushable(repo, found, target)
                deadline.check()
                for change in found.changes:
                    telling(change)
                push.found = found
                send(found, target, push.refs)
            deadline.check()
            memory.keep(clone, Key(upstream, mirror, branch), ends, found)
            return found

    try:
        return bounded(work, timeout)
    except SyncFault as fault:
        taken = push.taken()
        if taken is None:
            raise
        raise PartialSyncFault(fault.what, do=fault.do, taken=taken) from fault


def look(
    upstream: str,
    mirror: str,
    clone: Path,
    *,
    credentials: Mapping[str, Credential],
    timeout: float,
    branch: str | None = None,
    accept_upstream: bool = False,
) -> Synced:
    """What `sync` would do, without changing the mirror; the clone is brought up to date.

    Raises:
        SyncFault: upstream or mirror cannot be read.
    """

    def work(deadline: Deadline) -> Synced:
        with _cache(clone) as repo:
            source = Remote(repo, upstream, credentials, deadline, beside(clone))
            target = Remote(repo, mirror, credentials, deadline, beside(clone), role="mirror")
            found, ends = compare(Sides(repo, clone, source, target), branch, accept_upstream)
            deadline.check()
            if not (found.pushed or found.deleted):
                memory.keep(clone, Key(upstream, mirror, branch), ends, found)
            return found

    return bounded(work, timeout)


def advertised(
    upstream: str,
    clone: Path,
    *,
    credentials: Mapping[str, Credential],
    timeout: float,
    branch: str | None = None,
) -> Upstream:
    """Read upstream's main and tags anew; nothing is fetched, and the clone is left alone.

    Raises:
        SyncFault: upstream cannot be read, is empty, or has no main branch.
    """
    tmp = beside(clone)

    def work(deadline: Deadline) -> Upstream:
        # libgit2 speaks only from a repository; this one stays empty.
        with scratch(tmp) as folder:
            with writing(tmp):
                repo = pygit2.init_repository(str(folder), bare=True)
            with Remote(repo, upstream, credentials, deadline, tmp) as source:
                return upstreams.read(source, branch)

    return bounded(work, timeout)


def fetch_ref(
    remote: str,
    clone: Path,
    ref: str,
    *,
    credentials: Mapping[str, Credential],
    timeout: float,
) -> str:
    """Fetch one branch, tag or pull request ref and return its commit.

    ``ref`` is a branch's or tag's name, ``pull/7/head``, or a full ref name.  It
    is kept in the clone under ``refs/canon-sweep/ref/``, apart from what a sync
    mirrors, so that ``remote`` may also be the mirror or a fork.

    Raises:
        UsageFault: the remote has no such ref, or it does not lead to a commit.
        SyncFault: the remote fails.
    """

    def work(deadline: Deadline) -> str:
        with (
            _cache(clone) as repo,
            Remote(repo, remote, credentials, deadline, beside(clone)) as source,
        ):
            name, object_id = _found(source, ref)
            kept = FETCHED + name.removeprefix("refs/")
            for other in [ref for ref in repo.references if _in_the_way(ref, kept)]:
                repo.references.delete(other)
            intake.fetch(repo, clone, source, [f"+{name}:{kept}"])
            intake.check_whole(repo, clone, source, {kept: object_id}, known=())
            end = peeled(repo, object_id)
            if not isinstance(end, pygit2.Commit):
                raise UsageFault(f"{printable(ref)} of {source.shown} does not lead to a commit")
            return str(end.id)

    return bounded(work, timeout)


@contextmanager
def _cache(clone: Path) -> Iterator[pygit2.Repository]:
    try:
        with writing(clone), cache.opened(clone) as repo:
            yield repo
    except OSError as error:
        raise disk.uncached(clone, error) from error
    except (pygit2.GitError, KeyError) as error:
        cache.forget(clone)
        raise SyncFault(
            f"the cache clone {clone} is broken", do="it was deleted; sync the recipe again"
        ) from error


def _in_the_way(ref: str, of: str) -> bool:
    """Whether the ref of an earlier fetch is a folder where ``of`` is a file, or the reverse."""
    return ref.startswith(FETCHED) and (ref.startswith(of + "/") or of.startswith(ref + "/"))


def _found(source: Remote, ref: str) -> tuple[str, str]:
    """Full name and object id of the ref that the text means."""
    told = source.advertise().refs
    for name in (ref, f"refs/heads/{ref}", f"{TAGS}{ref}", f"refs/{ref}"):
        if name.startswith("refs/") and name in told and stray.usable(name):
            return name, told[name]
    raise UsageFault(f"{source.shown} has no branch, tag or ref {printable(ref)}")
