"""When a stack is ready, told from what Swarm says; no engine is needed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from canon_sweep.engine.swarm.facts import Container, Service, Task
from canon_sweep.engine.swarm.failure import GivenUp
from canon_sweep.engine.swarm.ready import Limits, Readiness
from canon_sweep.errors import HostFault, RecipeFault

NOW = 1_000.0
LIMITS = Limits(settle=2, failures=3, patience=10, relook=1)


def box(**over: object) -> Container:
    """A healthy container that has run for long."""
    plain = Container("c", running=True, health="healthy", said="", out_of_memory=False, memory=0)
    return replace(plain, **over)


def task(**over: object) -> Task:
    """A task of the current version that has run for long, in a healthy container."""
    plain = Task(
        id="t",
        slot="1",
        node="here",
        state="running",
        wanted=True,
        current=True,
        created=1.0,
        error="",
        exit_code=0,
        container_id="c",
        container=box(),
    )
    return replace(plain, **over)


def failure(created: float, error: str = "task: non-zero exit (1)") -> Task:
    """A task that ended with exit code 1."""
    return task(
        id=f"failed at {created}",
        state="failed",
        wanted=False,
        created=created,
        error=error,
        exit_code=1,
        container=None,
    )


def service(name: str, *tasks: Task, **over: object) -> Service:
    """A service of version 2 that Swarm restarts without end."""
    plain = Service(
        name=name,
        version="2",
        replicas=1,
        restarts=True,
        completes=False,
        checked=False,
        asked="",
        host_ports=frozenset(),
        start_first=False,
        monitor=5.0,
        update="",
        message="",
        tasks=tasks,
    )
    return replace(plain, **over)


def waiting(*services: Service, now: float = NOW) -> tuple[str, ...]:
    """What a first look waits for."""
    return readiness(*services).look(services, now).waiting


def readiness(*services: Service) -> Readiness:
    """A judge of these services."""
    return Readiness([one.name for one in services], "2", "here", LIMITS)


def given_up(*services: Service) -> GivenUp:
    """How it ends when nothing changes for a second."""
    return lost(readiness(*services), *services)


def lost(judge: Readiness, *services: Service) -> GivenUp:
    """How a judge's two looks end, a second apart."""

    def look_twice() -> None:
        judge.look(services, NOW)
        judge.look(services, NOW + 1)

    with pytest.raises(GivenUp) as caught:
        look_twice()
    return caught.value


def test_a_healthy_service_is_ready() -> None:
    """All replicas up, nothing in progress."""
    assert waiting(service("app", task())) == ()


def test_a_running_task_is_not_ready_before_its_health() -> None:
    """The health check decides where there is one."""
    starting = box(health="starting")

    assert waiting(service("app", task(container=starting))) == ("app: runs, health is starting",)


def test_without_a_health_check_a_container_must_have_run_for_a_while() -> None:
    """Otherwise a crash right after the start would be ready for a moment."""
    app = service("app", task(container=box(health="")))
    judge = readiness(app)

    look = judge.look([app], NOW)

    assert look.waiting == ("app: has only just started",)
    assert look.again == 1.0
    assert judge.look([app], NOW + 1.9).again == pytest.approx(0.1)
    assert judge.look([app], NOW + 2).waiting == ()


def test_a_container_that_is_another_begins_anew() -> None:
    """What ran before it does not count."""
    first = service("app", task(container=box(health="")))
    second = service("app", task(container=box(id="d", health="")))
    judge = readiness(first)
    judge.look([first], NOW)

    assert judge.look([second], NOW + 2).waiting == ("app: has only just started",)


@pytest.mark.parametrize("ahead", [-3600.0, -3.0, 0.0, 3.0, 3600.0])
def test_the_engines_clock_may_be_another(ahead: float) -> None:
    """Its stamps order its tasks; how long ago something was is by our own clock."""
    stamped = NOW + ahead
    last_try = service("app", failure(stamped), restarts=False)
    judge = readiness(last_try)

    assert judge.look([last_try], NOW).waiting  # Swarm may be about to make another task
    again = replace(last_try, tasks=(failure(stamped), task(created=stamped + 0.1)))
    assert judge.look([again], NOW + 0.3).waiting == ()
    with pytest.raises(GivenUp):
        judge.look([last_try], NOW + 1)


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_failures_are_counted_from_when_they_were_seen(ahead: float) -> None:
    """Those before another service was up are excused, whatever the engine's clock."""
    down = service("db", task(container=box(health="starting")))
    up = service("db", task())
    early = tuple(failure(NOW + ahead + number) for number in range(3))
    late = tuple(failure(NOW + ahead + number) for number in range(10, 13))
    app = service("app", *early)
    judge = readiness(down, app)
    judge.look([down, app], NOW)
    judge.look([down, app], NOW + 60)

    assert judge.look([up, app], NOW + 61).waiting
    with pytest.raises(GivenUp):
        judge.look([up, replace(app, tasks=(*early, *late))], NOW + 62)


