"""How a service's tasks failed, in words, and whose fault that is.  Pure."""

from __future__ import annotations

import re

from canon_sweep.engine.swarm.facts import Service, Task
from canon_sweep.errors import Fault, HostFault, RecipeFault

# reasons for a task's end that say something about the host only
_NO_IMAGE = r"no such image|pull access denied|manifest unknown"
_OF_HOST = (
    r"no space left on device|cannot allocate memory|network .{0,300} not found"
    r"|context deadline exceeded"
)

# the exit code of what got SIGKILL
KILLED = 137


class GivenUp(Exception):
    """A stack that will not get ready: the fault, and the task whose log tells why."""

    def __init__(self, fault: Fault, task: Task | None) -> None:
        super().__init__(fault.what)
        self.fault = fault
        self.task = task


def given_up(what: str, task: Task | None) -> GivenUp:
    """The end of waiting because of a task: the host's fault if that is why the task ended."""
    of_host = task is not None and (lacks_image(task) or is_of_host(task))
    return GivenUp(HostFault(what) if of_host else RecipeFault(what), task)


def lacks_image(task: Task) -> bool:
    """Whether the task's image was not here: trying again cannot help."""
    return re.search(_NO_IMAGE, task.error, re.IGNORECASE) is not None


def is_of_host(task: Task) -> bool:
    """Whether it was the host that ended a task."""
    said = re.search(_OF_HOST, task.error, re.IGNORECASE) is not None
    return said or (killed(task) != "" and not _limit(task))


def killed(task: Task) -> str:
    """What killed a task that did not end by itself (empty: it was not killed).

    What has no limit of its own was killed by the host: its kernel, or its operator.
    """
    container = task.container
    if container is None or container.running or container.health == "unhealthy":
        return ""
    if container.out_of_memory:
        limit = f"its own memory limit of {container.memory / 1024**2:g} MiB"
        return f"killed by {limit}" if container.memory else "killed as the host had no memory left"
    if task.state == "failed" and task.exit_code == KILLED and not container.memory:
        return "killed from outside, as by a host that has no memory left"
    return ""


def _limit(task: Task) -> int:
    return task.container.memory if task.container is not None else 0


def newest_per_slot(service: Service) -> list[Task]:
    """The present task of each replica, as far as it is of the current definition."""
    newest: dict[str, Task] = {}
    for task in sorted(service.tasks, key=lambda task: (task.wanted, task.created)):
        if task.current:
            newest[task.slot] = task
    return list(newest.values())


def present(service: Service) -> Task | None:
    """The newest task of the current definition, or None."""
    return max(newest_per_slot(service), key=lambda task: task.created, default=None)


def last(service: Service) -> Task | None:
    """The last task of the current definition that failed, or None."""
    failed = (task for task in service.tasks if task.current and task.failed)
    return max(failed, key=lambda task: task.created, default=None)


def only_unhealthy(service: Service) -> bool:
    """Whether each failure of the current definition was its health check's verdict."""
    return all(task.unhealthy for task in service.tasks if task.current and task.failed)


def history(service: Service) -> str:
    """How often a service failed so far, to be added to what it waits for."""
    count = sum(task.current and task.failed for task in service.tasks)
    return f", failed {count} times: {end(last(service))}" if count > 1 else ""


def end(task: Task | None) -> str:
    """How a task ended."""
    if task is None:
        return "no task yet"
    told = task.error or f"task {task.state}"
    if task.exit_code and "exit" not in task.error:
        told = f"exit code {task.exit_code}{f', {task.error}' if task.error else ''}"
    why = killed(task)
    return told + (f", {why}" if why else "") + health(task)


def health(task: Task) -> str:
    """What is known of a task that is not healthy, to be added to what it does or did."""
    container = task.container
    if container is None or container.health in ("", "healthy"):
        return ""
    said = f", its health check said: {container.said}" if container.said else ""
    if container.running:
        return said
    never = container.health == "starting"
    return f", {'ended before it was healthy' if never else 'unhealthy'}{said}"
