"""What Docker answers about services, tasks and containers, read as facts; no engine is needed."""

from __future__ import annotations

from typing import Any

import pytest

from canon_sweep.engine.swarm import facts
from canon_sweep.engine.swarm.facts import Container, Service


def inspected(health: dict[str, Any] | None = None, **state: Any) -> dict[str, Any]:
    """A container as `docker inspect` shows it, with a health check that has two tries."""
    plain = {"Running": True, "StartedAt": "2026-01-02T03:04:05.123456789Z", "Health": health}
    return {
        "Id": "c",
        "State": plain | state,
        "Config": {"Healthcheck": {"Retries": 2} if health else None},
    }


def checks(*codes: int, status: str = "unhealthy", streak: int = 0) -> dict[str, Any]:
    """The outcome of health checks with these exit codes."""
    log = [{"ExitCode": code, "Output": f"code {code}\n"} for code in codes]
    return {"Status": status, "FailingStreak": streak, "Log": log}


def service(task: dict[str, Any] | None = None, **over: Any) -> Service:
    """A service with no tasks, as the API shows it; ``over`` goes into its definition."""
    template = {"ContainerSpec": {"Image": "x:1"} | (task or {})}
    spec = {"Name": "st_app", "TaskTemplate": template, "Mode": {"Replicated": {"Replicas": 1}}}
    return facts.service({"ID": "s", "Spec": spec | over}, "st", [], {}, "version")


@pytest.mark.parametrize(
    ("called", "name"),
    [(["/app.1"], "app.1"), ([], "0123456789ab"), (None, "0123456789ab")],
)
def test_a_container_that_is_being_removed_may_have_no_name(
    called: list[str] | None, name: str
) -> None:
    """Its id is told instead."""
    assert facts.container_name({"Id": "0123456789abcdef", "Names": called}) == name


@pytest.mark.parametrize(
    ("body", "health"),
    [
        (inspected(), ""),
        (inspected({"Status": "none"}), ""),
        (inspected(checks(1, status="starting")), "starting"),
        (inspected(checks(1, 1, streak=2)), "unhealthy"),
        # an ended container's status is "unhealthy" whatever its checks had said
        (inspected(checks(1, streak=1), Running=False), "starting"),
        (inspected(checks(1, 1, streak=2), Running=False), "unhealthy"),
        (inspected(checks(0, 1, streak=1), Running=False), "healthy"),
        (inspected(checks(0, 1, 1, streak=2), Running=False), "unhealthy"),
    ],
)
def test_a_container_is_what_its_checks_said(body: dict[str, Any], health: str) -> None:
    """Also after its end."""
    assert facts.container(body).health == health


def test_the_last_failing_checks_output_is_kept() -> None:
    """In one line that cannot steer a terminal, and bounded."""
    health = checks(1, 0)
    health["Log"][0]["Output"] = "x" * 5000 + "\x1b[2J no\n database"

    said = facts.container(inspected(health)).said

    assert said.endswith("no database")
    assert said.isprintable()
    assert len(said) < 400


@pytest.mark.parametrize(
    "said", ["OCI runtime exec failed: exec failed: connection reset by peer", "", "\n"]
)
def test_a_check_that_could_not_be_run_tells_nothing(said: str) -> None:
    """Docker tries one more while a container ends, or cuts one off."""
    health = checks(1, -1)
    health["Log"][1]["Output"] = said

    assert facts.container(inspected(health)).said == "code 1"


def test_that_no_check_could_be_run_is_told() -> None:
    """When there is nothing else to tell."""
    health = checks(-1)
    health["Log"][0]["Output"] = "OCI runtime exec failed: exec failed: connection reset by peer"

    assert "connection reset" in facts.container(inspected(health)).said


@pytest.mark.parametrize(
    ("test", "checked"), [(["CMD", "true"], True), (["NONE"], False), ([], False)]
)
def test_a_health_check_is_known_by_its_definition(test: list[str], checked: bool) -> None:
    """One that is switched off is none."""
    assert service({"Healthcheck": {"Test": test}}).checked is checked


def test_an_images_own_health_check_is_known_by_its_container() -> None:
    """The definition does not have it."""
    task = {
        "ID": "t",
        "ServiceID": "s",
        "Status": {"State": "running", "Timestamp": "2026-01-02T03:04:05Z"},
        "DesiredState": "running",
        "CreatedAt": "2026-01-02T03:04:05Z",
        "Spec": {},
    }
    spec = {"Name": "st_app", "TaskTemplate": {"ContainerSpec": {}}}
    box = Container("c", running=True, health="starting", said="", out_of_memory=False, memory=0)

    found = facts.service({"ID": "s", "Spec": spec}, "st", [task], {"t": box}, "version")

    assert found.checked


@pytest.mark.parametrize(
    ("over", "asked"),
    [
        ({}, False),
        ({"EndpointSpec": {"Ports": [{"TargetPort": 80, "PublishMode": "host"}]}}, True),
        ({"EndpointSpec": {"Mode": "dnsrr"}}, False),
        ({"Labels": {"traefik.http.routers.x.rule": "Host(`x`)"}}, True),
        ({"Labels": {"traefik.enable": "true"}}, True),
        ({"Labels": {"traefik.enable": "false", "traefik.docker.network": "proxy"}}, False),
        ({"Labels": {"caddy": "x.org"}}, True),
        ({"task": {"Labels": {"traefik.tcp.routers.x.rule": "HostSNI(`*`)"}}}, True),
    ],
)
def test_a_definition_says_who_should_answer(over: dict[str, Any], asked: bool) -> None:
    """A published port, or a label by which a proxy sends requests there."""
    assert bool(service(**over).asked) is asked


def test_how_an_update_goes_on_is_read() -> None:
    """The order, how long it is watched, and which ports of the host are in its way."""
    ports = [
        {"TargetPort": 80, "PublishedPort": 8080, "PublishMode": "host", "Protocol": "tcp"},
        {"TargetPort": 81, "PublishedPort": 8081, "PublishMode": "ingress", "Protocol": "tcp"},
        {"TargetPort": 82, "PublishMode": "host", "Protocol": "udp"},
    ]
    config = {"Order": "start-first", "Monitor": 2_000_000_000}
    found = service(EndpointSpec={"Ports": ports}, UpdateConfig=config)

    assert found.host_ports == {"8080/tcp"}
    assert found.start_first
    assert found.monitor == 2.0
    assert not service().start_first
    assert service().monitor == 5.0


def test_a_kill_for_memory_is_read_with_the_limit() -> None:
    """Which of the two it was is told by the limit."""
    body = inspected(Running=False, OOMKilled=True) | {"HostConfig": {"Memory": 1024}}

    found = facts.container(body)

    assert found.out_of_memory
    assert found.memory == 1024
