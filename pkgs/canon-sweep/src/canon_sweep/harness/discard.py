"""Takes away what tests and replaced canonicals left; what any record names stays, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from canon_sweep.core.kept import Named, named_by
from canon_sweep.engine.protocol import Engine, Volume
from canon_sweep.errors import StateFault
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Journal, Promotion, QuickRun


def discard(
    recipe: str, stack: str, *, engine: Engine, journal: Journal, canonicals: Canonicals
) -> tuple[Volume, ...]:
    """End a stack and remove its volumes and secrets, but for those that a record names.

    Gives the volumes that it had.  For a stack that this very run has made.  One that
    somebody else names, a journal or a record, is discarded only after `check_all_read`.

    Raises:
        HostFault: the engine cannot be used; the journal still has the stack.
        StateFault: the recipe's record cannot be read, so nothing may be removed.
    """
    engine.undeploy(stack)
    canonicals.read(recipe)
    named = named_as_far_as_read(canonicals)
    volumes = () if stack in named.stacks else engine.volumes(stack)
    if stack not in named.stacks:
        _remove([volume.name for volume in volumes], engine.secrets(stack), named, engine)
    journal.drop(stack)
    return volumes


def discard_previous(
    entry: Promotion, *, engine: Engine, journal: Journal, canonicals: Canonicals
) -> None:
    """Remove what a replaced canonical kept; done twice, it does nothing more.

    Raises:
        HostFault: the engine cannot be used; the journal still has the entry.
        StateFault: a record cannot be read, and might name what would be removed.
    """
    named = check_all_read(canonicals)
    _remove(entry.discarded.volumes, entry.discarded.secrets, named, engine)
    journal.drop(entry.stack)


def discard_added(entry: QuickRun, named: Callable[[], Named], engine: Engine) -> None:
    """Remove what a quick run put into the canonical's stack besides what was there.

    ``named`` is asked for what records name only if there is something to remove.

    Raises:
        HostFault: the engine cannot be used.
        StateFault: ``named`` does not know.
    """
    volumes = {volume.name for volume in engine.volumes(entry.stack)} - set(entry.snapshots)
    secrets = set(engine.secrets(entry.stack)) - set(entry.secrets)
    if volumes or secrets:
        _remove(volumes, secrets, named(), engine)


def discard_copies(entry: QuickRun, canonicals: Canonicals, engine: Engine) -> None:
    """Remove the copies that a quick run has made of the canonical's volumes.

    No stack has a volume of such a name, so a record that cannot be read keeps none of them.

    Raises:
        HostFault: the engine cannot be used.
    """
    _remove(entry.snapshots.values(), (), named_as_far_as_read(canonicals), engine)


def named_as_far_as_read(canonicals: Canonicals) -> Named:
    """What the records name that can be read: enough for what this very run has made."""
    return named_by(canonicals.read_all().records.values())


def check_all_read(canonicals: Canonicals) -> Named:
    """What the records name, if nothing can be a canonical's without our knowing.

    Raises:
        StateFault: a record cannot be read, and nobody can say what it names.
    """
    found = canonicals.read_all()
    for problem in found.problems.values():
        raise StateFault(f"nothing is removed that this record may name: {problem}")
    return named_by(found.records.values())


def _remove(volumes: Iterable[str], secrets: Iterable[str], named: Named, engine: Engine) -> None:
    for volume in sorted(set(volumes) - named.volumes):
        engine.remove_volume(volume)
    for secret in sorted(set(secrets) - named.secrets):
        engine.remove_secret(secret)
