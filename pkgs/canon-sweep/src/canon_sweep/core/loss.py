"""Does a mirror lose more than releases are withdrawn?  A doubt about upstream is never a yes."""

from __future__ import annotations

from collections.abc import Mapping

from canon_sweep.core.count import counted

# so many withdrawn tags are a maintainer's work of an afternoon
FEW = 2
MOST_SHOWN = 3


def loss(mirrored: Mapping[str, str], wanted: Mapping[str, str], *, related: bool) -> str | None:
    """Why a sync needs a person's word, or None: what the mirror would lose, and what is odd.

    ``mirrored`` and ``wanted`` are the tags of mirror and upstream, object ids by name;
    ``related`` says whether the main branch shares any commit with the mirror's history.
    """
    gone = sorted(mirrored.keys() - wanted.keys())
    if not related:
        odd = "its main shares no history with the mirror's"
        gone = sorted(tag for tag, oid in mirrored.items() if wanted.get(tag) != oid)
    elif mirrored and not wanted:
        odd = "it shows no tags"
    elif len(gone) > FEW and len(gone) * 4 > len(mirrored):
        odd = "it withdrew more than a quarter of its tags"
    else:
        return None
    named = ", ".join(gone[:MOST_SHOWN])
    more = ", …" if len(gone) > MOST_SHOWN else ""
    lost = f"{len(gone)} of {counted(len(mirrored), 'tag')}" + (f" ({named}{more})" if gone else "")
    return f"{odd}; the mirror would lose {lost}" + ("" if related else " and its main")
