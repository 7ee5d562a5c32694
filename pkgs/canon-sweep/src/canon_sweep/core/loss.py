"""Does a mirror lose more than releases are withdrawn?  A doubt about upstream is never a yes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from canon_sweep.core.count import counted

# so many withdrawn tags are a maintainer's work of an afternoon
FEW = 2
MOST_SHOWN = 3


def loss(
    mirrored: Mapping[str, str],
    wanted: Mapping[str, str],
    *,
    related: bool,
    adrift: Collection[str] = (),
) -> str | None:
    """Why a sync needs a person's word, or None: what the mirror would lose, and what is odd.

    ``mirrored`` and ``wanted`` are the tags of mirror and upstream, object ids by name;
    ``related`` says whether the main branch shares any commit with the mirror's history, and
    ``adrift`` has the tags that the mirror's main leads to, and that branch does not.
    """
    if not related:
        gone = {tag for tag, oid in mirrored.items() if wanted.get(tag) != oid}
        odd = "its main shares no history with the mirror's"
        return f"{odd}; {_lost(gone, mirrored)} and its main"
    gone = mirrored.keys() - wanted.keys()
    changed = gone | {tag for tag, oid in mirrored.items() if wanted.get(tag, oid) != oid}
    unled = changed | set(adrift)
    if mirrored and not wanted:
        return f"it shows no tags; {_lost(gone, mirrored)}"
    if _are_many(gone, mirrored):
        return f"it withdrew more than a quarter of its tags; {_lost(gone, mirrored)}"
    if _are_many(changed, mirrored):
        return f"it moved more than a quarter of its tags; {_lost(changed, mirrored)}"
    if _are_many(unled, mirrored):
        odd = "its main is set back, or another branch, and no longer leads to its releases"
        return f"{odd}; {_lost(unled, mirrored)} from its main"
    return None


def _are_many(gone: Collection[str], mirrored: Collection[str]) -> bool:
    return len(gone) > FEW and len(gone) * 4 > len(mirrored)


def _lost(gone: Collection[str], mirrored: Collection[str]) -> str:
    named = ", ".join(sorted(gone)[:MOST_SHOWN]) + (", …" if len(gone) > MOST_SHOWN else "")
    shown = f" ({named})" if gone else ""
    return f"the mirror would lose {len(gone)} of {counted(len(mirrored), 'tag')}{shown}"
