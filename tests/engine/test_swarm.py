"""What only the Swarm engine promises; the rest is in `contract`."""

from __future__ import annotations

import errno
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from canon_sweep import process
from canon_sweep.core.oldimage import Stored
from canon_sweep.engine import content
from canon_sweep.engine.protocol import App
from canon_sweep.engine.swarm import facts, log, volume
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.ready import Limits
from canon_sweep.errors import HostFault, RecipeFault
from canon_sweep.process import Completed
from engine.contract import FAILS, READY_SECONDS, SOON, Bench, service
from engine.docker_host import DockerHost
from engine.installed import OWN
from engine.swarm_fixture import DockerHosts

pytestmark = pytest.mark.swarm

STACK = "swarm-1a2b3c_ci_localhost"
BUSYBOX = {"image": "canon-sweep/busybox:1", "stop_grace_period": "100ms"}


@pytest.fixture
def bench(docker_host: str, tmp_path: Path) -> Iterator[Bench]:
    """A recipe on the session's Swarm, cleaned away afterwards."""
    bench = _bench(docker_host, tmp_path)
    yield bench
    bench.clean()


@pytest.fixture
def client(docker_host: str) -> Iterator[Any]:
    """The Docker API itself, to check what the engine says."""
    client = docker.APIClient(docker_host, version="1.41")
    yield client
    client.close()


def _bench(host: str, folder: Path, limits: Limits | None = None) -> Bench:
    engine = SwarmEngine(host, limits=limits or Limits(patience=0, settle=0.3))
    return Bench(engine, folder / "recipe", STACK, "swarm-1a2b3c.ci.localhost")


def _shell(script: str, **over: Any) -> dict[str, Any]:
    return BUSYBOX | {"command": ["sh", "-c", script]} | over


def _unhealthy(version: str, **deploy: Any) -> dict[str, Any]:
    body = service(version)
    body["environment"] |= {"HEALTH": "file"}
    body["deploy"] |= deploy
    return body


def _labels(body: Any) -> dict[str, str]:
    return body.get("Labels") or {}


def test_readiness_is_noticed_at_once(
    bench: Bench, client: Any, record_property: Callable[[str, object], None]
) -> None:
    """Between 'healthy' and the return of wait_ready there are 0.3 s at most."""
    app = bench.app(services={"app": _unhealthy("1.0.0+1")})
    began = time.time()
    bench.engine.deploy(app)
    returned: list[float] = []

    def wait() -> None:
        bench.engine.wait_ready(app, READY_SECONDS)
        returned.append(time.time())

    waiter = threading.Thread(target=wait)
    waiter.start()
    _await_event(client, began, "container", action="start")
    bench.shell('touch "$DATA/healthy"')
    waiter.join(READY_SECONDS)

    (container,) = client.containers(filters={"label": f"{facts.NAMESPACE}={STACK}"})
    checks = client.inspect_container(container["Id"])["State"]["Health"]["Log"]
    healthy_at = min(facts.timestamp(one["End"]) for one in checks if one["ExitCode"] == 0)
    delay = returned[0] - healthy_at
    record_property("readiness_delay_seconds", round(delay, 3))
    assert 0 <= delay <= 0.3


def _await_event(client: Any, since: float, kind: str, **wanted: str) -> None:
    """Return at the first event of a kind with these attributes, past or to come."""
    filters = {"type": kind}
    for event in client.events(decode=True, since=int(since), filters=filters):
        attributes = event["Actor"]["Attributes"] | {"action": event["Action"]}
        if wanted.items() <= attributes.items():
            return


def test_an_old_version_that_still_runs_is_not_the_new_one(bench: Bench) -> None:
    """While the old task still answers, the update is not ready."""
    bench.up(bench.app("1.0.0+1"))
    update = {"order": "start-first", "monitor": "100ms"}
    app = bench.app("2.0.0+1", {"app": _unhealthy("2.0.0+1", update_config=update)})
    bench.engine.deploy(app)

    with pytest.raises(RecipeFault, match="app: runs, health is starting"):
        bench.engine.wait_ready(app, 3)


def test_a_rollback_is_a_failure(bench: Bench, client: Any) -> None:
    """A Swarm that is back at the old version is healthy, but not with the new one."""
    bench.up(bench.app("1.0.0+1"))
    body = service("2.0.0+1", command=["python3", "-c", FAILS])
    body["deploy"] |= {"update_config": {"failure_action": "rollback", "monitor": "2s"}}
    app = bench.app("2.0.0+1", {"app": body})
    began = time.time()
    bench.engine.deploy(app)

    with pytest.raises(RecipeFault, match="app: update rollback"):
        bench.engine.wait_ready(app, READY_SECONDS)

    _await_event(client, began, "service", **{"updatestate.new": "rollback_completed"})
    with pytest.raises(RecipeFault, match="app: update rollback completed"):
        bench.engine.wait_ready(app, READY_SECONDS)