def test_the_old_versions_task_is_not_counted() -> None:
    """A task of the earlier definition says nothing about this one."""
    assert waiting(service("app", task(current=False))) == ("app: no task yet",)


def test_the_old_version_must_be_gone() -> None:
    """With start-first the old container outlives the update for a moment."""
    app = service("app", task(), task(id="old", current=False, wanted=False))

    assert waiting(app) == ("app: the old version still runs",)


def test_a_service_that_went_back_to_another_version_is_not_ready() -> None:
    """The label says which version Swarm runs."""
    assert waiting(service("app", task(), version="1")) == ("app: still version 1",)


def test_every_replica_counts() -> None:
    """Two of three is not ready."""
    app = service("app", task(), task(id="u", slot="2"), replicas=3)

    assert waiting(app) == ("app: 2 of 3 up, no task yet",)


def test_a_global_service_counts_the_tasks_that_swarm_wants() -> None:
    """One on each node that takes it, and at least one."""
    assert waiting(service("app", task(), replicas=None)) == ()
    assert waiting(service("app", replicas=None)) == ("app: no task yet",)


NO_ROOM = [
    "no suitable node (insufficient resources on 1 node)",
    "no suitable node (host-mode port already in use on 1 node)",
]
NO_PLACE = "no suitable node (scheduling constraints not satisfied on 1 node)"


def pending(error: str) -> Task:
    """A task that Swarm has found no node for."""
    return task(state="pending", node="", error=error, container=None, container_id="")


@pytest.mark.parametrize(
    ("late", "of_host"),
    [
        *(((pending(error),), True) for error in NO_ROOM),
        ((pending(NO_PLACE),), False),
        ((pending(""),), False),
        ((failure(1.0, "no space left on device"), pending("")), True),
        ((failure(1.0), pending("")), False),
    ],
)
def test_a_host_without_room_is_told_from_a_slow_recipe(
    late: tuple[Task, ...], of_host: bool
) -> None:
    """What waits for room at the time limit would have run on an idle node."""
    app, db = service("app", task()), service("db", *late)

    assert readiness(app, db).look([app, db], NOW).of_host is of_host
    assert not readiness(app).look([app], NOW).of_host


def test_a_missing_service_is_waited_for() -> None:
    """The recipe's own list of services decides, not the Swarm's."""
    judge = Readiness(["app", "db"], "2", "here", LIMITS)

    assert judge.look([service("app", task())], NOW).waiting == ("db: not created",)


@pytest.mark.parametrize("state", ["rollback_started", "rollback_paused", "rollback_completed"])
def test_an_update_that_went_back_is_the_recipes_fault(state: str) -> None:
    """It never becomes the new version by waiting."""
    end = given_up(service("app", task(), update=state, message="because"))

    assert isinstance(end.fault, RecipeFault)
    assert "because" in str(end.fault)


def test_an_update_that_stopped_half_way_is_the_recipes_fault() -> None:
    """The replica that Swarm did not come to stays with the old version."""
    old = task(id="u", slot="2", current=False)
    end = given_up(service("app", task(), old, replicas=2, update="paused", message="because"))

    assert isinstance(end.fault, RecipeFault)
    assert "update paused: because" in str(end.fault)


def test_an_update_that_stopped_when_all_was_new_is_judged_by_its_tasks() -> None:
    """A task failed while Swarm watched, as one may until its database is back."""
    up = service("app", failure(1.0), task(created=2.0), update="paused", message="because")
    assert waiting(up) == ()

    down = replace(up, tasks=tuple(failure(float(number)) for number in range(3)))
    judge = readiness(down)
    judge.look([down], NOW)
    with pytest.raises(GivenUp, match=r"app: update paused: because; task: non-zero exit"):
        judge.look([down], NOW + LIMITS.patience)


def test_after_an_update_that_stopped_a_container_is_watched_for_longer() -> None:
    """Without a health check nothing else tells that it does not fail again."""
    app = service("app", task(container=box(health="")), update="paused", monitor=5.0)
    judge = readiness(app)
    judge.look([app], NOW)

    assert judge.look([app], NOW + 4).waiting == ("app: has only just started",)
    assert judge.look([app], NOW + 5).waiting == ()


