"""In what a mirror differs from upstream, and whether that may be put right unasked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pygit2
from msgspec.structs import replace

from canon_sweep.core.loss import loss
from canon_sweep.errors import SyncFault
from canon_sweep.mirror import clone as cache
from canon_sweep.mirror import disk, intake, stray, upstream
from canon_sweep.mirror.advertisement import Advertisement
from canon_sweep.mirror.essence import digest_of
from canon_sweep.mirror.memory import Ends
from canon_sweep.mirror.peel import peeled
from canon_sweep.mirror.refs import MAIN, TAGS
from canon_sweep.mirror.refusal import Role
from canon_sweep.mirror.remote import Remote
from canon_sweep.mirror.synced import Deleted, Synced
from canon_sweep.mirror.upstream import Upstream

# The mirror's main, or a tag of it, where its history had to be looked at.
MIRRORED = "refs/canon-sweep/mirror-main"
# How many tags of a mirror without a main are looked at for what they share with upstream.
MOST_ASKED = 3


class Sides(msgspec.Struct, frozen=True):
    """Upstream and mirror, and the clone between them."""

    repo: pygit2.Repository
    clone: Path
    source: Remote
    target: Remote


class Compared(NamedTuple):
    """What was found; ``ends`` is what both sides have once all of it is pushed."""

    found: Synced
    ends: Ends


def compare(sides: Sides, branch: str | None, accept_upstream: bool) -> Compared:
    """Bring the clone to upstream, then say in what the mirror differs from it."""
    repo, clone, source, target = sides.repo, sides.clone, sides.source, sides.target
    with source:
        shown = source.advertise()
        wanted = upstream.of(shown, source.shown, branch)
        fetched = intake.bring(repo, clone, source, wanted)
    with target:
        told = target.advertise()
        if not accept_upstream:
            _check_loss(sides, wanted, told)
    mirrored, refs = told.refs, wanted.refs
    blocked = stray.in_the_way(told.strays, refs)
    strays = stray.records(wanted.strays, told.strays, blocked)
    found = Synced(
        main=wanted.main,
        tags=(*cache.tags(repo, wanted.main, wanted.tags), *strays),
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
        moved=_moved(sides),
    )
    after = replace(told, refs=_pushed(mirrored, refs, found))
    return Compared(found, Ends(digest_of(shown, "upstream", branch), digest_of(after, "mirror")))


def _pushed(before: Mapping[str, str], refs: Mapping[str, str], found: Synced) -> dict[str, str]:
    """What the mirror has once it took everything."""
    gone = {TAGS + tag.tag for tag in found.deleted}
    kept = {ref: oid for ref, oid in before.items() if ref not in gone}
    return kept | {ref: refs[ref] for ref in found.pushed}


def _moved(sides: Sides) -> dict[Role, str]:
    asked: dict[Role, str] = {
        "upstream": sides.source.moved_to(),
        "mirror": sides.target.moved_to(),
    }
    return {role: url for role, url in asked.items() if url}


def _check_loss(sides: Sides, wanted: Upstream, told: Advertisement) -> None:
    """See that the mirror loses no more than a few withdrawn tags.

    Raises:
        SyncFault: it would, or its main cannot be fetched to see.
    """
    refs = {ref: oid for ref, oid in told.refs.items() if ref.startswith(TAGS)}
    tags = {ref.removeprefix(TAGS): oid for ref, oid in refs.items()}
    main = told.refs.get(MAIN)
    related = _are_related(sides, wanted, main, refs)
    adrift = _adrift(sides, wanted, main, tags) if related and main is not None else frozenset()
    why = loss(tags, wanted.tags, related=related, adrift=adrift)
    if why is not None:
        raise SyncFault(
            f"{sides.source.shown} may not be what it was: {why}",
            do="nothing was changed; if it is meant, allow it once:"
            f" canon-sweep run {sides.clone.stem} --accept-upstream",
        )


def _are_related(sides: Sides, wanted: Upstream, main: str | None, tags: Mapping[str, str]) -> bool:
    """Whether upstream's main shares a commit with what the mirror has: its main, else its tags."""
    if main is not None:
        return main == wanted.main or _is_related(sides, MAIN, main, wanted.main)
    if not tags or any(wanted.refs.get(ref) == oid for ref, oid in tags.items()):
        return True
    return any(_is_related(sides, ref, oid, wanted.main) for ref, oid in _latest(tags))


def _adrift(sides: Sides, wanted: Upstream, main: str, tags: Mapping[str, str]) -> frozenset[str]:
    """The tags that the mirror's main leads to, and upstream's does not."""
    repo = sides.repo
    with _whole(sides):
        if main == wanted.main or repo.descendant_of(wanted.main, main):
            return frozenset()
        left = cache.history(repo, main) - cache.history(repo, wanted.main)
        stay = (tag for tag, oid in tags.items() if wanted.tags.get(tag) == oid)
        return frozenset(tag for tag in stay if str(peeled(repo, tags[tag]).id) in left)


def _latest(tags: Mapping[str, str]) -> list[tuple[str, str]]:
    # each costs a fetch, and the last of one history says what the others would
    return sorted(tags.items())[-MOST_ASKED:]


def _is_related(sides: Sides, ref: str, oid: str, main: str) -> bool:
    if oid not in sides.repo:
        sides.target.fetch([f"+{ref}:{MIRRORED}"])
    end = peeled(sides.repo, oid)
    if not isinstance(end, pygit2.Commit):
        return False
    with _whole(sides):
        base = sides.repo.merge_base(end.id, main)
    if base is None and sides.repo.is_shallow:
        # only the mirror can have made it so, and where its history ends nobody knows
        cache.forget(sides.clone)
        raise _cut_off(sides)
    return base is not None


@contextmanager
def _whole(sides: Sides) -> Iterator[None]:
    """Look at the mirror's history.

    Raises:
        SyncFault: a part of it is missing.
    """
    try:
        yield
    except (pygit2.GitError, KeyError) as error:
        if disk.reason(error, sides.clone):
            raise
        # upstream's own was looked at; what came of the mirror is not to be built on
        cache.forget(sides.clone)
        raise _cut_off(sides) from None


def _cut_off(sides: Sides) -> SyncFault:
    name = sides.clone.stem
    return SyncFault(
        f"{sides.target.shown} cannot be compared with upstream: its history is cut off,"
        " as that of a shallow clone",
        do="make it whole (git fetch --unshallow) or anew (git init --bare), or let it be"
        f" overwritten once: canon-sweep run {name} --accept-upstream",
    )
