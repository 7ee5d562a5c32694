"""What is there on a Swarm, by labels: what has ours, and what has a stack's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
    """Stacks of which anything runs or is defined, other containers, volumes and secrets."""
    labels = [body["Spec"].get("Labels") or {} for body in docker.services(facts.NAMESPACE)]
    labels += [body["Spec"].get("Labels") or {} for body in docker.configs(facts.NAMESPACE)]
    labels += [body.get("Labels") or {} for body in docker.networks(facts.NAMESPACE)]
    containers = [(body, body.get("Labels") or {}) for body in docker.containers()]
    labels += [own for _, own in containers]
    # a container that is held for a copy is nobody's app
    alone = [
        f"container {facts.container_name(body)}"
        for body, own in containers
        if facts.NAMESPACE not in own and HOLDER not in own
    ]
    stacks = [f"stack {own[facts.NAMESPACE]}" for own in labels if facts.NAMESPACE in own]
    volumes = [f"volume {body['Name']}" for body in docker.volumes()]
    secrets = [f"secret {body['Spec']['Name']}" for body in docker.secrets()]
    return frozenset((*stacks, *alone, *volumes, *secrets))


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
