"""Does a mirror lose more than releases are withdrawn?  A doubt about upstream is never a yes."""

from __future__ import annotations

from collections.abc import Collection

from canon_sweep.core.count import counted

# so many withdrawn tags are a maintainer's work of an afternoon
FEW = 2
MOST_SHOWN = 3


def loss(mirrored: Collection[str], wanted: Collection[str], *, related: bool) -> str | None:
    """Why a sync needs a person's word, or None: what the mirror would lose, and what is odd.

    ``mirrored`` and ``wanted`` are the tags of mirror and upstream; ``related`` says
    whether the two main branches share any commit.
    """
    gone = sorted(set(mirrored) - set(wanted))
    if not related:
        odd = "its main shares no history with the mirror's"
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
