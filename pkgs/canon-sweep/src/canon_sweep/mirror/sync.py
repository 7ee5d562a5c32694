"""Bring a mirror's main and tags to what upstream has, and touch nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pygit2

from canon_sweep.core.loss import loss
from canon_sweep.core.names import printable
from canon_sweep.core.release import Tag
from canon_sweep.errors import SyncFault, UsageFault
from canon_sweep.mirror import clone as cache
from canon_sweep.mirror import disk, stray
from canon_sweep.mirror.clone import HEADS, MAIN, TAGS
from canon_sweep.mirror.deadline import Deadline, bounded
from canon_sweep.mirror.remote import Advertisement, Remote
from canon_sweep.mirror.scratch import beside, scratch
from canon_sweep.settings.records import Credential

# Refs that `fetch_ref` keeps in the clone; no sync looks at them or pushes them.
FETCHED = "refs/canon-sweep/ref/"
# The mirror's main, where its history had to be looked at.
MIRRORED = "refs/canon-sweep/mirror-main"

_MOST_BY_NAME = 4000


@dataclass(frozen=True, slots=True)
class Deleted:
    """A tag that upstream does not have, and the object that the mirror had for it."""

    tag: str
    object_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """A ref of the mirror that is about to be overwritten, or deleted, and what it was."""

    ref: str
    old: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class Upstream:
    """What upstream advertises: its main branch, that branch's commit, and its tags.

    ``branch`` is what the mirror has as main, ``head`` the branch that upstream's own
    HEAD names, empty if that is not told.
    ``tags`` has the object id (of the tag object, when annotated) by tag name.
    ``strays`` are tags that are not mirrored, by full ref name.
    """

    branch: str
    head: str
    main: str
    tags: Mapping[str, str]
    strays: Mapping[str, str] = field(default_factory=dict)

    @property
    def refs(self) -> dict[str, str]:
        """The refs that the mirror has to have, by full name."""
        return {MAIN: self.main} | {TAGS + tag: oid for tag, oid in self.tags.items()}


@dataclass(frozen=True, slots=True)
class Synced:
    """What upstream has, and what was done about it.

    ``branch`` is the upstream branch that the mirror has as main, ``head`` the one that
    upstream's own HEAD names, empty if that is not told.  ``tags`` has the strays of both
    sides as well, with their ``problem``.
    ``overwritten`` has what the mirror had for refs that it has otherwise now, by ref.
    From `look`, ``pushed``, ``overwritten`` and ``deleted`` are what a sync would do.
    """

    main: str
    tags: tuple[Tag, ...]
    fetched: bool
    pushed: tuple[str, ...]
    deleted: tuple[Deleted, ...]
    branch: str = "main"
    head: str = ""
    overwritten: Mapping[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the mirror loses by it, with the ids that it had."""
        moved = (Change(ref, old, deleted=False) for ref, old in sorted(self.overwritten.items()))
        gone = (Change(TAGS + tag.tag, tag.object_id, deleted=True) for tag in self.deleted)
        return (*moved, *gone)


class PartialSyncFault(SyncFault):
    """A mirror took a part of what was pushed; the next sync goes on.

    ``taken`` is what upstream has, with no more in ``pushed`` and ``deleted`` than
    the mirror said it took.  When an answer did not come, it may have taken more.
    """

    def __init__(self, what: str, *, do: str = "", taken: Synced) -> None:
        super().__init__(what, do=do)
        self.taken = taken


@dataclass(slots=True)
class _Push:
    """What is known of a push, also while the thread that does it is still at it."""

    found: Synced | None = None
    refs: set[str] = field(default_factory=set)

    def taken(self) -> Synced | None:
        """The part that the mirror took, if any."""
        refs = frozenset(self.refs)
        if self.found is None or not refs:
            return None
        return replace(
            self.found,
            pushed=tuple(ref for ref in self.found.pushed if ref in refs),
            deleted=tuple(gone for gone in self.found.deleted if TAGS + gone.tag in refs),
        )


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
    push = _Push()

    def work(deadline: Deadline) -> Synced:
        with _cache(clone) as repo:
            source = Remote(repo, upstream, credentials, deadline, beside(clone))
            target = Remote(repo, mirror, credentials, deadline, beside(clone))
            found = _compare(_Sides(repo, clone, source, target), branch, accept_upstream)
            if found.pushed or found.deleted:
                _check_pushable(repo, found, target)
                deadline.check()
                for change in found.changes:
                    telling(change)
                push.found = found
                _push(found, target, push.refs)
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
            target = Remote(repo, mirror, credentials, deadline, beside(clone))
            return _compare(_Sides(repo, clone, source, target), branch, accept_upstream)

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
            with disk.writing(tmp):
                repo = pygit2.init_repository(str(folder), bare=True)
            with Remote(repo, upstream, credentials, deadline, tmp) as source:
                return _upstream(source, branch)

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
            _fetch(repo, clone, source, [f"+{name}:{kept}"])
            _check_whole(repo, clone, source, {kept: object_id}, known=())
            end = cache.peeled(repo, object_id)
            if not isinstance(end, pygit2.Commit):
                raise UsageFault(f"{printable(ref)} of {source.shown} does not lead to a commit")
            return str(end.id)

    return bounded(work, timeout)


