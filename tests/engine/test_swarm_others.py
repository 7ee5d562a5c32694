"""When a service of somebody else's is on its way; no engine is needed."""

from __future__ import annotations

from typing import Any

import pytest

from canon_sweep.engine.swarm import facts
from canon_sweep.engine.swarm.converging import awaited
from canon_sweep.engine.swarm.facts import Service


def task(number: int, state: str = "running", wanted: str = "running", **over: Any) -> Any:
    """A task as the API shows it, by its slot."""
    return {
        "ID": f"t{number}{state}",
        "ServiceID": "s",
        "Slot": number,
        "NodeID": f"n{number}",
        "CreatedAt": "2026-01-02T03:04:05Z",
        "DesiredState": wanted,
        "Status": {"State": state},
        "Spec": {"ContainerSpec": {"Image": "x:1"}},
    } | over


def service(*tasks: Any, mode: Any = None, update: str = "", condition: str = "any") -> Service:
    """A service of two replicas, unless it has another mode."""
    template = {
        "ContainerSpec": {"Image": "x:1"},
        "RestartPolicy": {"Condition": condition},
    }
    spec = {
        "Name": "st_app",
        "TaskTemplate": template,
        "Mode": mode or {"Replicated": {"Replicas": 2}},
    }
    body = {"ID": "s", "Spec": spec, "UpdateStatus": {"State": update} if update else None}
    return facts.service(body, "st", tasks, {}, "version")


OLD: Any = {"Spec": {"ContainerSpec": {"Image": "x:0"}}}


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (service(task(1), task(2)), ""),
        (service(task(1)), "has 1 of 2 tasks up"),
        (service(task(1), task(2, "starting")), "has 1 of 2 tasks up"),
        (service(task(1), task(2, wanted="shutdown")), "has 1 of 2 tasks up"),
        (service(task(1), task(2, "failed", "shutdown"), task(2)), ""),
        (service(task(1), task(2), update="updating"), "is being updated"),
        (service(task(1), task(2), update="rollback_started"), "is being rolled back"),
        (service(task(1, **OLD), task(2), update="paused"), ""),
        (service(task(1, **OLD), update="paused"), "has 1 of 2 tasks up"),
        (service(task(1), task(2), update="rollback_completed"), ""),
        (service(task(1), task(2, "complete", "shutdown")), "has 1 of 2 tasks up"),
        (service(task(1), task(2, "complete", "shutdown"), condition="on-failure"), ""),
        (service(mode={"Replicated": {"Replicas": 0}}), ""),
        (service(mode={"Global": {}}), ""),
        (service(task(1), task(2, "pending"), mode={"Global": {}}), "has 1 of 2 tasks up"),
        (service(task(1), task(2, "shutdown", "shutdown"), mode={"Global": {}}), ""),
    ],
    ids=range(16),
)
def test_a_service_is_on_its_way_while_it_is_not_what_it_should_be(
    found: Service, why: str
) -> None:
    """By its tasks, whatever their definition, and by its update."""
    assert awaited(found) == why


def test_a_job_that_runs_is_on_its_way() -> None:
    """Only its end is what it is for."""
    job = {"ReplicatedJob": {"MaxConcurrent": 2, "TotalCompletions": 2}}

    assert awaited(service(task(1), mode=job), is_job=True) == "has 0 of 2 tasks done"
    done = (task(1, "complete", "complete"), task(2, "complete", "complete"))
    assert awaited(service(*done, mode=job), is_job=True) == ""
