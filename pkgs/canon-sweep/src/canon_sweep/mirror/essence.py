"""What of an advertisement matters to a sync: where that is the same, nothing is to be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from canon_sweep.mirror import kept
from canon_sweep.mirror.advertisement import Advertisement
from canon_sweep.mirror.refs import HEADS, MAIN, TAGS
from canon_sweep.mirror.refusal import Role

Digest = bytes
BETWEEN = "\0"


def digest_of(told: Advertisement, role: Role, branch: str | None = None) -> Digest:
    """A digest of what matters: a forge's pull requests, and other branches, do not change it.

    ``branch`` is the one of upstream's that is mirrored, if it is set.
    """
    words = sorted(f"{oid} {ref}" for ref, oid in _relevant(told, role, branch))
    # upstream's HEAD is told of also where another branch is mirrored
    head = told.head or "" if role == "upstream" else ""
    return kept.digest(joined((head, *words)))


def joined(words: Iterable[str]) -> bytes:
    """Names of refs among other words: they are no text, but end where a C string does."""
    return BETWEEN.join(words).encode("utf-8", "surrogateescape")


def _relevant(told: Advertisement, role: Role, branch: str | None) -> Iterator[tuple[str, str]]:
    if role == "mirror":
        branches = {MAIN}
    elif branch is None:
        branches = {MAIN, HEADS + "master", told.head or ""}
    else:
        branches = {HEADS + branch}
    for ref, oid in told.refs.items():
        if ref.startswith(TAGS) or ref in branches:
            yield ref, oid
    yield from told.strays.items()