def test_a_global_service_that_no_node_takes_is_ready_after_a_while() -> None:
    """Swarm makes no task of it and says nothing."""
    app, agent = service("app", task()), service("agent", replicas=None)
    judge = readiness(app, agent)

    first = judge.look([app, agent], NOW)

    assert first.waiting == ("agent: no task yet",)
    assert judge.look([app, agent], NOW + LIMITS.placing).waiting == ()


def test_a_stack_that_no_node_takes_is_not_ready() -> None:
    """Nothing of it runs."""
    agent = service("agent", replicas=None)
    judge = readiness(agent)
    judge.look([agent], NOW)

    with pytest.raises(GivenUp, match="nothing of the stack runs"):
        judge.look([agent], NOW + LIMITS.placing)


def waits_for_port(**over: object) -> Service:
    """A service whose new task waits for the host's port."""
    return service("app", pending(NO_ROOM[1]), host_ports=frozenset({"80/tcp"}), **over)


def test_start_first_with_a_port_of_the_host_is_the_recipes_fault() -> None:
    """The old task would have to end before the new one starts."""
    old = task(id="old", current=False)
    app = waits_for_port(update="updating", start_first=True)
    blocked = replace(app, tasks=(*app.tasks, old))

    end = given_up(blocked)

    assert isinstance(end.fault, RecipeFault)
    assert "stop-first" in str(end.fault)
    assert waiting(replace(blocked, start_first=False))
    assert waiting(app)


def test_a_port_that_the_stack_itself_holds_is_no_fault_of_the_host() -> None:
    """Two replicas, or two services, never get the same port of one node."""
    app = waits_for_port()
    other = service("other", task(), host_ports=frozenset({"80/tcp"}))
    elsewhere = replace(other, host_ports=frozenset({"80/udp"}))

    assert readiness(app).look([app], NOW).of_host
    assert not readiness(app, other).look([app, other], NOW).of_host
    assert readiness(app, elsewhere).look([app, elsewhere], NOW).of_host


def test_a_shared_network_without_addresses_is_the_hosts_fault() -> None:
    """Swarm leaves such a task as it was made, and says nothing."""
    app = service("app", task(state="new", node="", container=None, container_id=""))

    for shared in (True, False):
        judge = Readiness(["app"], "2", "here", LIMITS, shared=shared)
        assert judge.look([app], NOW).of_host is shared


@pytest.mark.parametrize(
    ("container", "of_host", "told"),
    [
        (box(running=False, out_of_memory=True, memory=64 * 1024**2), False, "limit of 64 MiB"),
        (box(running=False, out_of_memory=True), True, "host had no memory"),
        (box(running=False), True, "from outside"),
        (box(running=False, memory=64 * 1024**2), False, "exit code 137"),
        (box(running=False, health="unhealthy"), False, "unhealthy"),
    ],
)
def test_who_killed_a_container_decides_whose_fault_it_is(
    container: Container, of_host: bool, told: str
) -> None:
    """Its own limit is the recipe's, the host's memory is not."""
    killed = replace(failure(1.0, ""), exit_code=137, container=container)

    end = given_up(service("app", killed, restarts=False))

    assert isinstance(end.fault, HostFault if of_host else RecipeFault)
    assert told in str(end.fault)


def test_an_update_in_progress_is_waited_for() -> None:
    """N of N is not converged while Swarm still watches the new tasks."""
    assert waiting(service("app", task(), update="updating")) == ("app: update in progress",)


def test_a_missing_image_is_the_hosts_fault() -> None:
    """It says nothing about the recipe."""
    end = given_up(service("app", failure(1.0, "No such image: x:1")))

    assert isinstance(end.fault, HostFault)


def test_a_trouble_of_the_host_that_has_passed_is_forgotten() -> None:
    """What failed once and runs now is ready."""
    assert waiting(service("app", failure(1.0, "No such image: x:1"), task(created=2.0))) == ()


def test_a_full_disk_is_the_hosts_fault() -> None:
    """It keeps services from starting without saying anything about them."""
    end = given_up(service("app", failure(1.0, "write: no space left on device"), restarts=False))

    assert isinstance(end.fault, HostFault)


def test_a_service_without_restarts_is_given_up_at_once() -> None:
    """There will be no other try."""
    end = given_up(service("app", failure(1.0), restarts=False))

    assert isinstance(end.fault, RecipeFault)
    assert "app" in str(end.fault)


def test_a_completed_task_is_ready_where_that_is_a_good_end() -> None:
    """A migration is done, a server is not."""
    done = task(state="complete", wanted=False, container=None)

    assert waiting(service("once", done, completes=True)) == ()
    assert waiting(service("server", done)) == ("server: task complete",)


