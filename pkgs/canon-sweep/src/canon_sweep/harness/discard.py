"""Takes away what a test made; what a record names stays, whoever asks."""

from __future__ import annotations

from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import StateFault
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Journal


def discard(
    recipe: str, stack: str, *, engine: Engine, journal: Journal, canonicals: Canonicals
) -> None:
    """End a stack and remove its volumes and secrets, unless it is a canonical's.

    Raises:
        HostFault: the engine cannot be used; the journal still has the stack.
        StateFault: the recipe's record cannot be read, so nothing may be removed.
    """
    engine.undeploy(stack)
    if not _is_kept(recipe, stack, canonicals):
        for volume in engine.volumes(stack):
            engine.remove_volume(volume.name)
        for secret in engine.secrets(stack):
            engine.remove_secret(secret)
    journal.drop(stack)


def _is_kept(recipe: str, stack: str, canonicals: Canonicals) -> bool:
    record = canonicals.read(recipe)
    if record is not None and record.stack == stack:
        return True
    for other in canonicals.recipes():
        try:
            record = canonicals.read(other)
        except StateFault:
            continue  # its own recipe's error; this stack is another recipe's
        if record is not None and record.stack == stack:
            return True
    return False