@contextmanager
def _cache(clone: Path) -> Iterator[pygit2.Repository]:
    try:
        with disk.writing(clone), cache.opened(clone) as repo:
            yield repo
    except OSError as error:
        raise disk.unusable(clone, error.strerror or str(error)) from error
    except (pygit2.GitError, KeyError) as error:
        cache.forget(clone)
        raise SyncFault(
            f"the cache clone {clone} is broken", do="it was deleted; sync the recipe again"
        ) from error


@dataclass(frozen=True, slots=True)
class _Sides:
    """Upstream and mirror, and the clone between them."""

    repo: pygit2.Repository
    clone: Path
    source: Remote
    target: Remote


def _compare(sides: _Sides, branch: str | None, accept_upstream: bool) -> Synced:
    """Bring the clone to upstream, then say in what the mirror differs from it."""
    repo, clone, source, target = sides.repo, sides.clone, sides.source, sides.target
    with source:
        wanted = _upstream(source, branch)
        fetched = _bring(repo, clone, source, wanted)
    with target:
        told = target.advertise()
        if not accept_upstream:
            _check_loss(sides, wanted, told)
    mirrored, refs = told.refs, wanted.refs
    blocked = stray.in_the_way(told.strays, refs)
    strays = stray.records(wanted.strays, told.strays, blocked)
    return Synced(
        main=wanted.main,
        tags=(*_tags(repo, wanted), *strays),
        fetched=fetched,
        pushed=tuple(
            ref
            for ref, oid in sorted(refs.items())
            if mirrored.get(ref) != oid and ref not in blocked
        ),
        deleted=tuple(
            Deleted(ref.removeprefix(TAGS), oid)
            for ref, oid in sorted(mirrored.items())
            if ref.startswith(TAGS) and ref not in refs
        ),
        branch=wanted.branch,
        head=wanted.head,
        overwritten={
            ref: mirrored[ref]
            for ref, oid in refs.items()
            if ref not in blocked and mirrored.get(ref, oid) != oid
        },
    )


def _check_loss(sides: _Sides, wanted: Upstream, told: Advertisement) -> None:
    """See that the mirror loses no more than a few withdrawn tags.

    Raises:
        SyncFault: it would, or its main cannot be fetched to see.
    """
    tags = {ref.removeprefix(TAGS) for ref in told.refs if ref.startswith(TAGS)}
    why = loss(tags, wanted.tags.keys(), related=_are_related(sides, wanted, told))
    if why is not None:
        raise SyncFault(
            f"{sides.source.shown} may not be what it was: {why}",
            do="nothing was changed; if it is meant, allow it once:"
            f" canon-sweep run {sides.clone.stem} --accept-upstream",
        )


def _are_related(sides: _Sides, wanted: Upstream, told: Advertisement) -> bool:
    """Whether the main branches of upstream and mirror share a commit; a mirror may have none."""
    main = told.refs.get(MAIN)
    if main is None or main == wanted.main:
        return True
    if main not in sides.repo:
        sides.target.fetch([f"+{MAIN}:{MIRRORED}"])
    return sides.repo.merge_base(main, wanted.main) is not None


def _upstream(source: Remote, branch: str | None) -> Upstream:
    """Read upstream; an answer that could be half of one is an error, never "no tags"."""
    told = source.advertise()
    if not told.refs:
        raise SyncFault(
            f"{source.shown} has no branches and no tags",
            do="see that the upstream URL is right: nothing was changed",
        )
    mirrored = _mirrored(told, branch)
    if mirrored is None and branch is not None:
        raise SyncFault(
            f"{source.shown} has no branch {printable(branch)}",
            do="see the recipe's branch setting: nothing was changed",
        )
    if mirrored is None:
        raise SyncFault(
            f"{source.shown} has no main branch",
            do="see that the upstream URL is right, or set the recipe's branch:"
            " nothing was changed",
        )
    tags = {ref.removeprefix(TAGS): oid for ref, oid in told.refs.items() if ref.startswith(TAGS)}
    head = told.head or ""
    return Upstream(
        branch=mirrored.removeprefix(HEADS),
        head=head.removeprefix(HEADS) if _is_branch(head) else "",
        main=told.refs[mirrored],
        tags=tags,
        strays=told.strays,
    )


def _mirrored(told: Advertisement, branch: str | None) -> str | None:
    """The branch that is set; else ``main``, the branch that HEAD names, or ``master``."""
    wanted = (MAIN, told.head or "", HEADS + "master") if branch is None else (HEADS + branch,)
    return next((ref for ref in wanted if _is_branch(ref) and ref in told.refs), None)


def _is_branch(ref: str) -> bool:
    return ref.startswith(HEADS) and stray.usable(ref)


