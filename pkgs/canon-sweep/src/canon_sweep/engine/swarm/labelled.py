"""What is there on a Swarm, by labels: what has ours, and what has a stack's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from canon_sweep.core.stray import Kind, Maker, Thing
from canon_sweep.engine.swarm import facts, overlay
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.engine.swarm.volume import HOLDER


def things(docker: Docker, home: str) -> tuple[Thing, ...]:
    """Everything with our labels; ``home`` is the mark of this canon-sweep, if it has one."""
    found = (
        Thing(kind, name, labels[overlay.STACK], _maker(labels, home))
        for kind, name, labels in _all(docker)
        if labels.get(overlay.STACK)
    )
    return tuple(sorted(found))


def present(docker: Docker) -> frozenset[str]:
    """Stacks that have a service, other containers and networks, volumes, secrets, configs."""
    services = [body["Spec"].get("Labels") or {} for body in docker.services(facts.NAMESPACE)]
    stacks = {own[facts.NAMESPACE] for own in services}
    containers = [
        facts.container_name(body)
        for body in docker.containers()
        # a container that is held for a copy is nobody's app
        if _is_apart(body, stacks) and HOLDER not in (body.get("Labels") or {})
    ]
    # what `docker stack rm` leaves if it was quicker than the last task
    networks = [b["Name"] for b in docker.networks(facts.NAMESPACE) if _is_apart(b, stacks)]
    configs = [b["Spec"] for b in docker.configs(facts.NAMESPACE) if _is_apart(b["Spec"], stacks)]
    named = {
        "stack": stacks,
        "container": containers,
        "network": networks,
        "config": [spec["Name"] for spec in configs],
        "volume": [body["Name"] for body in docker.volumes()],
        "secret": [body["Spec"]["Name"] for body in docker.secrets()],
    }
    return frozenset(f"{kind} {name}" for kind, names in named.items() for name in names)


def _is_apart(body: Mapping[str, Any], stacks: Collection[str]) -> bool:
    """Whether something is of no stack, or of one that has no service any more."""
    return (body.get("Labels") or {}).get(facts.NAMESPACE) not in stacks


def _all(docker: Docker) -> Iterator[tuple[Kind, str, Mapping[str, str]]]:
    for body in docker.services(overlay.STACK):
        yield Kind.SERVICE, body["Spec"]["Name"], body["Spec"].get("Labels") or {}
    for body in docker.containers(label=overlay.STACK):
        yield Kind.CONTAINER, facts.container_name(body), body.get("Labels") or {}
    for body in docker.networks(overlay.STACK):
        yield Kind.NETWORK, body["Name"], body.get("Labels") or {}
    for body in docker.configs(overlay.STACK):
        yield Kind.CONFIG, body["Spec"]["Name"], body["Spec"].get("Labels") or {}
    for body in docker.volumes():
        yield Kind.VOLUME, body["Name"], body.get("Labels") or {}
    for body in docker.secrets():
        yield Kind.SECRET, body["Spec"]["Name"], body["Spec"].get("Labels") or {}


def _maker(labels: Mapping[str, str], home: str) -> Maker:
    said = labels.get(overlay.HOME)
    if not said:
        return Maker.UNSAID
    return Maker.US if said == home else Maker.ANOTHER
