"""Whether a stack that somebody else deployed is up and healthy, and if not, what it lacks."""

from __future__ import annotations

from canon_sweep.engine.swarm import facts, failure, overlay
from canon_sweep.engine.swarm import stack as swarm_stack
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.engine.swarm.converging import awaited, is_job, of_now
from canon_sweep.engine.swarm.facts import NAMESPACE, Service


def lacks(docker: Docker, stack: str) -> str:
    """What a stack lacks to be up and healthy, with its service; empty if it lacks nothing.

    Of a task on another node only Swarm's own word is known: it runs once it was healthy.
    """
    bodies = docker.services(f"{NAMESPACE}={stack}")
    if not bodies:
        return "it is not deployed"
    tasks = docker.tasks([body["ID"] for body in bodies])
    containers = swarm_stack.containers(docker, stack)
    runs = False
    for body in sorted(bodies, key=lambda body: str(body["Spec"]["Name"])):
        service = facts.service(body, stack, of_now(tasks, body), containers, overlay.VERSION)
        why = awaited(service, is_job=is_job(body)) or _unwell(service)
        if why:
            return f"its service {service.name} {why}"
        runs = runs or service.replicas != 0
    return "" if runs else "nothing of it runs: all its services have 0 replicas"


def _unwell(service: Service) -> str:
    """Why a service whose tasks all run does not do what it should (empty: it does)."""
    for task in service.tasks:
        if task.state != "running" or not task.wanted or task.container is None:
            continue
        if not task.container.running:
            return "has a task whose container has ended"
        if task.container.health not in ("", "healthy"):
            return f"is {task.container.health}{failure.health(task)}"
    return ""