def ended(health: str = "", **over: object) -> Task:
    """A task that ended with 0, by itself or because it was stopped."""
    over = {"container": box(running=False, health=health, said="no database")} | over
    return task(state="complete", wanted=False, **over)


def test_a_service_with_a_health_check_is_no_job_that_may_just_end() -> None:
    """It is ready when it was healthy: what ended before that is lost, with the check's words."""
    for health, told in (("unhealthy", "unhealthy"), ("starting", "before it was healthy")):
        end = given_up(service("app", ended(health), completes=True, checked=True))

        assert isinstance(end.fault, RecipeFault)
        assert told in str(end.fault)
        assert "no database" in str(end.fault)
    given_up(service("app", ended(container=None), completes=True, checked=True))
    assert waiting(service("job", ended("healthy"), completes=True, checked=True)) == ()


def test_what_should_answer_is_no_job_that_may_just_end() -> None:
    """A port, a router's label or a probe say so, even where nothing checks its health."""
    published = service("app", ended(), completes=True, asked="it has the published port 80")
    plain = service("app", ended(), completes=True)

    assert "published port 80" in str(given_up(published).fault)
    judge = Readiness(["app"], "2", "here", LIMITS, probed={"app"})
    assert "a probe asks it" in str(lost(judge, plain).fault)
    assert waiting(plain) == ()


def test_a_task_that_was_stopped_for_its_health_has_failed() -> None:
    """Also when its program ends with 0 then, as a good one does when it is asked to."""
    tries = [ended("unhealthy", id=f"{n}", created=float(n)) for n in range(2)]
    judge = readiness(service("app", checked=True))

    assert judge.look([service("app", tries[0], checked=True)], NOW).waiting
    doomed = task(id="2", created=2.0, container=box(health="unhealthy", said="no database"))
    for second in (tries[1], doomed):  # Swarm stops it a moment later
        with pytest.raises(GivenUp, match=r"keeps failing: .*unhealthy.*no database"):
            judge.look([service("app", tries[0], second, checked=True)], NOW + 1)


def test_an_unhealthy_service_is_excused_while_another_comes_up() -> None:
    """Its check may ask what the other one does not answer yet."""
    tries = [ended("unhealthy", id=f"{n}", created=float(n)) for n in range(2)]
    app, db = service("app", *tries, checked=True), service("db", task(container=box(health="")))
    judge = readiness(app, db)

    assert judge.look([app, db], NOW).waiting
    assert judge.look([app, db], NOW + LIMITS.settle).waiting


def test_a_crash_loop_is_given_up_after_the_patience() -> None:
    """Not before, as the first tries may be the price of a slow host."""
    app = service("app", failure(1.0), failure(2.0), failure(3.0))
    judge = readiness(app)

    first = judge.look([app], NOW).waiting

    ended = "task: non-zero exit (1)"
    assert first == (f"app: {ended}, failed 3 times: {ended}",)
    with pytest.raises(GivenUp, match="app"):
        judge.look([app], NOW + LIMITS.patience)


def test_a_crash_loop_is_excused_while_another_service_comes_up() -> None:
    """An application may die until its database answers, and gets new tries then."""
    starting = box(health="starting")
    down, up = service("db", task(container=starting)), service("db", task())
    app = service("app", failure(1.0), failure(2.0), failure(3.0))
    judge = readiness(down, app)
    judge.look([down, app], NOW)

    assert judge.look([down, app], NOW + 60).waiting
    assert judge.look([up, app], NOW + 61).waiting
    worse = replace(app, tasks=tuple(failure(NOW + 62 + second) for second in range(3)))
    with pytest.raises(GivenUp, match="app"):
        judge.look([up, worse], NOW + 70)


def test_failures_before_the_success_are_forgiven() -> None:
    """What is up in the end is ready, however often it was tried, and however long ago."""
    app = service("app", failure(1.0), failure(2.0), failure(3.0), task(created=4.0))
    done = task(state="complete", wanted=False, container=None, created=2.0)
    once = service("once", failure(1.0), done, completes=True, restarts=False)
    judge = readiness(app, once)
    judge.look([app, once], NOW)

    assert judge.look([app, once], NOW + 60).waiting == ()


def test_failures_of_different_replicas_are_not_added_up() -> None:
    """Three replicas that each failed once are not a loop."""
    failures = (replace(failure(1.0), id=slot, slot=slot) for slot in "123")
    app = service("app", *failures, replicas=3)
    judge = readiness(app)
    judge.look([app], NOW)

    assert judge.look([app], NOW + 60).waiting


def test_nothing_deployed_is_a_fault() -> None:
    """It is no use to wait for what nobody has started."""
    with pytest.raises(GivenUp):
        Readiness(["app"], "2", "here", LIMITS).look([], NOW)
