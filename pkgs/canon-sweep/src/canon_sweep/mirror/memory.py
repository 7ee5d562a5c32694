"""What the last sync saw, in a file of its clone: where both sides still say so, it is done.

What is remembered follows from what both sides had, by their object ids, and from nothing that
can change: a file that is whole is never wrong, only of another time.  What no advertisement
shows, that a remote has moved, is looked for again after some weeks.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from canon_sweep import __version__
from canon_sweep.core.release import Tag
from canon_sweep.mirror import kept
from canon_sweep.mirror.essence import Digest
from canon_sweep.mirror.kept import SIZE
from canon_sweep.mirror.synced import Synced

MEMORY = "canon-sweep-synced"
"""Its name in the clone."""
# another version may see other strays in the same tags
_FORMAT = f"1 {__version__}"
# seconds, four weeks; who takes the old name of a remote that has moved is followed instead
_MOST_AGE = 28 * 86400


class Key(NamedTuple):
    """Whose memory it is."""

    upstream: str
    mirror: str
    branch: str | None

    @property
    def may_move(self) -> bool:
        """Whether one of the remotes may be somewhere else, and be read all the same."""
        return any(url.startswith(("http:", "https:")) for url in (self.upstream, self.mirror))

    @property
    def digest(self) -> Digest:
        """What a file of another recipe, or of other settings, does not have."""
        words = (_FORMAT, self.upstream, self.mirror, self.branch)
        return kept.digest(msgspec.msgpack.encode(words))


class Ends(NamedTuple):
    """Digests of what both sides had at the end of a sync; see `essence`."""

    upstream: Digest
    mirror: Digest


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    main: str
    tags: tuple[Tag, ...]
    branch: str
    head: str


_DECODER = msgspec.msgpack.Decoder(_Kept)


def ends(clone: Path, key: Key) -> Ends | None:
    """What both sides had when they last agreed; None if nobody knows."""
    body = _body(clone, key)
    return None if body is None else _ends(body)


def recall(clone: Path, key: Key, now: Ends) -> Synced | None:
    """What a sync would find where both sides have this; None if nobody knows, or not lately."""
    body = _body(clone, key)
    if body is None or _ends(body) != now:
        return None
    if key.may_move and kept.age(clone / MEMORY) > _MOST_AGE:
        return None
    try:
        found = _DECODER.decode(body[2 * SIZE :])
    except (msgspec.MsgspecError, ValueError):
        return None
    return Synced(
        main=found.main,
        tags=found.tags,
        fetched=False,
        pushed=(),
        deleted=(),
        branch=found.branch,
        head=found.head,
    )


def keep(clone: Path, key: Key, now: Ends, found: Synced) -> None:
    """Remember that both sides agree; under the clone's lock.

    A remote that has moved is told of in every sweep until its URL is put right, and what it
    advertises does not show it: that is not remembered.
    """
    if found.moved:
        forget(clone)
        return
    own = _Kept(found.main, found.tags, found.branch, found.head)
    body = key.digest + now.upstream + now.mirror + msgspec.msgpack.encode(own)
    if kept.read(clone / MEMORY) == body:
        kept.renew(clone / MEMORY)
    else:
        kept.write(clone / MEMORY, body)


def forget(clone: Path) -> None:
    """Nothing is known to agree any more: before anything is fetched or pushed.

    The next sync then opens the clone, and makes it anew where it is broken.
    """
    kept.drop(clone / MEMORY)


def _body(clone: Path, key: Key) -> bytes | None:
    """What is behind the key in a file that is whole, and this one's."""
    content = kept.read(clone / MEMORY)
    if content is None or len(content) < 3 * SIZE or content[:SIZE] != key.digest:
        return None
    return content[SIZE:]


def _ends(body: bytes) -> Ends:
    return Ends(body[:SIZE], body[SIZE : 2 * SIZE])
