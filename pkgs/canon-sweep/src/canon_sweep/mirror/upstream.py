"""Upstream, as it shows itself: its main branch and its tags."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from canon_sweep.core.names import printable
from canon_sweep.errors import SyncFault
from canon_sweep.mirror import stray
from canon_sweep.mirror.advertisement import Advertisement
from canon_sweep.mirror.refs import HEADS, MAIN, TAGS, named_tags
from canon_sweep.mirror.remote import Remote


class Upstream(msgspec.Struct, frozen=True):
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
    strays: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def refs(self) -> dict[str, str]:
        """The refs that the mirror has to have, by full name."""
        return {MAIN: self.main} | {TAGS + tag: oid for tag, oid in self.tags.items()}


def read(source: Remote, branch: str | None) -> Upstream:
    """Read upstream; an answer that could be half of one is an error, never "no tags"."""
    return of(source.advertise(), source.shown, branch)


def of(told: Advertisement, shown: str, branch: str | None) -> Upstream:
    """What an advertisement shows of upstream, which is ``shown`` in an error."""
    if not told.refs:
        raise SyncFault(
            f"{shown} has no branches and no tags",
            do="see that the upstream URL is right: nothing was changed",
        )
    mirrored = _mirrored(told, branch)
    if mirrored is None and branch is not None:
        raise SyncFault(
            f"{shown} has no branch {printable(branch)}",
            do="see the recipe's branch setting: nothing was changed",
        )
    if mirrored is None:
        raise SyncFault(
            f"{shown} has no main branch",
            do="see that the upstream URL is right, or set the recipe's branch:"
            " nothing was changed",
        )
    head = told.head or ""
    return Upstream(
        branch=mirrored.removeprefix(HEADS),
        head=head.removeprefix(HEADS) if _is_branch(head) else "",
        main=told.refs[mirrored],
        tags=named_tags(told.refs),
        strays=told.strays,
    )


def _mirrored(told: Advertisement, branch: str | None) -> str | None:
    """The branch that is set; else ``main``, the branch that HEAD names, or ``master``."""
    wanted = (MAIN, told.head or "", HEADS + "master") if branch is None else (HEADS + branch,)
    return next((ref for ref in wanted if _is_branch(ref) and ref in told.refs), None)


def _is_branch(ref: str) -> bool:
    return ref.startswith(HEADS) and stray.usable(ref)
