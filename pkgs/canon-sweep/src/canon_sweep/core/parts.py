"""Is a canonical of cc-ci's whole?  Each part of it by itself: it holds, or why nobody can say so.

Its record names a release, and everything else has to be of that very release: the tag upstream,
``last_good``, the snapshot with an archive of each volume, and the volumes themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum

import msgspec

from canon_sweep.core.foreign import LAST_GOOD, META, RECORD, Broken, Foreign, Mark
from canon_sweep.core.names import plain

TAG = "tag"
_MOST_SHOWN = 5


class State(StrEnum):
    """How a part stands to the record."""

    HOLDS = "holds"
    DIFFERS = "differs"
    MISSING = "missing"
    UNCHECKED = "unchecked"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a canonical; ``why`` is empty only if it holds and there is nothing to say."""

    name: str
    state: State
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is as the record says."""
        return self.state is State.HOLDS

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has looked, and it is not as the record says."""
        return self.state in (State.DIFFERS, State.MISSING)

    @property
    def line(self) -> str:
        """The part, how it stands, and why."""
        return f"{self.name} {self.state}" + (f" ({self.why})" if self.why else "")


class Tagged(msgspec.Struct, frozen=True):
    """The commit of the record's tag on main; None if there is no such release."""

    commit: str | None


class Unseen(msgspec.Struct, frozen=True):
    """Nobody could look, and why."""

    why: str


def named_volumes(found: Foreign) -> tuple[str, ...]:
    """The volumes of a canonical, as its snapshot names them; none if it cannot be read."""
    snapshot = found.snapshot
    return () if snapshot is None or isinstance(snapshot, Broken) else snapshot.volumes


def parts_of(
    found: Foreign, tag: Tagged | Unseen, there: Collection[str] | Unseen
) -> tuple[Part, ...]:
    """Judge every part; ``there`` are the volumes that exist."""
    record = found.record
    if record is None:
        return (Part(name=RECORD, state=State.MISSING, why="there is none"),)
    if isinstance(record, Broken):
        why = f"it cannot be read: {record.why}"
        return (Part(name=RECORD, state=State.UNCHECKED, why=why),)
    return (
        _record(record),
        _tag(record, tag),
        _last_good(record, found.last_good),
        _snapshot(record, found),
        _volumes(found, there),
    )


def is_whole(parts: Iterable[Part]) -> bool:
    """Whether every part holds: half an answer is no yes."""
    return all(part.holds for part in parts)


def _record(record: Mark) -> Part:
    if record.is_ours:
        why = "it has a schema: an engine of canon-sweep's wrote it, and nothing beside it"
        return Part(name=RECORD, state=State.DIFFERS, why=why)
    return Part(name=RECORD, state=State.HOLDS, why=record.remark)


def _tag(record: Mark, tag: Tagged | Unseen) -> Part:
    if isinstance(tag, Unseen):
        return Part(name=TAG, state=State.UNCHECKED, why=tag.why)
    if tag.commit is None:
        why = f"upstream has no release {plain(record.version)} on main"
        return Part(name=TAG, state=State.MISSING, why=why)
    if tag.commit != record.commit:
        why = (
            f"the record's commit {record.commit[:12]} is not that of"
            f" {plain(record.version)}, {tag.commit[:12]}"
        )
        return Part(name=TAG, state=State.DIFFERS, why=why)
    return Part(name=TAG, state=State.HOLDS)


def _last_good(record: Mark, last_good: Mark | Broken | None) -> Part:
    if last_good is None:
        return Part(name=LAST_GOOD, state=State.MISSING, why="there is none")
    return _beside(LAST_GOOD, record, last_good)


def _snapshot(record: Mark, found: Foreign) -> Part:
    snapshot = found.snapshot
    if snapshot is None:
        return Part(name="snapshot", state=State.MISSING, why="there is none")
    if isinstance(snapshot, Broken):
        return Part(
            name="snapshot", state=State.UNCHECKED, why=f"{META} cannot be read: {snapshot.why}"
        )
    part = _beside("snapshot", record, snapshot.mark)
    if part.holds and snapshot.without_archive:
        why = f"it has no copy of volume {_few(snapshot.without_archive)}"
        return Part(name="snapshot", state=State.MISSING, why=why)
    return part


def _volumes(found: Foreign, there: Collection[str] | Unseen) -> Part:
    name = "volumes"
    if found.snapshot is None or isinstance(found.snapshot, Broken):
        why = "only the snapshot says which they are"
        return Part(name=name, state=State.UNCHECKED, why=why)
    volumes = found.snapshot.volumes
    if not volumes:
        return Part(name=name, state=State.HOLDS, why="the snapshot names none")
    if isinstance(there, Unseen):
        return Part(name=name, state=State.UNCHECKED, why=there.why)
    gone = [volume for volume in volumes if volume not in there]
    if gone:
        return Part(name=name, state=State.MISSING, why=f"{_few(gone)} does not exist")
    return Part(name=name, state=State.HOLDS)


def _beside(name: str, record: Mark, mark: Mark | Broken) -> Part:
    """A file beside the record: the same release, and the same commit where it names one."""
    if isinstance(mark, Broken):
        return Part(name=name, state=State.UNCHECKED, why=f"it cannot be read: {mark.why}")
    is_same = mark.version == record.version and mark.commit in ("", record.commit)
    if not is_same:
        why = f"it is of {mark.text}, the record of {record.text}"
        return Part(name=name, state=State.DIFFERS, why=why)
    return Part(name=name, state=State.HOLDS, why=mark.remark)


def _few(found: Iterable[str]) -> str:
    return ", ".join(_shortened(list(found)))


def _shortened(found: list[str]) -> Iterator[str]:
    yield from found[:_MOST_SHOWN]
    if len(found) > _MOST_SHOWN:
        yield f"{len(found) - _MOST_SHOWN} more"
