"""An operator's hold: whether it holds, and what is said of one that does not."""

from __future__ import annotations

from datetime import datetime

import msgspec

from canon_sweep.core.names import plain
from canon_sweep.core.release import Releases
from canon_sweep.core.version import TagRule, Version, ordered


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's wish to leave a recipe alone until a moment (UTC).

    Or until a release newer than ``up_to`` comes.  With a ``tag`` it holds back that release
    only, and dies with the next one.
    """

    recipe: str
    reason: str
    until: datetime | None = None
    up_to: str = ""
    tag: str | None = None

    @property
    def end(self) -> str:
        """Until when, for people."""
        if self.until is not None:
            return f"until {self.until:%-d %B %Y %H:%M} UTC"
        return f"up to {plain(self.up_to)}" if self.up_to else "without an end"


def has_ended(hold: Hold, latest: Version | None, now: datetime, rule: TagRule) -> bool:
    """Whether the end of a hold has passed; ``latest`` None: its releases are not known."""
    if hold.until is not None and hold.until <= now:
        return True
    last = ordered(rule, hold.up_to or None)
    return last is not None and latest is not None and latest > last


def holds(hold: Hold | None, latest: Version | None, now: datetime, rule: TagRule) -> bool:
    """Whether a hold keeps the latest release from being tested now."""
    if hold is None or has_ended(hold, latest, now, rule):
        return False
    return hold.tag is None or (latest is not None and latest.tag == hold.tag)


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
