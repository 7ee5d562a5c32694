"""Which of another tool's records are followed: those that a run of ours saw made, or an operator
has taken over.

An adopted canonical is what the trigger and the base follow; it is never called proven, as no run
of ours has proven it.  A record that is neither is left alone: its recipe is tested.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from canon_sweep.core.canonical import Canonical, KeptVolume
from canon_sweep.core.decision import Note
from canon_sweep.core.foreign import Mark
from canon_sweep.core.names import plain
from canon_sweep.core.release import Releases

NOT_FOLLOWED = "not-followed"
"""The note of a record of another tool's by which nothing is decided."""


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """Our marker of a record that was taken over ``at`` that moment, in UTC.

    ``ts`` is when the record says that it was made, empty if it does not; ``digest`` is of the
    file as it was.
    """

    recipe: str
    version: str
    commit: str
    ts: str
    digest: str
    at: datetime


class Standing(StrEnum):
    """What we know of a record that another tool has made."""

    PROMOTED = "promoted"  # a run of ours has seen it made
    ADOPTED = "adopted"  # an operator has taken it over
    CHANGED = "changed"  # it was either of the two, and names something else now
    UNKNOWN = "not adopted"

    @property
    def is_followed(self) -> bool:
        """Whether trigger and base go by it."""
        return self in (Standing.PROMOTED, Standing.ADOPTED)


class Known(msgspec.Struct, frozen=True):
    """What we have written down of a recipe: the marker, and what a run of ours saw promoted."""

    marker: Adopted | None = None
    promoted: Canonical | None = None

    @property
    def record(self) -> Canonical | None:
        """The canonical that was followed last; None if none ever was."""
        return _adopted(self.marker) if self.marker is not None else self.promoted

    @property
    def last(self) -> str:
        """The release that was followed last, and since when; empty if none ever was."""
        if self.marker is not None:  # a promotion takes an older one away
            return f"{plain(self.marker.version)} when adopted"
        return f"{plain(self.promoted.release_tag)} when promoted" if self.promoted else ""


def standing(record: Mark, known: Known) -> Standing:
    """How a record stands to what we know.

    It is the same as long as it names the same release and commit: written anew, as by a quick
    run, it claims nothing new.
    """
    if record.is_ours:
        return Standing.UNKNOWN
    if known.promoted is not None and _is_same(known.promoted, record):
        return Standing.PROMOTED
    if known.marker is not None and _is_same(known.marker, record):
        return Standing.ADOPTED
    return Standing.CHANGED if known.last else Standing.UNKNOWN


def followed(record: Mark, known: Known, volumes: tuple[str, ...] = ()) -> Canonical | None:
    """The canonical that trigger and base go by; None if it is not followed.

    It names its ``volumes``, so that nobody takes them for something that nothing names.
    """
    match standing(record, known):
        case Standing.PROMOTED:
            return known.promoted
        case Standing.ADOPTED:
            assert known.marker is not None, "it stands by its marker"
            return msgspec.structs.replace(
                _adopted(known.marker),
                domain=record.domain,
                volumes=tuple(KeptVolume(name=name, bytes=None) for name in volumes),
                retained="volume" if volumes else "record-only",
            )
        case _:
            return None


def marker_of(recipe: str, record: Mark, now: datetime) -> Adopted:
    """The marker that takes a record over now."""
    return Adopted(
        recipe=recipe,
        version=record.version,
        commit=record.commit,
        ts=f"{record.at:%Y-%m-%dT%H:%M:%SZ}" if record.at else "",
        digest=record.digest,
        at=now,
    )


def not_followed(recipe: str, record: Mark, known: Known, releases: Releases | None) -> Note | None:
    """What is to be said of a record that is not followed; None if it is.

    ``releases`` None: they could not be read, so nobody knows what can be done about it.
    """
    how = standing(record, known)
    if how.is_followed:
        return None
    whose = "canon-sweep's own" if record.is_ours else "another tool's"
    what = f"{whose} record of {record.text} is not followed"
    if how is Standing.CHANGED:
        what = f"{what}: it was of {known.last}"
    then = "" if releases is None else f"; {_why(recipe, record, releases)}"
    return Note(code=NOT_FOLLOWED, text=f"{what}{then}")


def gone(known: Known) -> Note | None:
    """What is to be said where there is no record, and once was."""
    if not known.last:
        return None
    text = f"another tool's record is gone: it was of {known.last}"
    return Note(code=NOT_FOLLOWED, text=text)


def disowned(record: Canonical, releases: Releases) -> Note | None:
    """What is to be said of another tool's record in a folder of ours; None if it is followed.

    No marker is asked for where a person has put it there, but its commit has to be the tag's.
    """
    release = releases.of_tag(record.release_tag)
    if not record.is_adopted or release is None or release.commit == record.commit:
        return None
    text = (
        f"the record of {release.tag} was made by another tool: its commit, {record.commit[:12]},"
        f" is not the tag's, {release.commit[:12]}, so it is not followed"
    )
    return Note(code=NOT_FOLLOWED, text=text)


def _why(recipe: str, record: Mark, releases: Releases) -> str:
    release = releases.of_tag(record.version)
    if record.is_ours:
        return "it lies beside what another tool keeps, and is not of it"
    if release is None:
        return "upstream has no such release on main, so nobody can adopt it"
    if release.commit != record.commit:
        return f"its commit is not the tag's, {release.commit[:12]}, so nobody can adopt it"
    saves = ", and nothing has to be tested then" if release == releases.latest else ""
    return f"canon-sweep adopt {recipe} takes it over if it is whole{saves}"


def _adopted(marker: Adopted) -> Canonical:
    return Canonical(
        recipe=marker.recipe, version=marker.version, commit=marker.commit, ts=marker.ts
    )


def _is_same(one: Adopted | Canonical, record: Mark) -> bool:
    return (one.version, one.commit) == (record.version, record.commit)
