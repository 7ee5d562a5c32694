"""What is taken away from a Swarm, until it is gone for good."""

from __future__ import annotations

import time
from collections.abc import Callable

from canon_sweep import interrupt
from canon_sweep.engine.swarm import watch
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.engine.swarm.facts import HAS_CONTAINER, NAMESPACE, container_name
from canon_sweep.engine.swarm.ready import Limits, Look
from canon_sweep.errors import HostFault

# seconds: of a task's end the engine tells nobody
AGAIN = 0.25
# seconds that a service still has to end once we are asked to: we have thirty ourselves
HASTE = 10.0


def undeploy(docker: Docker, stack: str, limits: Limits) -> None:
    """End a stack and wait until nothing of it is left but volumes and secrets.

    Nothing of it comes up later either: a task that was being prepared when its service
    went makes its container, and its volumes, long after.

    Raises:
        HostFault: something is still there after the limit.
    """
    began = time.monotonic()

    def look() -> Look:
        took = time.monotonic() - began
        # a grace period may be minutes; nothing of a test that is broken off is kept
        stopped = took > HASTE and interrupt.reason() is not None
        # what has filled the disk would go on for as long as it is given
        hurried = stopped or interrupt.was_ended()
        left = _remove(docker, stack, forced=took > limits.orphans, hurried=hurried)
        return Look(left, AGAIN)

    waiting = watch.until(docker, stack, look, limits.undeploy).waiting
    if waiting:
        raise HostFault(
            f"{stack} is not gone after {limits.undeploy:g} s: {', '.join(waiting)}",
            do="remove it by hand, or restart the engine",
        )


def volume(docker: Docker, name: str, limits: Limits) -> None:
    """Remove a volume, as soon as nothing uses it any more; gone is gone.

    Raises:
        HostFault: something still uses it after the limit, or a service mounts it.
    """
    # without replicas, or between two tasks, it holds nothing that the engine sees
    user = _user(docker, name)
    if user:
        raise HostFault(f"volume {name} cannot be removed: {user}", do="end what uses it")
    _until_gone(docker, f"volume {name}", lambda: docker.remove_volume(name), limits)


def _user(docker: Docker, volume: str) -> str:
    """The service that mounts a volume, wherever its tasks are; empty if there is none."""
    for body in docker.services():
        mounts = body["Spec"]["TaskTemplate"].get("ContainerSpec", {}).get("Mounts") or ()
        if any(mount.get("Source") == volume and mount["Type"] == "volume" for mount in mounts):
            return f"service {body['Spec']['Name']} mounts it"
    return ""


def secret(docker: Docker, name: str, limits: Limits) -> None:
    """Remove a secret, as soon as nothing uses it any more; gone is gone.

    Raises:
        HostFault: something still uses it after the limit.
    """
    _until_gone(docker, f"secret {name}", lambda: docker.remove_secret(name), limits)


def _until_gone(docker: Docker, what: str, remove: Callable[[], str], limits: Limits) -> None:
    if not remove():
        return

    def look() -> Look:
        held = remove()
        return Look((held,) if held else (), limits.relook)

    waiting = watch.until(docker, "", look, limits.release).waiting
    if waiting:
        raise HostFault(f"{what} cannot be removed: {waiting[0]}", do="end what uses it")


def _remove(docker: Docker, stack: str, *, forced: bool, hurried: bool) -> tuple[str, ...]:
    """Remove what can be removed now; return what is still there.

    ``hurried``, containers that run are removed too; ``forced``, what is to come of tasks is
    not waited for any more either.
    """
    label = f"{NAMESPACE}={stack}"
    for body in docker.services(label):
        docker.remove_service(body["ID"])
    # asked before the containers: what has made its own by now shows it below
    tasks = () if forced else _unmade(docker, label)
    containers = docker.containers(label=label)
    for body in containers:
        # Swarm would remove an ended one too, but only seconds later
        if forced or hurried or body["State"] in ("exited", "dead"):
            docker.remove_container(body["Id"])
    if containers:
        # networks last: one that is still in use refuses to go
        return tuple(f"container {container_name(body)}" for body in containers)
    if tasks:
        return tasks
    held = [docker.remove_config(body["ID"]) for body in docker.configs(label)]
    networks = docker.networks(label)
    for body in networks:
        docker.remove_network(body["Id"])
    # seen again: a network of the Swarm leaves its node some time later
    left = [f"network {body['Name']}" for body in docker.networks(label)] if networks else []
    return (*filter(None, held), *left)


def _unmade(docker: Docker, label: str) -> tuple[str, ...]:
    """The tasks that may still make a container.

    Not those that have: one whose health is being waited for says that it starts until
    seconds after its container has gone.
    """
    states = {body["ID"]: str(body["Status"]["State"]) for body in docker.tasks_of(label)}
    left = {key: state for key, state in states.items() if state not in HAS_CONTAINER}
    return tuple(f"task {key} ({state})" for key, state in left.items())
