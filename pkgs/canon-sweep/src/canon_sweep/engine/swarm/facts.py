"""What the Docker API answers about a stack's services, as values.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from canon_sweep.core import names

NAMESPACE = "com.docker.stack.namespace"
TASK = "com.docker.swarm.task.id"

FAILED = frozenset({"failed", "rejected"})
ENDED = FAILED | {"complete", "shutdown", "remove", "orphaned"}

# a task makes its container before it comes to any of these
HAS_CONTAINER = ENDED | {"starting", "running"}

DEFAULT_RETRIES = 3
DEFAULT_MONITOR = 5.0
MAX_SAID = 300
_NOT_RUN = "OCI runtime exec failed"

# what makes a proxy of the host send requests to a service
_ROUTER = re.compile(r"traefik\.(?:http|tcp|udp)\.routers\.|caddy(?:_\d+)?$")
_LONG_FRACTION = re.compile(r"(\.\d{6})\d+")


class Container(msgspec.Struct, frozen=True):
    """A container on this node.

    ``health`` is empty without a health check, and of an ended container what its checks
    had said so far; ``said`` is what the last failing check printed.  ``out_of_memory``
    is whether the kernel killed a process of it for memory, ``memory`` its own limit in
    bytes, 0 for none.
    """

    id: str
    running: bool
    health: str
    said: str
    out_of_memory: bool
    memory: int


class Task(msgspec.Struct, frozen=True):
    """One try to run one replica.

    ``current``: it was made from the service's present definition, so that it
    says something about the version under test.  ``created`` is the engine's own stamp,
    good to order its tasks and for nothing else.  ``container`` is None as long as there
    is none here.
    """

    id: str
    slot: str
    node: str
    state: str
    wanted: bool
    current: bool
    created: float
    error: str
    exit_code: int
    container_id: str
    container: Container | None

    @property
    def failed(self) -> bool:
        """Whether it ended as it should not have.

        A program that ends with 0 when it is stopped for being unhealthy is "complete" to
        Swarm, and yet failed.
        """
        return self.state in FAILED or (self.state == "complete" and self.unhealthy)

    @property
    def unhealthy(self) -> bool:
        """Whether its health check has given it up; Swarm stops it some seconds later."""
        return self.container is not None and self.container.health == "unhealthy"


class Service(msgspec.Struct, frozen=True):
    """A service with its tasks; ``name`` is the one in the compose file.

    ``replicas`` is None where Swarm decides (``mode: global``).  ``restarts`` is
    whether Swarm tries again without end, ``completes`` whether exit code 0 is
    a good end to it.  ``checked`` is whether there is a health check, of the recipe or of
    the image; ``asked`` says why the service should answer, if its definition tells.
    ``host_ports`` are those of the host that each task takes, e.g. ``80/tcp``; with
    ``start_first`` an update ends the old task last; ``monitor`` is for how many seconds
    it watches the new one.
    """

    name: str
    version: str
    replicas: int | None
    restarts: bool
    completes: bool
    checked: bool
    asked: str
    host_ports: frozenset[str]
    start_first: bool
    monitor: float
    update: str
    message: str
    tasks: tuple[Task, ...]


def service(
    body: Mapping[str, Any],
    stack: str,
    tasks: Iterable[Mapping[str, Any]],
    containers: Mapping[str, Container],
    version_label: str,
) -> Service:
    """Read a service, its tasks and (by task id) their containers."""
    spec = body["Spec"]
    update, config = body.get("UpdateStatus") or {}, spec.get("UpdateConfig") or {}
    policy = spec["TaskTemplate"].get("RestartPolicy") or {}
    condition = policy.get("Condition") or "any"
    replicas, job = _replicas(spec.get("Mode") or {})
    own = tuple(
        _task(task, spec["TaskTemplate"], containers.get(task["ID"]))
        for task in tasks
        if task["ServiceID"] == body["ID"]
    )
    return Service(
        name=spec["Name"].removeprefix(f"{stack}_"),
        version=(spec.get("Labels") or {}).get(version_label, ""),
        replicas=replicas,
        restarts=condition != "none" and not policy.get("MaxAttempts"),
        completes=job or condition != "any",
        checked=_declares_check(spec)
        or any(task.container and task.container.health for task in own),
        asked=_asked(spec),
        host_ports=_host_ports(spec),
        start_first=config.get("Order") == "start-first",
        monitor=int(config.get("Monitor") or 0) / 1e9 or DEFAULT_MONITOR,
        update=update.get("State", ""),
        message=names.plain(update.get("Message", "")),
        tasks=own,
    )


def container(body: Mapping[str, Any]) -> Container:
    """Read an inspected container."""
    state = body["State"]
    return Container(
        id=body["Id"],
        running=bool(state["Running"]) and not state.get("Restarting"),
        health=_health(body),
        said=_said(state.get("Health") or {}),
        out_of_memory=bool(state.get("OOMKilled")),
        memory=int((body.get("HostConfig") or {}).get("Memory") or 0),
    )


def container_name(body: Mapping[str, Any]) -> str:
    """What a listed container is called; by its id once its name is taken from it.

    That is the first step of its removal, and a removal may be stuck.
    """
    names_given = body.get("Names") or [body["Id"][:12]]
    return str(names_given[0]).strip("/")


def timestamp(text: str) -> float:
    """Seconds since 1970 of a time as Docker writes it; 0 for never."""
    # the year 1 stands for never, and Python reads six decimals
    if text.startswith("0001-"):
        return 0.0
    return datetime.fromisoformat(_LONG_FRACTION.sub(r"\1", text)).timestamp()


def _health(body: Mapping[str, Any]) -> str:
    state = body["State"]
    health = state.get("Health") or {}
    status = str(health.get("Status") or "none")
    if status == "none" or state["Running"]:
        return "" if status == "none" else status
    # an ended container is called unhealthy whatever its checks had said
    most = (body["Config"].get("Healthcheck") or {}).get("Retries") or DEFAULT_RETRIES
    if int(health.get("FailingStreak") or 0) >= most:
        return "unhealthy"
    passed = any(check["ExitCode"] == 0 for check in health.get("Log") or [])
    return "healthy" if passed else "starting"


def _said(health: Mapping[str, Any]) -> str:
    failing = [check for check in health.get("Log") or [] if check["ExitCode"] != 0]
    outputs = [str(check.get("Output") or "") for check in failing]
    # a check that meets its container at the start or end cannot be run, or is cut off before
    # it says a word, which tells nothing
    said = [output for output in outputs if output.strip()]
    telling = [output for output in said if not output.startswith(_NOT_RUN)] or said
    return names.plain(" ".join(telling[-1].split())[-MAX_SAID:]) if telling else ""


def _declares_check(spec: Mapping[str, Any]) -> bool:
    check = spec["TaskTemplate"]["ContainerSpec"].get("Healthcheck") or {}
    return bool((check.get("Test") or ["NONE"])[0] != "NONE")


def _host_ports(spec: Mapping[str, Any]) -> frozenset[str]:
    ports = (spec.get("EndpointSpec") or {}).get("Ports") or []
    return frozenset(
        f"{port['PublishedPort']}/{port.get('Protocol') or 'tcp'}"
        for port in ports
        if port.get("PublishMode") == "host" and port.get("PublishedPort")
    )


def _asked(spec: Mapping[str, Any]) -> str:
    ports = (spec.get("EndpointSpec") or {}).get("Ports") or []
    if ports:
        return f"it has the published port {ports[0].get('TargetPort')}"
    labels = (spec.get("Labels") or {}) | (
        spec["TaskTemplate"]["ContainerSpec"].get("Labels") or {}
    )
    for name, value in sorted(labels.items()):
        if _ROUTER.match(name) or (name == "traefik.enable" and value.lower() == "true"):
            return f"a router has it by the label {names.plain(name)}"
    return ""


def _task(
    body: Mapping[str, Any], template: Mapping[str, Any], container: Container | None
) -> Task:
    status = body["Status"]
    inside = status.get("ContainerStatus") or {}
    return Task(
        id=body["ID"],
        slot=str(body.get("Slot") or body.get("NodeID") or ""),
        node=body.get("NodeID", ""),
        state=status["State"],
        wanted=body["DesiredState"] not in ("shutdown", "remove"),
        current=_definition(body["Spec"]) == _definition(template),
        created=timestamp(body["CreatedAt"]),
        error=names.plain(status.get("Err", "")),
        exit_code=int(inside.get("ExitCode") or 0),
        container_id=inside.get("ContainerID", ""),
        container=container,
    )


def _replicas(mode: Mapping[str, Any]) -> tuple[int | None, bool]:
    if "Replicated" in mode:
        return int(mode["Replicated"].get("Replicas") or 0), False
    if "ReplicatedJob" in mode:
        return int(mode["ReplicatedJob"].get("TotalCompletions") or 1), True
    return None, "GlobalJob" in mode


def _definition(template: Mapping[str, Any]) -> Any:
    # Swarm itself keeps a task when only the placement changed, and the answer
    # about a task leaves out the runtime.
    ignored = ("Placement", "Runtime")
    return _without_empty({key: value for key, value in template.items() if key not in ignored})


def _without_empty(node: Any) -> Any:
    if isinstance(node, Mapping):
        cleaned = {key: _without_empty(value) for key, value in node.items()}
        return {key: value for key, value in cleaned.items() if value not in (None, {}, [], "", 0)}
    if isinstance(node, list):
        return [_without_empty(value) for value in node]
    return node
