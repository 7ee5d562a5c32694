"""What a sync found and did, and what the mirror loses by it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from canon_sweep.core.release import Tag
from canon_sweep.errors import SyncFault
from canon_sweep.mirror.refs import TAGS
from canon_sweep.mirror.refusal import Role


class Deleted(msgspec.Struct, frozen=True):
    """A tag that upstream does not have, and the object that the mirror had for it."""

    tag: str
    object_id: str


class Change(msgspec.Struct, frozen=True):
    """A ref of the mirror that is about to be overwritten, or deleted, and what it was."""

    ref: str
    old: str
    deleted: bool


class Synced(msgspec.Struct, frozen=True):
    """What upstream has, and what was done about it.

    ``branch`` is the upstream branch that the mirror has as main, ``head`` the one that
    upstream's own HEAD names, empty if that is not told.  ``tags`` has the strays of both
    sides as well, with their ``problem``.
    ``overwritten`` has what the mirror had for refs that it has otherwise now, by ref.
    ``moved`` has the new URL of a remote that is somewhere else now and was read all the same.
    From `look`, ``pushed``, ``overwritten`` and ``deleted`` are what a sync would do.
    """

    main: str
    tags: tuple[Tag, ...]
    fetched: bool
    pushed: tuple[str, ...]
    deleted: tuple[Deleted, ...]
    branch: str = "main"
    head: str = ""
    overwritten: Mapping[str, str] = msgspec.field(default_factory=dict)
    moved: Mapping[Role, str] = msgspec.field(default_factory=dict)

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
