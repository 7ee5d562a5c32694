"""Whether a service waits for room on the host, and who takes it up.  Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from canon_sweep.engine.swarm import failure
from canon_sweep.engine.swarm.facts import Service, Task

_PORT = r"(?i:port .{0,300}already in use)"
# why a task waits for a node, if another time it would not; a constraint is never met
_NO_ROOM = rf"(?i:insufficient resources)|{_PORT}"


def held_ports(services: Iterable[Service]) -> frozenset[str]:
    """The host's ports that a stack's own running tasks hold."""
    return frozenset(port for one in services if _runs(one) for port in one.host_ports)


def blocks_itself(service: Service) -> bool:
    """Whether an update can never go on: the old task, which ends last, has the new one's port."""
    old_runs = any(runs(task) for task in service.tasks if not task.current)
    waits = any(re.search(_PORT, task.error) for task in _without_place(service))
    return service.start_first and bool(service.host_ports) and old_runs and waits


def is_held_up(service: Service, held: Collection[str], *, shared: bool) -> bool:
    """Whether it is the host that keeps a service from being ready.

    ``held`` are the ports that the stack itself holds; ``shared`` is whether it is on a
    network that others use too.
    """
    last = failure.last(service)
    if last is not None and failure.is_of_host(last):
        return True
    own_port = not service.host_ports.isdisjoint(held)
    return any(
        # Swarm finds addresses first of all, and says nothing when a network has none left
        (task.state == "new" and shared)
        or (re.search(_NO_ROOM, task.error) and not (own_port and re.search(_PORT, task.error)))
        for task in _without_place(service)
    )


def runs(task: Task) -> bool:
    """Whether a task's container runs."""
    return task.container is not None and task.container.running


def _runs(service: Service) -> bool:
    return any(runs(task) for task in service.tasks)


def _without_place(service: Service) -> list[Task]:
    return [t for t in failure.newest_per_slot(service) if t.wanted and not t.container]