def test_a_paused_update_is_a_failure(bench: Bench) -> None:
    """Swarm's default is to stop in the middle; that never clears by itself."""
    bench.up(bench.app("1.0.0+1"))
    body = service("2.0.0+1", command=["python3", "-c", FAILS])
    body["deploy"] |= {"update_config": {"failure_action": "pause", "monitor": "2s"}}
    app = bench.app("2.0.0+1", {"app": body})
    bench.engine.deploy(app)

    with pytest.raises(RecipeFault, match="app: update paused"):
        bench.engine.wait_ready(app, READY_SECONDS)


def test_a_service_that_may_not_restart_fails_at_once(docker_host: str, tmp_path: Path) -> None:
    """No patience is needed where Swarm itself does not try again."""
    bench = _bench(docker_host, tmp_path, Limits())
    worker = _shell(
        "echo no database here; exit 7", deploy={"restart_policy": {"condition": "none"}}
    )
    began = time.monotonic()
    try:
        with pytest.raises(RecipeFault, match=r"worker.*7.*no database here"):
            bench.up(bench.app(services={"worker": worker}))
        assert time.monotonic() - began < 10
    finally:
        bench.clean()


def test_last_words_cannot_steer_a_terminal(bench: Bench) -> None:
    """What a container said is shown with its escapes written out."""
    worker = _shell(
        "printf 'a\\tb\\033[2Jc\\n'; exit 7", deploy={"restart_policy": {"condition": "none"}}
    )

    with pytest.raises(RecipeFault, match=r"it said: a b\\x1b\[2Jc") as caught:
        bench.up(bench.app(services={"worker": worker}))

    assert str(caught.value).isprintable()


def test_a_log_without_bound_is_kept_in_bounds(bench: Bench) -> None:
    """Few lines can be many bytes: 6 of 3 MB each."""
    long = "head -c 3000000 /dev/zero | tr '\\0' x"
    script = f"for i in $$(seq 6); do {long}; echo; done; echo the end; sleep 600"
    bench.up(bench.app(services={"app": _shell(script)}))
    while "the end" not in bench.engine.logs(STACK):
        assert bench.shell("true") == ""  # it still runs
    tracemalloc.start()
    try:
        said = bench.engine.logs(STACK)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert said.endswith("| the end\n")
    assert len(said.encode()) <= log.MAX_DUMP
    assert peak < 16 * log.MAX_DUMP


def test_a_node_without_room_is_the_hosts_fault(bench: Bench) -> None:
    """What waits for memory or a port at the time limit says nothing about the recipe."""
    greedy = {"resources": {"reservations": {"memory": "100000G"}}}
    app = bench.app(services={"greedy": _shell("sleep 600", deploy=greedy)})
    bench.engine.deploy(app)

    with pytest.raises(HostFault, match="greedy: task pending: no suitable node"):
        bench.engine.wait_ready(app, 3)


def test_a_constraint_that_no_node_meets_is_the_recipes_fault(bench: Bench) -> None:
    """It would wait on an idle node as well."""
    picky = {"placement": {"constraints": ["node.labels.nowhere==1"]}}
    app = bench.app(services={"picky": _shell("sleep 600", deploy=picky)})
    bench.engine.deploy(app)

    with pytest.raises(RecipeFault, match="picky: task pending: no suitable node"):
        bench.engine.wait_ready(app, 3)


def test_start_first_with_a_port_of_the_host_is_the_recipes_fault(bench: Bench) -> None:
    """Such an update never goes on, on no host."""
    port = {"target": 80, "published": 18081, "mode": "host"}
    update = {"update_config": {"order": "start-first"}}
    first, second = (
        _shell("exec sleep 600", ports=[port], deploy=update, environment={"V": version})
        for version in "12"
    )
    bench.up(bench.app("1.0.0+1", {"app": first}))
    app = bench.app("2.0.0+1", {"app": second})
    bench.engine.deploy(app)

    with pytest.raises(RecipeFault, match=r"app: .*host's port.*stop-first"):
        bench.engine.wait_ready(app, READY_SECONDS)


