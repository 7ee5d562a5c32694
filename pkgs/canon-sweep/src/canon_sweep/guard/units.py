"""Units of systemd that are active: a job of the host's own that no test may run beside."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import msgspec

from canon_sweep import systemd
from canon_sweep.core.names import plain
from canon_sweep.errors import HostFault

SECONDS = 20.0
_IDLE = frozenset({"inactive", "failed"})
_WILD = frozenset("*?[")
_PROPERTIES = ("Id", "LoadState", "ActiveState")


class Units(msgspec.Struct, frozen=True):
    """Units by name or pattern; a pattern that matches none is idle, a name has to be one's."""

    patterns: Sequence[str]

    def in_flight(self) -> str | None:
        """The first unit that is anything but inactive or failed.

        A oneshot is *activating* while it runs.

        Raises:
            HostFault: systemd cannot be asked, or knows no such unit.
        """
        for unit in systemd.shown(self.patterns, _PROPERTIES, SECONDS):
            name, state = plain(unit["Id"]), plain(unit["ActiveState"])
            if unit["LoadState"] == "not-found" and not _is_pattern(unit["Id"], self.patterns):
                raise HostFault(
                    f"there is no unit {name} on this host",
                    do="correct guard.units; one that comes and goes is named by a pattern",
                )
            if state not in _IDLE:
                return f"unit {name} is {state}"
        return None


def _is_pattern(name: str, patterns: Sequence[str]) -> bool:
    """Whether a unit was asked for by a pattern."""
    return any(_WILD & set(each) and fnmatchcase(name, each) for each in patterns)
