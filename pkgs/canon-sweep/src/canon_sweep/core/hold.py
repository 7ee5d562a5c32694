"""What a hold does at the moment that it is put: maybe nothing, and then that is said."""

from __future__ import annotations

from canon_sweep.core.release import Releases


def remark(tag: str | None, exception: str | None, known: Releases | None) -> str:
    """Why a hold holds nothing now, as far as is known without asking; empty if it does.

    ``tag`` is the release that it is for, None for all of them; ``exception`` is the reason
    of a recipe that takes no part anyway; ``known`` what the last sync saw, if there was one.
    """
    if exception is not None:
        return f"it takes no part in the sweep anyway: {exception}"
    if tag is None:
        return ""
    if known is None:
        return "its releases are not known here yet, so nobody has looked whether it is one"
    latest = known.latest
    if latest is not None and latest.tag == tag:
        return ""
    newest = f"the latest is {latest.tag}" if latest else "there is none"
    if known.of_tag(tag) is not None:
        return f"it holds nothing now: {newest}"
    return f"no such release is known yet ({newest}): it holds nothing until there is"