def test_an_update_that_was_paused_by_a_first_failure_is_ready_in_the_end(
    bench: Bench, client: Any
) -> None:
    """As an app that needs its database may fail until that is back, in a first deploy too."""
    fails_once = "test -e /data/tried && exec sleep 600; touch /data/tried; usleep 300000; exit 1"
    update = {"failure_action": "pause", "monitor": "1s"}
    deploy = {"restart_policy": SOON, "update_config": update}
    more: dict[str, Any] = {"volumes": ["data:/data"], "deploy": deploy}
    bench.up(bench.app("1.0.0+1", {"app": _shell("exec sleep 600", **more)}))

    bench.up(bench.app("2.0.0+1", {"app": _shell(fails_once, **more)}))

    (body,) = client.services(filters={"label": f"{facts.NAMESPACE}={STACK}"})
    assert body["UpdateStatus"]["State"] == "paused"


def test_a_global_service_that_no_node_takes_is_converged(bench: Bench) -> None:
    """An agent for other nodes holds up nobody; but nothing at all is not ready."""
    nowhere = {"mode": "global", "placement": {"constraints": ["node.labels.nowhere==1"]}}
    agent = _shell("exec sleep 600", deploy=nowhere)
    bench.up(bench.app(services={"app": service("1.0.0+1"), "agent": agent}))
    bench.engine.undeploy(STACK)

    with pytest.raises(RecipeFault, match="nothing of the stack runs"):
        bench.up(bench.app(services={"agent": agent}))


def test_a_shared_network_that_ran_dry_is_the_hosts_fault(bench: Bench, client: Any) -> None:
    """The recipe would run on a host with addresses left."""
    pool = docker.types.IPAMPool(subnet="10.214.7.0/29")
    ipam = docker.types.IPAMConfig(pool_configs=[pool])
    client.create_network("narrow", driver="overlay", ipam=ipam)
    try:
        many = {"replicas": 8, "endpoint_mode": "dnsrr"}
        body = _shell("exec sleep 600", networks=["narrow"], deploy=many)
        networks = {"narrow": {"external": True, "name": "narrow"}}
        app = bench.app(services={"app": body}, networks=networks)
        bench.engine.deploy(app)

        with pytest.raises(HostFault, match=r"app: .*task new"):
            bench.engine.wait_ready(app, 6)
    finally:
        bench.clean()
        client.remove_network("narrow")


def test_a_container_that_its_own_limit_killed_is_red_and_says_so(bench: Bench) -> None:
    """The recipe gives it too little."""
    policy = {"resources": {"limits": {"memory": "16M"}}, "restart_policy": {"condition": "none"}}
    # a busy machine may take its time to kill it, in which it is not to look ready
    never = {"test": ["CMD", "false"], "interval": "1s", "retries": 10000}
    greedy = _shell("exec tail /dev/zero", deploy=policy, healthcheck=never)

    with pytest.raises(RecipeFault, match=r"greedy .*own memory limit of 16 MiB"):
        bench.up(bench.app(services={"greedy": greedy}))


def test_a_container_that_was_killed_from_outside_is_the_hosts_fault(
    bench: Bench, client: Any
) -> None:
    """As the kernel does it when the host has no memory left."""
    began = time.time()
    policy = {"restart_policy": {"condition": "none"}}
    app = bench.app(services={"victim": _shell("exec sleep 600", deploy=policy)})
    bench.engine.deploy(app)
    name = {"com.docker.swarm.service.name": f"{STACK}_victim"}
    _await_event(client, began, "container", action="start", **name)
    (body,) = client.containers(filters={"label": f"{facts.NAMESPACE}={STACK}"})
    client.kill(body["Id"], signal="KILL")

    with pytest.raises(HostFault, match="killed from outside"):
        bench.engine.wait_ready(app, READY_SECONDS)


