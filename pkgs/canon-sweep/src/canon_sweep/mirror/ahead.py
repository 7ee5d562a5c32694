"""The process that has the survey's workers, begun before there are settings.

It loads libgit2, which takes longer than all that a sweep has to do until it asks.
"""

from __future__ import annotations

import gc
import socket
from contextlib import suppress

from canon_sweep import forked
from canon_sweep.errors import HostFault

_begun: list[forked.Child] = []


def begin() -> None:
    """Have it begin, where a command is about to need it; it waits until it is told the terms."""
    with suppress(HostFault):  # of which whoever takes it is told
        _begun.append(forked.forked(_oversee))


def taken() -> forked.Child:
    """It, which is the caller's from now on; begun by now at the latest.

    Raises:
        HostFault: there is no process to be had.
    """
    return _begun.pop() if _begun else forked.forked(_oversee)


def end() -> None:
    """End what nobody has taken."""
    while _begun:
        _begun.pop().end()


def _oversee(line: socket.socket) -> None:
    # loaded there once for all who ask, while we go on, who may never need it
    from canon_sweep.mirror.overseer import oversee  # noqa: PLC0415

    # begun while nobody looks for garbage; and all that is there by now stays
    gc.freeze()
    gc.enable()
    oversee(line)
