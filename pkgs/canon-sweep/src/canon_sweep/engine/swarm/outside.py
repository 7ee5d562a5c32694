"""What a stack needs of the Swarm that it does not bring itself: networks, secrets, configs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from canon_sweep.core.shared import shared_by
from canon_sweep.engine.swarm.api import Body, Docker
from canon_sweep.engine.swarm.overlay import STACK
from canon_sweep.errors import HostFault, RecipeFault

if TYPE_CHECKING:
    from canon_sweep.core.compose import Compose


def check(docker: Docker, compose: Compose, stack: str) -> None:
    """See that everything external is there, and nobody's who would miss it.

    Raises:
        HostFault: something is not there; it names the command that makes it.
        RecipeFault: a secret or config belongs to another stack of ours.
    """
    for network in compose.networks:
        if docker.network(network) is None:
            raise HostFault(
                f"the external network {network} does not exist",
                do=f"docker network create --driver overlay --attachable {network}",
            )
    shared = shared_by(compose, stack)
    if shared.secrets:
        _check("secret", shared.secrets, docker.secrets())
    if shared.configs:
        _check("config", shared.configs, docker.configs())


def _check(kind: str, wanted: Iterable[str], bodies: Iterable[Body]) -> None:
    there = {body["Spec"]["Name"]: body["Spec"].get("Labels") or {} for body in bodies}
    for name in wanted:
        if name not in there:
            raise HostFault(
                f"the external {kind} {name} does not exist", do=f"docker {kind} create {name} FILE"
            )
        owner = there[name].get(STACK)
        if owner is not None:
            raise RecipeFault(
                f"the external {kind} {name} belongs to the stack {owner}, and no other is given it"
            )
