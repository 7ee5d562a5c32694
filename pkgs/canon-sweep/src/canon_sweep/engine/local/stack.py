"""A stack's processes as a whole, whatever has become of its record."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from canon_sweep.engine.local import port as local_port
from canon_sweep.engine.local import process as local_process
from canon_sweep.engine.local import state as local_state
from canon_sweep.engine.local import stray as local_stray
from canon_sweep.errors import HostFault


def runs(folder: Path) -> bool:
    """Whether anything of a stack runs that its record names, or that can be found without it."""
    with suppress(HostFault):  # told when the stack is ended
        deployment = local_state.load(folder)
        named = deployment.identities if deployment else ()
        if any(local_process.runs(identity) for identity in named):
            return True
    return bool(local_stray.keepers(folder))


def end(folder: Path, grace: float) -> None:
    """End everything of a stack, and give its ports back.

    Raises:
        HostFault: a process cannot be killed, or the record not be read: then what can be
            found without it has been ended.
    """
    found = local_stray.keepers(folder)
    try:
        deployment = local_state.load(folder)
    except HostFault:
        local_process.end(found, folder, grace)
        raise
    named = deployment.identities if deployment else ()
    if found or named:
        local_process.end({*named, *found}, folder, grace)
    if deployment is not None:
        local_port.release(deployment.ports)