def test_a_command_without_an_exit_code_is_the_recipes_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its container ended while it ran."""

    class Client:
        def exec_create(self, *_: object) -> dict[str, str]:
            return {"Id": "x"}

        def exec_start(self, *_: object, **__: object) -> list[bytes]:
            return []

        def exec_inspect(self, _: str) -> dict[str, None]:
            return {"ExitCode": None}

    engine = Docker("unix:///nowhere")
    monkeypatch.setitem(engine.__dict__, "_client", Client())

    with pytest.raises(RecipeFault, match="cut off"):
        engine.execute("container", ["true"])


def test_a_task_that_is_done_is_ready(bench: Bench) -> None:
    """A service that runs once, such as a migration, is complete with exit code 0."""
    once = _shell("exit 0", deploy={"restart_policy": {"condition": "none"}})

    bench.up(bench.app(services={"once": once, "app": service("1.0.0+1")}))

    assert bench.ask("/version") == "1.0.0+1"


POLITE = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
NEVER_HEALTHY = {
    "test": ["CMD-SHELL", "echo no database; exit 1"],
    "interval": "100ms",
    "retries": 2,
}


@pytest.mark.parametrize("condition", ["any", "on-failure", "none"])
def test_what_is_stopped_for_its_health_is_red_though_it_ends_with_0(
    bench: Bench, condition: str
) -> None:
    """Swarm calls such a task complete; the operator is told what its check said."""
    policy = {"restart_policy": SOON | {"condition": condition}}
    worker = _shell(POLITE, healthcheck=NEVER_HEALTHY, deploy=policy)

    with pytest.raises(RecipeFault, match=r"worker.*unhealthy.*no database"):
        bench.up(bench.app(services={"worker": worker}))


def test_a_job_that_was_healthy_before_it_ended_is_done(bench: Bench, client: Any) -> None:
    """What its health check said is known also of an ended container."""
    check = {"test": ["CMD", "true"], "interval": "100ms"}
    policy = {"restart_policy": {"condition": "on-failure"}}
    script = "while [ ! -e /tmp/done ]; do sleep 0.1; done"
    app = bench.app(services={"app": _shell(script, healthcheck=check, deploy=policy)})
    began = time.time()
    bench.up(app)
    bench.shell("touch /tmp/done")
    _await_event(client, began, "container", action="die")

    bench.engine.wait_ready(app, READY_SECONDS)


def test_a_server_that_ends_with_0_is_red(bench: Bench) -> None:
    """It publishes a port: whatever its policy, it should answer there."""
    port = {"target": 80, "published": 18080, "mode": "host"}
    policy = {"restart_policy": {"condition": "on-failure"}}

    with pytest.raises(RecipeFault, match=r"server .*exit code 0.*published port 80"):
        bench.up(bench.app(services={"server": _shell("exit 0", ports=[port], deploy=policy)}))


def test_a_crash_soon_after_the_start_is_not_ready(bench: Bench) -> None:
    """Without a health check, having started is not enough."""
    worker = _shell("usleep 100000; exit 1", deploy={"restart_policy": SOON})

    with pytest.raises(RecipeFault, match="worker"):
        bench.up(bench.app(services={"worker": worker}))


def test_global_services_and_replicas_are_waited_for(bench: Bench, client: Any) -> None:
    """All replicas, not just the first."""
    sleeper = {"command": ["sleep", "600"], "image": "canon-sweep/busybox:1"}
    many = sleeper | {"stop_grace_period": "0s", "deploy": {"replicas": 3}}
    everywhere = sleeper | {"stop_grace_period": "0s", "deploy": {"mode": "global"}}

    bench.up(bench.app(services={"many": many, "everywhere": everywhere}))

    running = client.containers(filters={"label": f"{facts.NAMESPACE}={STACK}"})
    assert len(running) == 4


def test_an_image_that_cannot_be_had_is_the_hosts_fault(bench: Bench) -> None:
    """A registry that is down says nothing about the recipe."""
    app = bench.app(services={"app": {"image": "registry.invalid/nobody/nothing:1"}})

    with pytest.raises(HostFault, match=r"registry\.invalid/nobody/nothing:1"):
        bench.engine.prepare(app, 30)


def test_a_hostile_image_cannot_steer_a_terminal(bench: Bench) -> None:
    """Its name is shown with its escapes written out."""
    app = bench.app(services={"app": {"image": "registry.invalid/a\x1b[2Jb"}})

    with pytest.raises((HostFault, RecipeFault)) as caught:
        bench.engine.prepare(app, 30)

    assert str(caught.value).isprintable()


def test_an_image_that_is_gone_at_the_deploy_is_the_hosts_fault(bench: Bench) -> None:
    """An image that was evicted between prepare and deploy is no red either."""
    app = bench.app(services={"app": {"image": "registry.invalid/nobody/nothing:1"}})
    bench.engine.deploy(app)

    with pytest.raises(HostFault, match="No such image"):
        bench.engine.wait_ready(app, READY_SECONDS)


def test_a_missing_external_network_is_the_hosts_fault(bench: Bench) -> None:
    """The operator is told which network to make."""
    app = bench.app(networks={"gone": {"external": True, "name": "nowhere"}})

    with pytest.raises(HostFault, match="nowhere"):
        bench.engine.prepare(app, 30)


def test_secrets_are_made_once_and_kept(bench: Bench, client: Any) -> None:
    """A database keeps its first password; so must the stack."""
    body = service("1.0.0+1") | {"secrets": ["pw"]}
    name = f"{STACK}_pw_v1"
    top: dict[str, Any] = {
        "secrets": {"pw": {"external": True, "name": "${STACK_NAME}_pw_${SECRET_PW_VERSION}"}}
    }
    bench.source.mkdir(exist_ok=True)
    (bench.source / ".env.sample").write_text("SECRET_PW_VERSION=v1 # length=20 charset=hex\n")
    app = bench.app(services={"app": body}, **top)
    bench.up(app)
    first = bench.shell("cat /run/secrets/pw")
    (made,) = client.secrets(filters={"name": name})
    bench.engine.undeploy(STACK)
    assert bench.engine.leftovers(STACK) == (f"secret {name}", f"volume {STACK}_data")

    bench.up(app)

    assert len(first) == 20
    assert set(first) <= set("0123456789abcdef")
    assert bench.shell("cat /run/secrets/pw") == first
    assert bench.engine.secrets(STACK) == (name,)
    assert _labels(made["Spec"])["canon-sweep.stack"] == STACK


def test_everything_we_make_has_our_labels(bench: Bench, client: Any) -> None:
    """What is ours can be told from what is not, whatever is left of a stack."""
    bench.up(bench.app("1.0.0+1", env={}))
    label = {"label": f"canon-sweep.stack={STACK}"}
    ours = [*client.services(filters=label), *client.configs(filters=label)]

    assert {one["Spec"]["Name"] for one in ours} == {f"{STACK}_app", f"{STACK}_program_v1"}
    assert all(_labels(one["Spec"])["canon-sweep.version"] == "1.0.0+1" for one in ours)
    others = [*client.containers(filters=label), *client.networks(filters=label)]
    others += client.volumes(filters=label)["Volumes"]
    assert len(others) == 3
    assert all(_labels(one)["canon-sweep.recipe"] == "note" for one in others)


def test_what_is_not_ours_is_never_listed(bench: Bench, client: Any) -> None:
    """Cleaning up after a crash cannot hit somebody else's stack."""
    client.create_volume(f"{STACK}_foreign", labels={facts.NAMESPACE: STACK})
    client.create_network("foreign", driver="overlay", labels={facts.NAMESPACE: "foreign"})
    try:
        assert bench.engine.volumes_of_ours() == ()
        assert bench.engine.stacks_of_ours() == ()
    finally:
        client.remove_network("foreign")


