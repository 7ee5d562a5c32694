"""Which stacks of others are on their way from one state to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canon_sweep.engine.protocol import Converging
from canon_sweep.engine.swarm import facts, overlay
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.engine.swarm.facts import NAMESPACE, Service, Task

# `paused` and `completed` change no more by themselves
_UNDER_WAY = {
    "updating": "is being updated",
    "rollback_started": "is being rolled back",
}


def converging(docker: Docker) -> tuple[Converging, ...]:
    """The stacks that canon-sweep did not make and that are on their way, by name."""
    bodies = [body for body in docker.services(NAMESPACE) if not _is_ours(body)]
    # by their label: a service that is gone by now would be refused by its name
    tasks = docker.tasks_of(NAMESPACE)
    found: dict[str, str] = {}
    for body in sorted(bodies, key=lambda body: str(body["Spec"]["Name"])):
        stack = body["Spec"]["Labels"][NAMESPACE]
        service = facts.service(body, stack, tasks, {}, overlay.VERSION)
        why = awaited(service, is_job=_is_job(body))
        if why:
            found.setdefault(stack, f"service {service.name} {why}")
    return tuple(Converging(stack, why) for stack, why in sorted(found.items()))


def awaited(service: Service, *, is_job: bool = False) -> str:
    """Why a service is not yet what its definition says (empty: it is).

    A task that ended well counts as up where it may end; a job has to.
    """
    if service.update in _UNDER_WAY:
        return _UNDER_WAY[service.update]
    # whatever their definition: an update that is paused leaves old tasks, which are up
    done = len({task.slot for task in service.tasks if _is_up(task, service, is_job)})
    wanted = service.replicas
    if wanted is None:
        # where no node takes it there is no task, and nothing to wait for
        wanted = len({task.slot for task in service.tasks if task.wanted})
    if done >= wanted:
        return ""
    return f"has {done} of {wanted} tasks {'done' if is_job else 'up'}"


def _is_up(task: Task, service: Service, is_job: bool) -> bool:
    if task.state == "complete":
        return service.completes
    return task.state == "running" and task.wanted and not is_job


def _is_ours(body: Mapping[str, Any]) -> bool:
    return overlay.STACK in (body["Spec"].get("Labels") or {})


def _is_job(body: Mapping[str, Any]) -> bool:
    return any(mode.endswith("Job") for mode in body["Spec"].get("Mode") or {})
