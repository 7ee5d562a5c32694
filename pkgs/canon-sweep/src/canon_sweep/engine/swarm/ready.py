"""Is a stack ready, still coming, or failing?  Pure but for what it remembers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from canon_sweep.engine.swarm import failure, room
from canon_sweep.engine.swarm.facts import ENDED, Service, Task
from canon_sweep.engine.swarm.failure import GivenUp, given_up
from canon_sweep.errors import RecipeFault

_ROLLED_BACK = frozenset({"rollback_started", "rollback_paused", "rollback_completed"})
EVER = float("-inf")


class Limits(msgspec.Struct, frozen=True):
    """When to believe what is seen; all times in seconds.

    ``settle``: how long a container without a health check must have run.
    ``placing``: how long a global service may have no task until no node takes it.
    ``failures`` and ``patience``: how often one replica must have failed, and how
    long the stack must have been waited for, before it is given up early.
    ``unhealthy``: how often, if it was its health check that ended it each time; that has
    its own times, and needs no patience.
    ``relook``: how long an event that got lost can go unnoticed.
    ``undeploy``: how long the end of a stack may take; ``orphans``: after how
    long tasks and containers that Swarm forgot are removed by force, or forgotten.
    ``release``: how long a volume or secret may still be in use after that.
    ``registry``: how long a registry may say nothing while an image is fetched.
    """

    settle: float = 2.0
    placing: float = 5.0
    failures: int = 3
    unhealthy: int = 2
    patience: float = 20.0
    relook: float = 1.0
    undeploy: float = 120.0
    orphans: float = 40.0
    release: float = 30.0
    registry: float = 60.0


class Look(msgspec.Struct, frozen=True):
    """What is still waited for; look again after ``again`` seconds even without an event.

    ``of_host``: if this is the last look, it is not the recipe that was too slow; ``late`` is
    then the task whose log may tell why.
    """

    waiting: tuple[str, ...]
    again: float
    of_host: bool = False
    late: Task | None = None


class Readiness:
    """Judges one deployment, look by look.

    It remembers since when a failing service cannot be excused by another that is
    still coming up: without ``depends_on``, an application often dies a few times
    until its database answers.  And when it first saw a task, its end, and a container
    that runs: the engine's own stamps only order things, as its clock can be another.

    ``probed`` are the services that a probe asks; ``shared`` is whether the stack is on a
    network that others use too.
    """

    def __init__(
        self,
        expected: Iterable[str],
        version: str,
        node: str,
        limits: Limits,
        probed: Collection[str] = (),
        *,
        shared: bool = False,
    ) -> None:
        self._expected = tuple(expected)
        self._probed = probed
        self._shared = shared
        self._version = version
        self._node = node
        self._limits = limits
        self._first: float | None = None
        self._seen: dict[tuple[str, str], float] = {}
        self._alone_since: float | None = None

    def look(self, services: Sequence[Service], now: float) -> Look:
        """Say what is still waited for; ``now`` is of a clock that nobody sets.

        Raises:
            GivenUp: waiting longer would change nothing.
        """
        self._first = now if self._first is None else self._first
        self._note(services, now)
        if not services:  # a deploy makes all services before it returns
            raise GivenUp(RecipeFault("nothing of the stack is deployed"), None)
        present = {service.name: service for service in services}
        waiting, late, again = [], [], self._limits.relook
        for name in self._expected:
            service = present.get(name)
            why, soon = ("not created", None) if service is None else self._service(service, now)
            if why:
                waiting.append(f"{name}: {why}")
                late += [] if service is None else [service]
            again = min(again, again if soon is None else max(soon, 0.01))
        self._give_up_on_failing(late, now)
        if not waiting and not any(task.current for one in services for task in one.tasks):
            raise GivenUp(RecipeFault("nothing of the stack runs: no node takes it"), None)
        held = room.held_ports(services)
        of_host = any(room.is_held_up(one, held, shared=self._shared) for one in late)
        return Look(tuple(waiting), again, of_host, failure.present(late[0]) if late else None)

    def _note(self, services: Sequence[Service], now: float) -> None:
        for service in services:
            self._seen.setdefault(("service", service.name), now)
        for task in (task for service in services for task in service.tasks):
            self._seen.setdefault(("task", task.id), now)
            if task.state in ENDED:
                self._seen.setdefault(("end", task.id), now)
            if task.container is not None and task.container.running:
                self._seen.setdefault(("run", task.container.id), now)

    def _service(self, service: Service, now: float) -> tuple[str, float | None]:
        """Why a service is not ready (empty: it is) and when that may change by itself."""
        _check_update(service)
        self._check_exhausted(service, now)
        if service.version not in ("", self._version):
            return f"still version {service.version}", None
        done, missing, soon = 0, "", None
        # the others may only be on their way: a task that stays new waits for an address
        for slot in sorted(failure.newest_per_slot(service), key=lambda task: task.state != "new"):
            why, wait = self._task(slot, service, now)
            done += not why
            missing, soon = missing or why, wait if soon is None else soon
        if service.replicas is None and not any(t.current or t.wanted for t in service.tasks):
            # Swarm says nowhere that no node takes it
            left = self._seen["service", service.name] + self._limits.placing - now
            return ("", None) if left <= 0 else ("no task yet", left)
        wanted = service.replicas if service.replicas is not None else max(1, len(_slots(service)))
        if done < wanted:
            _check_image(service)
            why = f"{missing or 'no task yet'}{failure.history(service)}"
            return f"{done} of {wanted} up, {why}" if wanted > 1 else why, soon
        if service.update == "updating":
            return "update in progress", None
        if any(room.runs(task) for task in service.tasks if not task.current):
            return "the old version still runs", None
        return "", None

    def _task(self, task: Task, service: Service, now: float) -> tuple[str, float | None]:
        if task.state == "complete" and service.completes:
            return self._unfinished(task, service), None
        if task.state in ENDED or not task.wanted:
            return failure.end(task), None
        if task.node and task.node != self._node:
            return ("" if task.state == "running" else f"task {task.state}"), None
        container = task.container
        if container is None or not room.runs(task):
            return f"task {task.state}{f': {task.error}' if task.error else ''}", None
        if container.health:
            healthy = container.health == "healthy"
            why = f"runs, health is {container.health}{failure.health(task)}"
            return ("" if healthy else why), None
        left = self._seen["run", container.id] + self._settle(service) - now
        return ("" if left <= 0 else "has only just started"), left if left > 0 else None

    def _settle(self, service: Service) -> float:
        # what made Swarm stop an update may happen again: watch as long as it would have
        watch = service.monitor if service.update == "paused" else 0.0
        return max(self._limits.settle, watch)

    def _unfinished(self, task: Task, service: Service) -> str:
        """Why a task that ended with 0 is not the good end of a job (empty: it is)."""
        healthy = task.container is not None and task.container.health == "healthy"
        if service.checked and not healthy:
            return failure.end(task)
        why = service.asked or ("a probe asks it" if service.name in self._probed else "")
        return f"ended with exit code 0, but should answer: {why}" if why else ""

    def _check_exhausted(self, service: Service, now: float) -> None:
        for task in failure.newest_per_slot(service):
            why = self._lost(task, service)
            # Swarm takes a moment to make the next task of a service that has tries left
            if why and now - self._seen["end", task.id] > self._limits.relook / 2:
                raise given_up(f"service {service.name} failed for good: {why}", task)

    def _lost(self, task: Task, service: Service) -> str:
        """Why a task has failed and will have no successor (empty: it is not so)."""
        if task.state == "complete" and service.completes:
            return self._unfinished(task, service)
        return failure.end(task) if task.failed and not service.restarts else ""

    def _give_up_on_failing(self, late: Sequence[Service], now: float) -> None:
        """Look at the services that are not ready: ``failing`` ones and those that come up."""
        failing = [one for one in late if self._has_had_enough(one, EVER)]
        if self._alone_since is None or len(failing) < len(late):
            self._alone_since = now
        assert self._first is not None
        young = now - self._first < self._limits.patience
        since = EVER if len(failing) == len(self._expected) else self._alone_since
        lost = [one for one in failing if self._has_had_enough(one, since)]
        lost = [one for one in lost if not young or failure.only_unhealthy(one)]
        if lost:
            told = "; ".join(f"{one.name}: {_failing(one)}" for one in lost)
            noun = "service keeps" if len(lost) == 1 else "services keep"
            raise given_up(f"{noun} failing: {told}", failure.last(lost[0]))

    def _has_had_enough(self, service: Service, since: float) -> bool:
        """Whether its worst replica failed too often, of the tasks first seen after ``since``."""
        counts: dict[str, int] = {}
        for task in service.tasks:
            failed = task.failed or task.unhealthy
            if task.current and failed and self._seen["task", task.id] > since:
                counts[task.slot] = counts.get(task.slot, 0) + 1
        limits = self._limits
        most = limits.unhealthy if failure.only_unhealthy(service) else limits.failures
        return max(counts.values(), default=0) >= most


def _check_update(service: Service) -> None:
    failed = (task for task in service.tasks if task.failed)
    last = max(failed, key=lambda task: task.created, default=None)
    if room.blocks_itself(service):
        what = (
            f"service {service.name}: its update starts the new task first, which can never"
            " get the host's port that the old one has"
        )
        raise GivenUp(RecipeFault(what, do="let its update_config say order: stop-first"), None)
    # a task may fail on the way, as in a first deploy; what no new task replaces stays old
    half_way = service.update == "paused" and any(
        task.wanted and not task.current for task in service.tasks
    )
    if half_way or service.update in _ROLLED_BACK:
        what = f"service {service.name}: {_update(service)}"
        raise GivenUp(RecipeFault(what), last)


def _update(service: Service) -> str:
    return f"update {service.update.replace('_', ' ')}: {service.message}"


def _check_image(service: Service) -> None:
    last = failure.last(service)
    if last is not None and failure.lacks_image(last):
        raise given_up(f"service {service.name} cannot run here: {last.error}", last)


def _failing(service: Service) -> str:
    paused = f"{_update(service)}; " if service.update == "paused" else ""
    return paused + failure.end(failure.last(service))


def _slots(service: Service) -> set[str]:
    return {task.slot for task in service.tasks if task.wanted}
