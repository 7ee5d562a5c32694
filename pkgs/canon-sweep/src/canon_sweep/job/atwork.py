"""Whether a run is at work on the state right now, asked without getting in its way."""

from __future__ import annotations

from canon_sweep.errors import HostFault
from canon_sweep.guard.lockfiles import LockFiles
from canon_sweep.state.store import State


def at_work(state: State) -> str:
    """That one is, in a sentence; empty if none is, or where nobody can tell.

    A lock that is tried for is held for a moment, and a run that begins just then is refused.
    """
    lock = state.folder / "lock"
    try:
        if LockFiles([str(lock)]).in_flight() is None:
            return ""
        number = lock.read_text("ascii", "replace").strip()
    except (HostFault, OSError):
        return ""
    return f"a run is at work (process {number})" if number.isdecimal() else "a run is at work"
