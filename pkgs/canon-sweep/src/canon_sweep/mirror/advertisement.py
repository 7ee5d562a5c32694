"""What a remote says it has, or why it does not say so now."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from canon_sweep.errors import SyncFault


class Advertisement(msgspec.Struct, frozen=True):
    """What a remote says it has: object ids by full ref name, and HEAD's branch if told.

    ``strays`` are the tags that are no use to anybody, apart from ``refs``.
    """

    refs: Mapping[str, str]
    head: str | None
    strays: Mapping[str, str]


class BusyFault(SyncFault):
    """A server could not answer at this moment; nothing says that it will not a moment later."""


class RestFault(BusyFault):
    """It wants to be left alone for longer than anybody may wait."""
