"""What was ended is gone, and stays away."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import docker
import pytest

from canon_sweep import interrupt
from canon_sweep.engine.swarm import removal
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.ready import Limits
from canon_sweep.errors import HostFault
from engine.contract import READY_SECONDS, Bench

pytestmark = pytest.mark.swarm

HELD = "held-1a2b3c_data"
BUSYBOX = "canon-sweep/busybox:1"


@pytest.fixture
def client(docker_host: str) -> Iterator[Any]:
    """The Docker API itself, to check what the engine says."""
    with closing(docker.APIClient(docker_host, version="1.41")) as client:
        yield client


# every state that a task goes through, and before it has any; the short ones are met by chance
MOMENTS = ("", "new", *["assigned"] * 2, *["preparing"] * 5, "starting", "running")


@pytest.mark.parametrize("networks", [[], ["proxy"]], ids=["own network", "shared network"])
def test_nothing_of_a_stack_comes_up_after_its_end(
    docker_host: str, client: Any, tmp_path: Path, networks: list[str]
) -> None:
    """Whenever it was ended: a task that was being prepared makes its container later."""
    began = time.time()

    with ThreadPoolExecutor() as pool:
        numbers = range(len(MOMENTS))
        ended = list(pool.map(lambda n: _ended_at(docker_host, tmp_path, n, networks), numbers))

    # as long as it takes an engine to make what it still has in hand
    for event in client.events(since=int(began), until=int(time.time()) + 4, decode=True):
        attributes = event["Actor"]["Attributes"]
        stack = str(attributes.get("com.docker.stack.namespace") or event["Actor"]["ID"])
        if (event["Type"], event["Action"]) in (("container", "create"), ("volume", "create")):
            late = [name for name, at in ended if name in stack and at < event["time"]]
            assert late == [], event
    for name, _ in ended:
        assert client.containers(all=True, filters={"name": name}) == []
        assert client.volumes(filters={"name": name})["Volumes"] == []


def _ended_at(host: str, folder: Path, number: int, networks: list[str]) -> tuple[str, float]:
    """Deploy a stack, end it when its task is at a moment; its name, and when it was gone."""
    stack = f"moment{number}-1a2b3c_ci_localhost"
    engine = SwarmEngine(host, limits=Limits(patience=0, settle=0.3))
    bench = Bench(engine, folder / f"recipe{number}", stack, f"moment{number}-1a2b3c.ci.localhost")
    app = bench.app(
        services={
            "app": {
                "image": BUSYBOX,
                "command": ["sleep", "1000"],
                "stop_grace_period": "1s",
                "networks": networks,
                "volumes": ["data:/data", "more:/more"],
            }
        },
        volumes={"data": None, "more": None},
        networks={name: {"external": True} for name in networks},
    )
    engine.prepare(app, READY_SECONDS)
    engine.deploy(app)
    with closing(docker.APIClient(host, version="1.41")) as client:
        _until_task_is(client, stack, MOMENTS[number])
        engine.undeploy(stack)
        gone = time.time() + 1  # events are stamped in whole seconds
    for volume in engine.volumes(stack):
        engine.remove_volume(volume.name)
    return stack, gone


def _until_task_is(client: Any, stack: str, moment: str) -> None:
    """Wait until a task of a stack has come so far; the engine has no event for it."""
    order = ["new", "allocated", "pending", "assigned", "accepted", "preparing", "ready"]
    order += ["starting", "running"]
    while moment:
        filters = {"label": f"com.docker.stack.namespace={stack}"}
        states = [task["Status"]["State"] for task in client.tasks(filters=filters)]
        if any(order.index(state) >= order.index(moment) for state in states):
            return


@pytest.fixture
def stalling(client: Any) -> Iterator[tuple[str, threading.Event]]:
    """An image that is here, of a registry that never answers; and whether that was called."""
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as registry, ExitStack() as calls:

        def listen() -> None:
            with suppress(OSError):  # the end of the test
                while True:
                    calls.enter_context(registry.accept()[0])
                    called.set()

        listening = threading.Thread(target=listen)
        listening.start()
        repository = f"127.0.0.1:{registry.getsockname()[1]}/busybox"
        client.tag(BUSYBOX, repository, "1")
        yield f"{repository}:1", called
        client.remove_image(f"{repository}:1")
        registry.shutdown(socket.SHUT_RDWR)
        listening.join()


def test_an_end_waits_for_what_is_being_prepared(
    docker_host: str, client: Any, tmp_path: Path, stalling: tuple[str, threading.Event]
) -> None:
    """Its service is gone at once, but its container may still be made."""
    image, called = stalling
    stack = "stall-1a2b3c_ci_localhost"
    engine = SwarmEngine(docker_host)
    bench = Bench(engine, tmp_path / "recipe", stack, "stall-1a2b3c.ci.localhost")
    engine.deploy(bench.app(services={"app": {"image": image, "stop_grace_period": "1s"}}))
    assert called.wait(READY_SECONDS)

    engine.undeploy(stack)

    tasks = client.tasks(filters={"label": f"com.docker.stack.namespace={stack}"})
    assert {task["Status"]["State"] for task in tasks} <= {"shutdown", "remove", "rejected"}


def stubborn(engine: SwarmEngine, folder: Path, name: str) -> Bench:
    """A stack that is up, ignores SIGTERM, and has two minutes of grace for that."""
    bench = Bench(engine, folder / "recipe", f"{name}-1a2b3c_ci_localhost", f"{name}.ci.localhost")
    command = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]
    service = {"image": BUSYBOX, "command": command, "stop_grace_period": "2m"}
    bench.up(bench.app(services={"app": service}))
    return bench


@pytest.fixture
def asked_to_end() -> Iterator[None]:
    """As in a run that has got a SIGTERM, and is taking down what it has up."""
    before = {number: signal.getsignal(number) for number in interrupt.SIGNALS}
    interrupt.install()
    with interrupt.Held():
        os.kill(os.getpid(), signal.SIGTERM)
        yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("asked_to_end")
def test_who_is_asked_to_end_waits_for_no_grace_period(docker_host: str, tmp_path: Path) -> None:
    """Its own half minute is over before that, and nothing of a broken-off test is kept."""
    engine = SwarmEngine(docker_host)
    bench = stubborn(engine, tmp_path, "calm")
    began = time.monotonic()

    engine.undeploy(bench.stack)

    assert time.monotonic() - began < 30
    assert engine.leftovers(bench.stack) == ()


def test_what_was_ended_to_save_the_disk_goes_at_once(docker_host: str, tmp_path: Path) -> None:
    """For a grace period's two minutes it would go on to fill it."""
    engine = SwarmEngine(docker_host)
    bench = stubborn(engine, tmp_path, "fill")
    with interrupt.Endable() as test:
        with pytest.raises(interrupt.EndedError):
            test.end("no room")
        began = time.monotonic()

        engine.undeploy(bench.stack)

    assert time.monotonic() - began < removal.HASTE
    assert engine.leftovers(bench.stack) == ()
    assert not interrupt.was_ended()


