"""Takes away what tests and replaced canonicals left; what any record names stays, whoever asks."""

from __future__ import annotations

from collections.abc import Iterable

from canon_sweep.core.kept import Named, named_by
from canon_sweep.engine.protocol import Engine
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Journal, Promotion


def discard(
    recipe: str, stack: str, *, engine: Engine, journal: Journal, canonicals: Canonicals
) -> None:
    """End a stack and remove its volumes and secrets, but for those that a record names.

    Raises:
        HostFault: the engine cannot be used; the journal still has the stack.
        StateFault: the recipe's record cannot be read, so nothing may be removed.
    """
    engine.undeploy(stack)
    canonicals.read(recipe)
    named = _named(canonicals)
    if stack not in named.stacks:
        volumes = [volume.name for volume in engine.volumes(stack)]
        _remove(volumes, engine.secrets(stack), named, engine)
    journal.drop(stack)


def discard_previous(
    entry: Promotion, *, engine: Engine, journal: Journal, canonicals: Canonicals
) -> None:
    """Remove what a replaced canonical kept; done twice, it does nothing more.

    Raises:
        HostFault: the engine cannot be used; the journal still has the entry.
    """
    _remove(entry.discarded.volumes, entry.discarded.secrets, _named(canonicals), engine)
    journal.drop(entry.stack)


def _named(canonicals: Canonicals) -> Named:
    """What the records name.

    A record that cannot be read names the stack of its own recipe alone, and that is
    looked at by whoever asks; everything else it could name was made by this program
    under names that no two stacks share.
    """
    return named_by(canonicals.read_all().records.values())


def _remove(volumes: Iterable[str], secrets: Iterable[str], named: Named, engine: Engine) -> None:
    for volume in sorted(set(volumes) - named.volumes):
        engine.remove_volume(volume)
    for secret in sorted(set(secrets) - named.secrets):
        engine.remove_secret(secret)
