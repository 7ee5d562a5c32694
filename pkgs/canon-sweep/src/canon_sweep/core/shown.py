"""Did a harness promote what it says?  A green is believed as far as its files show it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from canon_sweep.core.foreign import LAST_GOOD, META, RECORD, Broken, Foreign, Mark
from canon_sweep.core.names import plain
from canon_sweep.core.parts import Unseen

UNASKED = "promoted-unasked"
"""The note of a record that a harness has made, and that nobody may have made."""


class _Wanted(NamedTuple):
    """What each file has to be of, and from when on."""

    tag: str
    commit: str
    since: datetime


def not_shown(
    found: Foreign, there: Collection[str] | Unseen, tag: str, commit: str, since: datetime
) -> tuple[str, ...]:
    """What is missing of a promotion of ``tag`` by a test that began at ``since``.

    Empty means that it is promoted: the record, ``last_good`` and the snapshot all name this tag
    and its ``commit`` and are from no earlier, and every volume is there, and a copy of it.
    """
    return tuple(_missing(found, there, _Wanted(tag, commit, since)))


def _missing(found: Foreign, there: Collection[str] | Unseen, wanted: _Wanted) -> Iterator[str]:
    snapshot = found.snapshot
    meta = snapshot if snapshot is None or isinstance(snapshot, Broken) else snapshot.mark
    yield from _file(RECORD, found.record, wanted)
    # the version is all that cc-ci's own tools read of it, and all that some have
    yield from _file(LAST_GOOD, found.last_good, wanted, needs_commit=False)
    yield from _file(META, meta, wanted)
    if isinstance(found.record, Mark) and found.record.is_ours:
        yield f"{RECORD} has a schema, which only canon-sweep itself writes"
    if snapshot is None or isinstance(snapshot, Broken):
        return
    for volume in snapshot.without_archive:
        yield f"snapshot/volumes/{volume}.tar is not there"
    if isinstance(there, Unseen):
        if snapshot.volumes:
            yield f"nobody can say whether its volumes exist: {there.why}"
        return
    for volume in snapshot.volumes:
        if volume not in there:
            yield f"volume {volume} does not exist"


def _file(
    name: str,
    mark: Mark | Broken | None,
    wanted: _Wanted,
    *,
    needs_commit: bool = True,
) -> Iterator[str]:
    if mark is None:
        yield f"{name} is not there"
    elif isinstance(mark, Broken):
        yield f"{name} cannot be read: {mark.why}"
    elif mark.version != wanted.tag:
        yield f"{name} names {plain(mark.version)}, not {wanted.tag}"
    elif mark.commit != wanted.commit and (needs_commit or mark.commit):
        yield f"{name} names {_commit(mark)}, the tag is {wanted.commit[:12]}"
    elif mark.at is None:
        yield f"{name} does not say when it was written" + (f": {mark.remark}" * bool(mark.remark))
    # whole seconds: what was written in the very second of the start is not older
    elif mark.at < wanted.since.replace(microsecond=0):
        yield f"{name} is of {mark.at:%Y-%m-%d %H:%M:%S}, before the test began"


def _commit(mark: Mark) -> str:
    return f"commit {mark.commit[:12]}" if mark.commit else "no commit"
