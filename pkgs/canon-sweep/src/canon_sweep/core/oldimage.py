"""Which images of an engine may go: nothing needs them, and it is long since they came.  Pure.

Age is the time since an image was last pulled, tagged or used here, as far as that is known,
and never since it was built.  Docker keeps the time of the last tag only, so what else is
known of an image is noted at each look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from canon_sweep.core import names
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.count import counted


class Stored(msgspec.Struct, frozen=True):
    """An image on an engine.

    ``tags`` and ``digests`` are its names, ``needed_by`` is what would break without it (a
    container, a service, an image that was built on it), ``tagged`` when it was last tagged,
    None where the engine does not say; ``bytes`` are shared with other images.
    """

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    needed_by: str = ""
    tagged: datetime | None = None
    bytes: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """All its names, sorted."""
        return tuple(sorted((*self.tags, *self.digests)))

    @property
    def shown(self) -> str:
        """By what an operator knows it, for one line."""
        known = self.tags or self.digests
        return names.plain(f"image {', '.join(known) if known else self.id}")


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an image besides what the engine says.

    ``since`` is when it was first seen, ``renamed`` when its ``names`` were first seen to have
    changed, ``used`` when it was last seen in use, and ``pulled`` when a test of ours last
    fetched it; without that it is somebody else's.  ``asked`` are the names by which tests of
    ours have fetched it.
    """

    since: datetime
    names: tuple[str, ...] = ()
    renamed: datetime | None = None
    used: datetime | None = None
    pulled: datetime | None = None
    asked: tuple[str, ...] = ()


_NOTED_TIMES = ("since", "renamed", "used", "pulled")


class Age(msgspec.Struct, frozen=True):
    """From when on an image is old, and whether that holds for other people's too."""

    limit: timedelta
    foreign: bool = False


class Needs(msgspec.Struct, frozen=True):
    """What records need: digests; ``unsaid`` are the recipes whose records do not say."""

    digests: frozenset[str] = frozenset()
    unsaid: tuple[str, ...] = ()


class OldImage(msgspec.Struct, frozen=True):
    """One that may go, and why."""

    image: Stored
    why: str

    def __str__(self) -> str:
        return f"{self.image.shown} {self.why}"


def needed_by(records: Iterable[Canonical], engine: str) -> Needs:
    """What the records of an engine's canonicals need of its images."""
    own = [record for record in records if record.kept_by(engine)]
    unsaid = tuple(sorted(record.recipe for record in own if not record.images))
    return Needs(frozenset(d for record in own for d in record.images.values()), unsaid)


def looked_at(
    images: Iterable[Stored], known: Mapping[str, Noted], needs: Needs, now: datetime
) -> dict[str, Noted]:
    """What is known after a look at all images, by id; one that is gone is forgotten."""
    seen = {}
    for image in images:
        note = _by(now, known.get(image.id) or Noted(since=now, names=image.names))
        if note.names != image.names:
            # somebody has tagged or pulled it since; or it was pulled by us, and not seen yet
            note = msgspec.structs.replace(note, renamed=now, names=image.names)
        if image.needed_by or _is_kept(image, needs):
            note = msgspec.structs.replace(note, used=now)
        seen[image.id] = note
    return seen


def old_images(
    images: Iterable[Stored], known: Mapping[str, Noted], needs: Needs, age: Age, now: datetime
) -> tuple[OldImage, ...]:
    """The images that may go; ``known`` is what `looked_at` has given."""
    found = []
    for image in images:
        note = known.get(image.id)
        if note is None or image.needed_by or _is_kept(image, needs):
            continue
        ours = note.pulled is not None and set(image.tags) <= set(note.asked)
        if not ours and (not age.foreign or needs.unsaid):
            continue
        last = max(_times(image, note, ours=ours))
        if now - last >= age.limit:
            days = (now - last).days
            whose = "a test of ours has pulled it" if ours else "nothing needs it"
            why = f"was not pulled, tagged or used here for {counted(days, 'day')}; {whose}"
            found.append(OldImage(image, why))
    return tuple(sorted(found, key=lambda old: old.image.names))


def _by(now: datetime, note: Noted) -> Noted:
    """What is noted, as of now: by a clock that ran ahead it would stay young for years."""
    ahead = {name: now for name in _NOTED_TIMES if (getattr(note, name) or now) > now}
    return msgspec.structs.replace(note, **ahead)


def _times(image: Stored, note: Noted, *, ours: bool) -> Iterator[datetime]:
    if note.pulled is not None:
        yield note.pulled
    if not ours:
        # a pull leaves no time behind: then it is known from the first look on
        yield image.tagged or note.since
    known = (note.used, image.tagged, None if ours else note.renamed)
    yield from (time for time in known if time is not None)


def _is_kept(image: Stored, needs: Needs) -> bool:
    own = {image.id, *(name.rpartition("@")[2] for name in image.digests)}
    return not own.isdisjoint(needs.digests)
