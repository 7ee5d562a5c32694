"""At which port a service is served, as its recipe tells the router of its host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from canon_sweep.core import names
from canon_sweep.core.service import pairs
from canon_sweep.errors import RecipeFault

if TYPE_CHECKING:
    from canon_sweep.core.compose import Compose

LABEL = "traefik.http.services.<name>.loadbalancer.server.port"
_LABEL = re.compile(r"traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port", re.IGNORECASE)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_ADVICE = "say the probe's service and port in the recipe's settings"


def served(compose: Compose, service: str | None) -> tuple[str, int]:
    """The service and the port that a router is told; ``service`` None is the only one that is.

    On a Swarm the router reads the labels below ``deploy``, and no others.

    Raises:
        RecipeFault: there is no such label, or more than one port to choose from.
    """
    ports = _ports(compose)
    if service is None:
        if len(ports) > 1:
            told = ", ".join(sorted(ports))
            raise RecipeFault(f"several services have a label {LABEL}: {told}", do=_ADVICE)
        if not ports:
            raise RecipeFault(f"no service has a label {LABEL}", do=_ADVICE)
        service = next(iter(ports))
    said = ports.get(service, set())
    if not said:
        raise RecipeFault(f"service {service} has no label {LABEL}", do=_ADVICE)
    if len(said) > 1:
        told = ", ".join(sorted(map(names.printable, said)))
        raise RecipeFault(f"service {service} has labels {LABEL} of {told}", do=_ADVICE)
    text = said.pop()
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise RecipeFault(
            f"service {service} has a label {LABEL} that is no port: {names.printable(text)}",
            do=_ADVICE,
        )
    return service, int(text)


def _ports(compose: Compose) -> dict[str, set[str]]:
    """What the labels of each service that runs say."""
    found: dict[str, set[str]] = {}
    for name, service in compose.services.items():
        deploy = compose.tree["services"][name].get("deploy") or {}
        labels = pairs(deploy.get("labels"), f"services.{name}: labels")
        for label, value in labels.items():
            if service.replicas and _LABEL.fullmatch(label):
                found.setdefault(name, set()).add((value or "").strip())
    return found
