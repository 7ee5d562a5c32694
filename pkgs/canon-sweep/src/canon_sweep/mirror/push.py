"""One push to a mirror: what is new, then what goes, and what of it was taken."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pygit2
from msgspec.structs import replace

from canon_sweep.core.names import printable
from canon_sweep.errors import SyncFault
from canon_sweep.mirror import clone as cache
from canon_sweep.mirror.refs import TAGS
from canon_sweep.mirror.remote import Remote
from canon_sweep.mirror.synced import Synced


class Push(msgspec.Struct):
    """What is known of a push, also while the thread that does it is still at it."""

    found: Synced | None = None
    refs: set[str] = msgspec.field(default_factory=set)

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


def check_pushable(repo: pygit2.Repository, found: Synced, target: Remote) -> None:
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


def send(found: Synced, target: Remote, taken: set[str]) -> None:
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
