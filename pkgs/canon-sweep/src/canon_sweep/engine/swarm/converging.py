"""Which stacks of others are on their way from one state to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def converging(docker: Docker, home: str) -> tuple[Converging, ...]:
    """The stacks that this canon-sweep did not make and that are on their way, by name.

    What another one deploys is a test that is under way; ``home`` is the mark of this one.
    """
    bodies = [body for body in docker.services(NAMESPACE) if not _is_ours(body, home)]
    # by their label: a service that is gone by now would be refused by its name
    tasks = docker.tasks_of(NAMESPACE)
    found: dict[str, str] = {}
    for body in sorted(bodies, key=lambda body: str(body["Spec"]["Name"])):
        stack = body["Spec"]["Labels"][NAMESPACE]
        service = facts.service(body, stack, of_now(tasks, body), {}, overlay.VERSION)
        why = awaited(service, is_job=is_job(body))
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


def of_now(tasks: Sequence[Mapping[str, Any]], body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The tasks without those of a job's earlier times, which are done and stay so."""
    return [task for task in tasks if _iteration(task) == _iteration(body.get("JobStatus") or {})]


def _iteration(of: Mapping[str, Any]) -> int | None:
    """Which time of a job that is, from 0 on; None for what is no job's."""
    found = of.get("JobIteration")
    return None if found is None else int(found.get("Index") or 0)


def _is_ours(body: Mapping[str, Any], home: str) -> bool:
    labels = body["Spec"].get("Labels") or {}
    # earlier versions gave no mark: what they left is a stray, and nobody's test
    return overlay.STACK in labels and labels.get(overlay.HOME) in (None, "", home)


def is_job(body: Mapping[str, Any]) -> bool:
    return any(mode.endswith("Job") for mode in body["Spec"].get("Mode") or {})
