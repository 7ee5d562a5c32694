"""Somebody who deploys stacks of his own on the Swarm that tests are run on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import docker

from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.facts import NAMESPACE

BUSYBOX = "canon-sweep/busybox:1"
RUNS = ["sleep", "1000"]
NEVER = ["node.labels.of-a-node-that-is-not-here==1"]
SECONDS = 30.0


class Neighbour:
    """Somebody who deploys stacks of his own here."""

    def __init__(self, host: str) -> None:
        self.client: Any = docker.APIClient(host, version="1.41")
        self.host = host
        self.engine = SwarmEngine(host)
        self.made: list[str] = []

    def deploys(
        self,
        stack: str | None = "traefik",
        service: str = "app",
        *,
        command: Sequence[str] = RUNS,
        where: Sequence[str] = (),
        condition: str = "any",
        mode: Any = None,
        labels: Mapping[str, str] | None = None,
        update: Any = None,
        healthcheck: Any = None,
    ) -> str:
        """A service of a stack, as `docker stack deploy` makes it; gives its id."""
        types: Any = docker.types
        task = types.TaskTemplate(
            types.ContainerSpec(
                BUSYBOX,
                command=list(command),
                stop_grace_period=10**9,
                healthcheck=healthcheck,
            ),
            placement=types.Placement(constraints=list(where)),
            restart_policy=types.RestartPolicy(condition, delay=10**8),
        )
        made = self.client.create_service(
            task,
            name=f"{stack}_{service}" if stack else service,
            labels=({NAMESPACE: stack} if stack else {}) | dict(labels or {}),
            mode=mode or types.ServiceMode("replicated", 1),
            update_config=update,
        )
        self.made.append(made["ID"])
        return str(made["ID"])

    def changes(self, service: str, **over: Any) -> None:
        """Change a service's tasks, all else as it is."""
        body = self.client.inspect_service(service)
        self.client.update_service(
            service,
            body["Version"]["Index"],
            name=body["Spec"]["Name"],
            task_template=body["Spec"]["TaskTemplate"] | over,
            fetch_current_spec=True,
        )

    def seen(self) -> dict[str, str]:
        """What the engine says of stacks that converge."""
        return {each.stack: each.why for each in self.engine.converging()}

    def until(self, is_so: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """Wait until it says so."""
        end = time.monotonic() + SECONDS
        while not is_so(seen := self.seen()):
            assert time.monotonic() < end, seen
            time.sleep(0.05)  # the Swarm has no event for a state that it has reached
        return seen

    def rests(self) -> None:
        """Wait until nothing is on its way, and see that it stays so."""
        self.until(lambda seen: not seen)
        time.sleep(0.5)
        assert self.seen() == {}

    def leaves(self) -> None:
        """Take everything along, and wait until it has gone: others count containers."""
        for service in self.made:
            self.client.remove_service(service)
        end = time.monotonic() + SECONDS
        ours = [f"com.docker.swarm.service.id={service}" for service in self.made]
        while left := [
            container
            for label in ours
            for container in self.client.containers(all=True, filters={"label": label})
        ]:
            assert time.monotonic() < end
            for container in left:
                # a job's stay for a while, once they have ended
                with suppress(docker.errors.APIError):
                    self.client.remove_container(container["Id"], force=True)
            time.sleep(0.05)  # a container that is taken away by somebody else
        self.client.close()
