"""What exists under a stack's name."""

from __future__ import annotations

import time

from canon_sweep.core import names
from canon_sweep.engine.protocol import App, Volume
from canon_sweep.engine.swarm import facts, log, volume, watch
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.engine.swarm.facts import NAMESPACE, Container, Service, Task
from canon_sweep.engine.swarm.failure import GivenUp
from canon_sweep.engine.swarm.overlay import STACK, VERSION
from canon_sweep.engine.swarm.ready import Limits, Look, Readiness
from canon_sweep.errors import HostFault, RecipeFault

# of a dump, a container
MAX_LINES = 2000
# of one that failed, in one sentence
LAST_LINES = 8
LAST_BYTES = 4096


def services(docker: Docker, stack: str) -> tuple[Service, ...]:
    """The stack's services with their tasks and containers."""
    found = docker.services(f"{NAMESPACE}={stack}")
    tasks = docker.tasks([body["ID"] for body in found])
    here = containers(docker, stack)
    return tuple(facts.service(body, stack, tasks, here, VERSION) for body in found)


def containers(docker: Docker, stack: str) -> dict[str, Container]:
    """The stack's containers on this node, each by the id of its task."""
    found = {}
    for short in docker.containers(label=f"{NAMESPACE}={stack}"):
        task = short["Labels"].get(facts.TASK)
        body = docker.container(short["Id"]) if task else None
        if task and body is not None:
            found[task] = facts.container(body)
    return found


def wait_ready(docker: Docker, app: App, limits: Limits, timeout: float) -> None:
    """Return as soon as every service of the app's version is up and healthy.

    Raises:
        RecipeFault: a service failed for good, or was not ready in time.
        HostFault: a service cannot run here, or found no room here in time.
    """
    node = docker.info()["Swarm"]["NodeID"]
    compose = app.source.compose
    readiness = Readiness(
        compose.services, app.version, node, limits, app.asked, shared=bool(compose.networks)
    )

    def look() -> Look:
        return readiness.look(services(docker, app.stack), time.monotonic())

    try:
        seen = watch.until(docker, app.stack, look, timeout)
    except GivenUp as end:
        end.fault.what += _said_by(docker, end.task)
        raise end.fault from None
    if seen.waiting:
        what = f"{app.stack} was not ready in {timeout:g} s: {'; '.join(seen.waiting)}"
        what += _said_by(docker, seen.late)
        raise HostFault(what) if seen.of_host else RecipeFault(what)


def container_of(docker: Docker, stack: str, service: str) -> str:
    """The container that now runs a service.

    Raises:
        RecipeFault: there is none.
    """
    present = [one for one in services(docker, stack) if one.name == service]
    tasks = [task for one in present for task in one.tasks if task.current and task.wanted]
    running = [
        (task.created, task.container.id)
        for task in tasks
        if task.container is not None and task.container.running
    ]
    if not running:
        raise RecipeFault(f"service {service} of {stack} does not run")
    return max(running)[1]


def leftovers(docker: Docker, stack: str) -> tuple[str, ...]:
    """Everything that exists under a stack's name, by kind."""
    label = f"{NAMESPACE}={stack}"
    found = [f"service {body['Spec']['Name']}" for body in docker.services(label)]
    found += [f"container {facts.container_name(body)}" for body in docker.containers(label=label)]
    found += [f"network {body['Name']}" for body in docker.networks(label)]
    found += [f"config {body['Spec']['Name']}" for body in docker.configs(label)]
    found += [f"volume {name}" for name in volume_names(docker, stack)]
    found += [f"secret {name}" for name in secret_names(docker, stack)]
    return tuple(sorted(found))


def volumes(docker: Docker, stack: str) -> tuple[Volume, ...]:
    """The stack's volumes with their sizes, as far as those are known, sorted by name."""
    bodies = (docker.volume(name) for name in volume_names(docker, stack))
    there = [body for body in bodies if body is not None]
    return tuple(Volume(body["Name"], volume.known_size(docker, body)) for body in there)


def volume_names(docker: Docker, stack: str) -> tuple[str, ...]:
    """The full names of the stack's volumes, sorted."""
    return tuple(
        sorted(
            body["Name"]
            for body in docker.volumes()
            if volume.belongs(body["Name"], body.get("Labels") or {}, stack)
        )
    )


def secret_names(docker: Docker, stack: str) -> tuple[str, ...]:
    """The full names of the stack's secrets, sorted."""
    specs = [body["Spec"] for body in docker.secrets()]
    return tuple(
        sorted(
            spec["Name"]
            for spec in specs
            if volume.belongs(spec["Name"], spec.get("Labels") or {}, stack)
        )
    )


def of_ours(docker: Docker) -> tuple[str, ...]:
    """The stacks with our label of which anything is left that an undeploy removes."""
    labels = [body["Spec"].get("Labels") for body in docker.services(STACK)]
    labels += [body.get("Labels") for body in docker.containers(label=STACK)]
    labels += [body.get("Labels") for body in docker.networks(STACK)]
    labels += [body["Spec"].get("Labels") for body in docker.configs(STACK)]
    return tuple(sorted({found[STACK] for found in labels if found and found.get(STACK)}))


def logs(docker: Docker, stack: str) -> str:
    """The end of what the stack's containers said, one after the other, oldest first."""
    bodies = docker.containers(label=f"{NAMESPACE}={stack}")
    bodies.sort(key=lambda body: int(body["Created"]))
    most = log.share(len(bodies))
    said = [
        (facts.container_name(body), docker.logs(body["Id"], MAX_LINES, most)) for body in bodies
    ]
    return log.dump(said)


def last_words(docker: Docker, stack: str, service: str) -> str:
    """The end of what a running service said, on one line; empty if there is nothing."""
    try:
        return _end_of(docker, container_of(docker, stack, service))
    except RecipeFault:
        return ""


def _said_by(docker: Docker, task: Task | None) -> str:
    words = _end_of(docker, task.container_id) if task and task.container_id else ""
    return f"; it said: {words}" if words else ""


def _end_of(docker: Docker, container: str) -> str:
    said = docker.logs(container, LAST_LINES, LAST_BYTES)
    lines = (" ".join(line.split()) for line in said.splitlines())
    return names.plain(" | ".join(line for line in lines if line)[-800:])