def test_a_service_that_did_not_change_is_left_running(bench: Bench, client: Any) -> None:
    """Our labels do not make an update larger than it is in production."""
    sleeper = BUSYBOX | {"command": ["sleep", "600"], "volumes": ["db:/db"]}
    volumes = {"data": None, "db": None}
    label = {"label": f"com.docker.swarm.service.name={STACK}_db"}
    bench.up(bench.app("1.0.0+1", {"app": service("1"), "db": sleeper}, volumes=volumes))
    (before,) = client.containers(filters=label)

    bench.up(bench.app("2.0.0+1", {"app": service("2"), "db": sleeper}, volumes=volumes))

    (after,) = client.containers(filters=label)
    assert after["Id"] == before["Id"]
    assert bench.ask("/version") == "2"


def test_the_overlay_keeps_what_the_recipe_says_of_a_volume(bench: Bench, client: Any) -> None:
    """A volume keeps its driver options and labels when ours are added."""
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=${SIZE}"}
    data = {"driver_opts": options, "labels": ["mine=1"], "name": "${STACK_NAME}_data"}

    bench.up(bench.app(env={"SIZE": "1m"}, volumes={"data": data}))

    made = client.inspect_volume(f"{STACK}_data")
    assert made["Options"] == {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
    assert _labels(made)["mine"] == "1"
    assert _labels(made)["canon-sweep.stack"] == STACK
    bench.engine.undeploy(STACK)
    with pytest.raises(HostFault, match="driver options"):
        bench.engine.clone_volume(f"{STACK}_data", f"{STACK}2_data")


def test_nothing_is_left_of_a_stack_by_dockers_own_account(bench: Bench, docker_host: str) -> None:
    """Teardown is checked with the command an operator would use."""
    bench.up(bench.app())

    bench.engine.undeploy(STACK)

    for listing in (["ps", "-aq"], ["network", "ls", "-q"], ["service", "ls", "-q"]):
        label = f"label={facts.NAMESPACE}={STACK}"
        assert _docker(docker_host, *listing, "--filter", label) == ""
    assert _docker(docker_host, "config", "ls", "-q") == ""


@pytest.fixture
def hoarder(client: Any) -> Iterator[str]:
    """An image that asks for a volume without a name."""
    made = client.create_container("canon-sweep/busybox:1", ["true"])["Id"]
    client.commit(made, "canon-sweep/hoarder", "1", changes=["VOLUME /hoard"])
    client.remove_container(made)
    yield "canon-sweep/hoarder:1"
    client.remove_image("canon-sweep/hoarder:1", force=True)


@pytest.mark.parametrize("orphans", [0.0, 40.0])
def test_volumes_without_a_name_do_not_outlive_their_stack(
    docker_host: str, tmp_path: Path, client: Any, hoarder: str, orphans: float
) -> None:
    """Of images with ``VOLUME``: those of running, ended, failed and replaced containers."""
    limits = Limits(patience=0, settle=1.5, orphans=orphans)
    bench = _bench(docker_host, tmp_path, limits)
    # who does not wait for tasks that are to come is not to have any
    thrice = {"restart_policy": SOON | {"max_attempts": 2}}
    fails = _shell("exit 1", image=hoarder, deploy=thrice)
    once = _shell("exit 0", image=hoarder, deploy={"restart_policy": {"condition": "none"}})
    runs = _shell("sleep 600", image=hoarder, stop_grace_period="0s")
    before = {body["Name"] for body in client.volumes()["Volumes"] or []}
    try:
        app = bench.app(services={"app": service("1"), "runs": runs, "once": once})
        bench.up(app)
        assert len(client.volumes()["Volumes"]) >= len(before) + 3
        runs["environment"] = {"CHANGED": "1"}
        with pytest.raises(RecipeFault, match="fails"):
            bench.up(bench.app("2", services={"app": service("2"), "runs": runs, "fails": fails}))

        bench.engine.undeploy(STACK)

        after = {body["Name"] for body in client.volumes()["Volumes"] or []}
        assert after - before == {f"{STACK}_data"}
    finally:
        bench.clean()


def test_a_volume_that_is_read_through_a_container_leaves_no_other(
    bench: Bench, client: Any, hoarder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The container that holds it is of any image, also of one that asks for a volume."""
    bench.up(bench.app())
    bench.engine.undeploy(STACK)
    found = client.inspect_image(hoarder)
    monkeypatch.setattr(Docker, "images", lambda _: [found])
    monkeypatch.setattr(Docker, "is_here", False)
    before = client.volumes()["Volumes"]

    bench.engine.volume_digest(f"{STACK}_data")

    assert client.volumes()["Volumes"] == before


def _docker(host: str, *words: str) -> str:
    command = ["docker", "-H", host, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_both_ways_to_clone_and_to_measure_give_the_same(
    bench: Bench, client: Any, docker_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A volume that can only be reached through the API is copied as exactly."""
    bench.up(bench.app())
    bench.shell(
        'cd "$DATA" && mkdir -m 2750 d && echo hello > d/f && chmod 4640 d/f && chown 7:8 d/f'
        " && ln d/f d/same && ln -s d/f l && touch -d 2001-02-03 d/f d && chown 9:9 ."
        " && head -c 100000 /dev/urandom > big && chmod 1777 . && touch -d 2002-03-04 ."
    )
    bench.engine.undeploy(STACK)
    engine = Docker(docker_host)
    names = []
    for name, through_api in (("direct", False), ("api", True)):
        names.append(f"{STACK}2_{name}")
        volume.clone(engine, f"{STACK}_data", names[-1], through_api=through_api)
    found = [client.inspect_volume(name) for name in (f"{STACK}_data", *names)]

    original, direct, api = (_tree(Path(one["Mountpoint"])) for one in found)

    assert direct == original
    assert api == original
    sizes = {volume.size(engine, one) for one in found}
    sizes.add(volume.size(engine, found[0] | {"Mountpoint": "/nowhere"}))
    assert sizes == {100_006}
    assert volume.digest(engine, names[0]) == volume.digest(engine, f"{STACK}_data")
    with monkeypatch.context() as patch:
        patch.setattr(Docker, "is_here", False)
        far = {volume.digest(engine, name) for name in (f"{STACK}_data", *names)}
    assert len(far) == 1
    for name in names:
        bench.engine.remove_volume(name)
    assert client.containers(all=True) == []


def test_a_volume_whose_size_nobody_can_say_is_none_that_is_empty(
    bench: Bench, client: Any
) -> None:
    """As one of a share that is down; what is known by its name can be removed."""
    nowhere = {"type": "none", "o": "bind", "device": "/nowhere/at/all"}
    client.create_volume(f"{STACK}_data", driver_opts=nowhere)

    (found,) = bench.engine.volumes(STACK)

    assert (found.name, found.bytes) == (f"{STACK}_data", None)
    bench.engine.remove_volume(found.name)
    assert bench.engine.leftovers(STACK) == ()


def _tree(root: Path) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        info = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else ""
        content = path.read_bytes().hex() if path.is_file() else content
        links = info.st_nlink if path.is_file() else 0
        shape = (info.st_mode, info.st_uid, info.st_gid, int(info.st_mtime), links, content)
        found[str(path.relative_to(root))] = shape
    return found


def test_a_copy_through_the_api_is_on_disk(
    bench: Bench, docker_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is made directly: the record that names it must not outlive it."""
    bench.up(bench.app())
    bench.engine.undeploy(STACK)
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(volume, "_run", lambda *command: ran.append(command))

    volume.clone(Docker(docker_host), f"{STACK}_data", f"{STACK}2_data", through_api=True)

    ((program, *_, folder),) = ran
    assert program == "sync"
    assert f"{STACK}2_data" in folder


@pytest.mark.parametrize(
    ("home", "stays"), [("f" * 16, True), ("0" * 16, False), ("", False)], ids=["his", "ours", "?"]
)
def test_what_another_canon_sweep_copies_through_is_left_to_it(
    docker_host: str, client: Any, home: str, stays: bool
) -> None:
    """Its copy would break off; a killed run's of ours goes, and one of nobody knows whom."""
    client.create_volume(f"{STACK}_data")
    try:
        his = Docker(docker_host, home)
        held = his.create_holder(str(BUSYBOX["image"]), f"{STACK}_data", "/x", volume.HOLDER)

        volume.remove_stale_holders(Docker(docker_host, "0" * 16))

        assert [body["Id"] for body in client.containers(all=True)] == [held] * stays
    finally:
        for body in client.containers(all=True):
            client.remove_container(body["Id"])
        client.remove_volume(f"{STACK}_data")


def test_a_disk_that_cannot_be_read_is_the_hosts_fault(
    bench: Bench, docker_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EIO is no crash of ours and no red recipe; and a size is unknown then, never zero."""

    def fail(_: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    bench.up(bench.app())
    bench.engine.undeploy(STACK)
    monkeypatch.setattr(volume, "_walk", fail)
    monkeypatch.setattr(content, "digest_of", fail)

    with pytest.raises(HostFault, match=f"{STACK}_data cannot be read.*Input/output error"):
        volume.digest(Docker(docker_host), f"{STACK}_data")
    assert [each.bytes for each in bench.engine.volumes(STACK)] == [None]


def test_a_volume_in_use_is_not_replaced(bench: Bench) -> None:
    """A clone onto a running stack's volume is refused, and so is one from it."""
    bench.up(bench.app())
    bench.ask("/note", put="kept")

    for source, target in (("data", "copy"), ("copy", "data")):
        with pytest.raises(HostFault):
            bench.engine.clone_volume(f"{STACK}_{source}", f"{STACK}_{target}")

    assert bench.ask("/note") == "kept"


def test_variables_that_steer_the_command_are_refused(bench: Bench) -> None:
    """A recipe's sample file cannot make the docker command load code of its own."""
    for name in ("LD_PRELOAD", "DOCKER_HOST", "DOCKER_CONFIG", "PATH"):
        app = bench.app()
        (app.source.tree / ".env.sample").write_text(f"{name}=/evil\n")

        with pytest.raises(RecipeFault, match=name):
            bench.engine.deploy(bench.read())

    assert bench.engine.leftovers(STACK) == ()


def _wants(bench: Bench, name: str) -> App:
    body = service("1.0.0+1")
    body["environment"] |= {name: f"${{{name}}}"}
    app = bench.app(services={"app": body})
    (app.source.tree / ".env.sample").write_text(f"{name}=http://proxy.test\n")
    return bench.read()


NETWORK = ("HTTP_PROXY", "https_proxy", "ALL_PROXY", "NO_PROXY", "OTEL_SDK_X", "SSL_CERT_FILE")


@pytest.mark.parametrize("name", [*NETWORK, "TMPDIR", "tmpdir"])
def test_variables_that_steer_a_connection_are_refused_where_there_is_one(
    tmp_path: Path, name: str
) -> None:
    """To an engine at the other end of a network; without one, a proxy is the app's own."""
    far = _bench("tcp://192.0.2.1:1", tmp_path)

    with pytest.raises(RecipeFault, match=f"{name}, which would steer"):
        far.engine.deploy(_wants(far, name))


def test_the_commands_own_temporary_folder_is_never_the_recipes(tmp_path: Path) -> None:
    """Not even on this machine, where the command would write into it."""
    near = _bench("unix:///nowhere/docker.sock", tmp_path)

    with pytest.raises(RecipeFault, match="TMPDIR, which would steer"):
        near.engine.deploy(_wants(near, "TMPDIR"))


def test_a_proxy_for_the_app_reaches_the_app(bench: Bench) -> None:
    """On a socket of this machine the command asks no proxy."""
    bench.up(_wants(bench, "HTTP_PROXY"))

    assert bench.shell('echo "$HTTP_PROXY"') == "http://proxy.test\n"


def test_a_variable_that_no_file_mentions_is_not_handed_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command itself would be the only one to see it."""
    seen: dict[str, str] = {}

    def run(_: object, env: dict[str, str], **__: object) -> Completed:
        seen.update(env)
        return Completed(0, "")

    monkeypatch.setattr(process, "run", run)
    sample = bench.app().source.tree / ".env.sample"
    sample.write_text("".join(f"{name}=x\n" for name in (*NETWORK, "TMPDIR")))

    bench.engine.deploy(bench.read())

    assert seen["STACK_NAME"] == STACK
    assert not {*NETWORK, "TMPDIR"} & set(seen)


def test_a_comma_in_a_files_name_is_no_list_of_files(bench: Bench) -> None:
    """The docker command splits at commas, and what it is given has none."""
    tree = bench.app().source.tree
    (tree / "compose.yml").rename(tree / "a,b.yml")

    bench.up(bench.read(env={"COMPOSE_FILE": "a,b.yml"}))

    assert bench.ask("/version") == "1.0.0+1"


def test_what_docker_refuses_is_the_recipes_fault(bench: Bench) -> None:
    """What the deploy command says is handed on."""
    app = bench.app(services={"app": service("1") | {"nonsense": True}})

    with pytest.raises(RecipeFault, match="nonsense"):
        bench.engine.deploy(app)


def test_of_a_refusal_the_reason_alone_is_told(bench: Bench) -> None:
    """Not that networks were made before, nor how the command's next release will be."""
    app = bench.app(configs={"program": {"file": "missing.txt"}})

    with pytest.raises(RecipeFault, match=r"refused the recipe: open \S+/missing.txt: no such"):
        bench.engine.deploy(app)


def test_the_command_fills_in_what_we_filled_in(bench: Bench) -> None:
    """The home and the engine of whoever runs the sweep are no app's."""
    body = service("1.0.0+1")
    body["environment"] |= {"A": "${HOME-none} ${DOCKER_HOST-none} ${DOCKER_CONFIG-none}"}
    app = bench.app(services={"app": body})

    bench.up(app)

    assert bench.shell('echo "$A"') == "none none none\n"
    assert app.source.compose.services["app"].environment["A"] == "none none none"


def test_an_engine_that_cannot_be_reached_is_the_hosts_fault(tmp_path: Path) -> None:
    """Every call says so in one line."""
    bench = _bench("unix:///nowhere/docker.sock", tmp_path)
    engine, app = bench.engine, bench.app()
    calls: list[Any] = [
        lambda: engine.prepare(app, 5),
        lambda: engine.deploy(app),
        lambda: engine.wait_ready(app, 5),
        lambda: engine.undeploy(STACK),
        lambda: engine.leftovers(STACK),
        lambda: engine.execute(STACK, "app", ["true"], 5),
        lambda: engine.clone_volume(f"{STACK}_a", f"{STACK}_b"),
        engine.stacks_of_ours,
        engine.volumes_of_ours,
        engine.of_ours,
        engine.images,
        lambda: engine.remove_image(Stored(id="sha256:0")),
    ]

    for call in calls:
        with pytest.raises(HostFault, match=r"unix:///nowhere/docker\.sock"):
            call()


def test_an_engine_that_dies_while_we_wait_is_the_hosts_fault(
    docker_hosts: DockerHosts, tmp_path: Path
) -> None:
    """A crash of Docker in the middle is not a red recipe."""
    docker_hosts.use(OWN)  # skipped where none can be started
    host = DockerHost()
    try:
        host.start()
        client = docker.APIClient(host.url, version="1.41")
        bench = _bench(host.url, tmp_path)
        app = bench.app(services={"app": _unhealthy("1.0.0+1")})
        began = time.time()
        bench.engine.deploy(app)
        _await_event(client, began, "container", action="start")
        killer = threading.Timer(0.5, host.kill)
        killer.start()

        with pytest.raises(HostFault):
            bench.engine.wait_ready(app, READY_SECONDS)

        killer.join()
    finally:
        host.stop()
