"""What records keep, and what is left over once one of them is replaced."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from canon_sweep.core.canonical import Canonical


class Named(msgspec.Struct, frozen=True):
    """The volumes, secrets and stacks that something names; nothing of it may be removed."""

    volumes: frozenset[str]
    secrets: frozenset[str]
    stacks: frozenset[str]


def named_by(records: Iterable[Canonical]) -> Named:
    """All that these records name; an empty stack is none."""
    volumes: set[str] = set()
    secrets: set[str] = set()
    stacks: set[str] = set()
    for record in records:
        volumes.update(volume.name for volume in record.volumes)
        secrets.update(record.secrets)
        stacks.update([record.stack] if record.stack else [])
    return Named(frozenset(volumes), frozenset(secrets), frozenset(stacks))


def discarded(
    before: Canonical | None, after: Canonical | None, others: Iterable[Canonical]
) -> tuple[frozenset[str], frozenset[str]]:
    """The volumes and secrets that ``before`` leaves when ``after`` takes its place.

    ``others`` are the records of the other recipes, never ``before`` itself: what
    one of them names stays, whoever made it.  No ``after`` means that the
    canonical is taken back.
    """
    left = named_by([before] if before else [])
    kept = named_by([*([after] if after else []), *others])
    return left.volumes - kept.volumes, left.secrets - kept.secrets
