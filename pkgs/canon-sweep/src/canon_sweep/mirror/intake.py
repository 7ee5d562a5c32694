"""What comes from a remote into the clone: all of it, or the clone is made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path

import pygit2

from canon_sweep.core.names import printable
from canon_sweep.errors import SyncFault
from canon_sweep.mirror import clone as cache
from canon_sweep.mirror import memory, packed, stray
from canon_sweep.mirror.refs import HEADS, MAIN, TAGS
from canon_sweep.mirror.remote import Remote
from canon_sweep.mirror.upstream import Upstream

_MOST_BY_NAME = 4000
# up to how many new tags libgit2 is told their names: of all tags it looks at each that is there
_FEW = 100
# from how many new tags on they are written together
_MANY = 1000


def bring(repo: pygit2.Repository, clone: Path, source: Remote, wanted: Upstream) -> bool:
    """Make the clone's main and tags those of upstream; whether any of them was another."""
    before = cache.held(repo)
    if before == wanted.refs:
        return False
    memory.forget(clone)
    cache.prune(repo, wanted.refs)
    held = cache.held(repo)
    if held == wanted.refs:
        return False
    held |= _write_present(repo, clone, wanted.refs.items() - held.items())
    if held != wanted.refs:
        fetch(repo, clone, source, _specs(wanted, held))
        if len(wanted.refs.items() - held.items()) >= _MANY:
            packed.pack(repo)
    check_whole(repo, clone, source, wanted.refs, known=before.values())
    return True


def _write_present(
    repo: pygit2.Repository, clone: Path, missing: Set[tuple[str, str]]
) -> dict[str, str]:
    """Write the tags whose objects the clone has, if they are many; the rest is to be fetched.

    What they lead to may not be there: whether the clone is whole is looked at afterwards.
    """
    if len(missing) < _MANY:
        return {}
    known = set(repo.references)
    present = {ref: oid for ref, oid in missing if ref not in known and oid in repo}
    cache.doubt(clone)
    packed.add(repo, present)
    return present


def _specs(wanted: Upstream, before: Mapping[str, str]) -> list[str]:
    """What to fetch: tag by tag if they are few, else every tag at once, but no stray."""
    main = f"+{HEADS}{wanted.branch}:{MAIN}"
    new = [ref for ref, oid in wanted.refs.items() if ref != MAIN and before.get(ref) != oid]
    if not wanted.strays and len(new) > _FEW:
        return [main, f"+{TAGS}*:{TAGS}*"]
    if len(new) > _MOST_BY_NAME:  # libgit2 compares each with each
        raise SyncFault(
            f"upstream has {len(new)} new tags, and {len(wanted.strays)} that cannot be mirrored,"
            f" e.g. {stray.shown(min(wanted.strays))}",
            do="remove the latter there: nothing was changed",
        )
    return [main, *(f"+{ref}:{ref}" for ref in new)]


def fetch(repo: pygit2.Repository, clone: Path, source: Remote, specs: Sequence[str]) -> None:
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


def check_whole(
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
    there = {ref.name: str(ref.target) for ref in repo.references.iterator()}
    missing = [ref for ref, oid in wanted.items() if there.get(ref) != oid]
    if not missing and cache.is_whole(repo, wanted.values(), known):
        cache.trust(clone)
        return
    cache.forget(clone)
    raise SyncFault(
        f"{source.shown} did not send everything that it advertised"
        + (f", e.g. {printable(missing[0])}" if missing else ""),
        do="nothing was changed; the next sync starts from an empty clone",
    )
