"""What may be in flight beside a sweep: each source asked once, whatever the others say."""

from __future__ import annotations

from canon_sweep.core.checkup import Check, ok
from canon_sweep.core.names import cut, plain
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.errors import Fault
from canon_sweep.guard.choice import Source
from canon_sweep.guard.watch import LONGEST

_STEP = "a sweep takes a doubt for a yes, and waits: mend it, or take it out of the settings"


def guard_check(source: Source, viewer: Viewer) -> Check:
    """Whether a source can tell; what it tells is no fault of anybody's."""
    try:
        reason = source.guard.in_flight()
    except Fault as fault:
        found = f"cannot tell whether anything is in flight: {fault.what}"
        return viewer.failed(source.key, found, fault.do or _STEP)
    if reason is None:
        return ok(source.key, "nothing is in flight")
    short = cut(reason, LONGEST)
    return ok(source.key, f"in flight now, and a sweep would wait for it: {plain(short)}")