@pytest.fixture
def holder(client: Any) -> Iterator[str]:
    """A container that has a volume, which both go with the test."""
    client.create_volume(HELD)
    binds = client.create_host_config(binds=[f"{HELD}:/data"], network_mode="none")
    made = str(client.create_container(BUSYBOX, ["true"], host_config=binds)["Id"])
    yield made
    with suppress(docker.errors.NotFound):
        client.remove_container(made)
    with suppress(docker.errors.NotFound):
        client.remove_volume(HELD)


def test_a_volume_in_use_is_tried_again(
    docker_host: str, client: Any, holder: str, tmp_path: Path
) -> None:
    """Whatever holds it may only be on its way out."""
    engine = SwarmEngine(docker_host)
    letting_go = threading.Timer(1, lambda: client.remove_container(holder))
    letting_go.start()

    engine.remove_volume(HELD)

    letting_go.join()
    assert client.volumes(filters={"name": HELD})["Volumes"] == []


@pytest.mark.usefixtures("holder")
def test_a_volume_that_stays_in_use_is_told(docker_host: str, tmp_path: Path) -> None:
    """With what Docker says of it, after the limit."""
    engine = SwarmEngine(docker_host, limits=Limits(release=0.1))

    with pytest.raises(HostFault, match=f"volume {HELD} cannot be removed: .*in use"):
        engine.remove_volume(HELD)


def test_a_secret_in_use_is_told(docker_host: str, client: Any, tmp_path: Path) -> None:
    """As a volume is."""
    engine = SwarmEngine(docker_host, limits=Limits(release=0.1))
    secret = client.create_secret(HELD, b"sesame")
    given = docker.types.SecretReference(secret["ID"], HELD)
    task = docker.types.TaskTemplate(docker.types.ContainerSpec(BUSYBOX, secrets=[given]))
    service = client.create_service(task, name="held", mode={"Replicated": {"Replicas": 0}})
    try:
        with pytest.raises(HostFault, match=f"secret {HELD} cannot be removed: .*in use"):
            engine.remove_secret(HELD)
    finally:
        client.remove_service(service["ID"])
    engine.remove_secret(HELD)