def _bring(repo: pygit2.Repository, clone: Path, source: Remote, wanted: Upstream) -> bool:
    """Make the clone's main and tags those of upstream; whether anything was fetched."""
    before = cache.held(repo)
    if before == wanted.refs:
        return False
    cache.prune(repo, wanted.refs)
    if cache.held(repo) == wanted.refs:
        return False
    _fetch(repo, clone, source, _specs(wanted, before))
    _check_whole(repo, clone, source, wanted.refs, known=before.values())
    return True


def _specs(wanted: Upstream, before: Mapping[str, str]) -> list[str]:
    """What to fetch: every tag at once, but no stray, so tag by tag where there are any."""
    main = f"+{HEADS}{wanted.branch}:{MAIN}"
    if not wanted.strays:
        return [main, f"+{TAGS}*:{TAGS}*"]
    new = [ref for ref, oid in wanted.refs.items() if ref != MAIN and before.get(ref) != oid]
    if len(new) > _MOST_BY_NAME:  # libgit2 compares each with each
        raise SyncFault(
            f"upstream has {len(new)} new tags, and {len(wanted.strays)} that cannot be mirrored,"
            f" e.g. {stray.shown(min(wanted.strays))}",
            do="remove the latter there: nothing was changed",
        )
    return [main, *(f"+{ref}:{ref}" for ref in new)]


def _fetch(repo: pygit2.Repository, clone: Path, source: Remote, specs: Sequence[str]) -> None:
    """Fetch; after an error the clone stays only if all that its refs lead to is there.

    A part of the refs may have been written before the error, and a clone with a hole
    would fail at every fetch to come.
    """
    cache.doubt(clone)
    try:
        source.fetch(specs)
    except SyncFault:
        if cache.is_whole(repo, cache.every(repo)):
            cache.trust(clone)
        else:
            cache.forget(clone)
        raise


def _check_whole(
    repo: pygit2.Repository,
    clone: Path,
    source: Remote,
    wanted: Mapping[str, str],
    known: Iterable[str],
) -> None:
    """See that what was advertised has come, with everything it leads to.

    Raises:
        SyncFault: it has not, or it is too big to be looked at.  The clone is deleted,
            so that no later sync builds on it.
    """
    size = cache.oversized(repo)
    if size is not None:
        cache.forget(clone)
        raise SyncFault(
            f"{source.shown} has a file of {size} bytes",
            do="see that it is a recipe's repository: nothing was changed",
        )
    refs = repo.references
    missing = [
        ref for ref, oid in wanted.items() if ref not in refs or str(refs[ref].target) != oid
    ]
    if not missing and cache.is_whole(repo, wanted.values(), known):
        cache.trust(clone)
        return
    cache.forget(clone)
    raise SyncFault(
        f"{source.shown} did not send everything that it advertised"
        + (f", e.g. {printable(missing[0])}" if missing else ""),
        do="nothing was changed; the next sync starts from an empty clone",
    )


def _check_pushable(repo: pygit2.Repository, found: Synced, target: Remote) -> None:
    """See that libgit2 can send every tag: of a tag on a bare tree it sends the tree alone.

    Raises:
        SyncFault: a tag is on a tree that comes with nothing else that is pushed.
    """
    refs = cache.held(repo)
    bare = [ref for ref in found.pushed if isinstance(repo[refs[ref]], pygit2.Tree)]
    if not bare:
        return
    others = [oid for ref, oid in refs.items() if ref not in bare]
    sent = cache.contents(repo, cache.roots(repo, others))
    for ref in bare:
        if repo[refs[ref]].id not in sent:
            raise SyncFault(
                f"{target.shown} cannot be sent {printable(ref)}:"
                " it is a tag on a tree that no commit has",
                do="remove that tag upstream",
            )


def _push(found: Synced, target: Remote, taken: set[str]) -> None:
    """Push in two steps: what upstream has, then that other tags go.

    A mirror that declines main may be the wrong one, or not be ours to write: it keeps
    its tags.  Only a tag that is a folder where a new one is a file, or the reverse,
    has to go first, or the new one could not come.
    """
    gone = [TAGS + tag.tag for tag in found.deleted]
    above_new = {folder for ref in found.pushed for folder in _folders(ref)}
    new = set(found.pushed)
    first = [ref for ref in gone if ref in above_new or not new.isdisjoint(_folders(ref))]
    last = sorted(set(gone).difference(first))
    if found.pushed:
        target.push(found.pushed, first, taken)
    if last:
        target.push((), last, taken)


def _folders(ref: str) -> Iterator[str]:
    """Every folder that the ref's file is in."""
    while "/" in ref:
        ref = ref.rpartition("/")[0]
        yield ref


def _tags(repo: pygit2.Repository, wanted: Upstream) -> tuple[Tag, ...]:
    on_main = cache.history(repo, wanted.main)
    tags = []
    for name, object_id in sorted(wanted.tags.items()):
        end = cache.peeled(repo, object_id)
        commit = str(end.id) if isinstance(end, pygit2.Commit) else None
        tags.append(Tag(name, object_id, commit, commit in on_main))
    return tuple(tags)


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
