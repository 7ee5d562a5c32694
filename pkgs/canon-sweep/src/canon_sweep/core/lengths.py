"""Names that Swarm bounds, and whose fault it is when one is too long.

A deployment's stack has its domain in its name, and the recipe puts the stack's name
before its own.  Where a shorter domain would do, the settings are at fault.
"""

from __future__ import annotations

from collections.abc import Iterator

from canon_sweep.core import names
from canon_sweep.core.compose import Compose
from canon_sweep.core.composefile import given_name, is_external
from canon_sweep.errors import HostFault, RecipeFault

# `a.io`: no CI has a shorter one
SHORTEST_DOMAIN = 4


def check_lengths(compose: Compose, stack: str) -> None:
    """See that Swarm takes the names of everything that the stack brings.

    Raises:
        HostFault: not with this domain; it says how long one may be.
        RecipeFault: not with any domain.
    """
    for kind, full, longest in _bounded(compose, stack):
        if len(full) <= longest:
            continue
        what = f"{kind} {names.printable(full)} is longer than {longest} characters"
        count = full.count(stack)
        left = longest - (len(full) - count * len(stack))
        domain = left // count - names.LABEL if count else 0
        if domain < SHORTEST_DOMAIN:
            raise RecipeFault(what, do=f"give the {kind} a shorter name")
        raise HostFault(
            f"{what} because of the domain in it",
            do=f"choose a shorter domain in the settings: at most {domain} characters",
        )


def _bounded(compose: Compose, stack: str) -> Iterator[tuple[str, str, int]]:
    """Each name with its kind and the length that it may have."""
    for service in compose.services:
        yield "service", f"{stack}_{service}", names.LONGEST_SERVICE
    for secret in compose.secrets:
        yield "secret", secret.name, names.LONGEST_SECRET
    for kind in ("secret", "config"):
        for key, body in (compose.tree.get(f"{kind}s") or {}).items():
            if not is_external(body or {}):
                yield kind, given_name(body or {}) or f"{stack}_{key}", names.LONGEST_SECRET
