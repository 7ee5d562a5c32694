"""Never beside a build: a sweep waits for what is in flight, or leaves the rest for later."""

from __future__ import annotations

import shlex

from stories.first_day import first_day
from stories.machine import Machine
from stories.maintainer import Maintainer
from stories.operator import CONFIG, SERVICE, STATE, Operator

_DRONE = "/srv/fake-drone"
_WITH_DRONE = f"{_DRONE}/config.toml"
_AS_ITS_USER = (
    "systemd-run --quiet --wait --pipe --property=User=canon-sweep"
    " --property=SupplementaryGroups=docker"
)
_REPO = '[{"slug": "recipes/ghost", "build": {"number": 12, "status": "running"}}]'
# what systemd starts by itself finds few programs on NixOS
_STARTS = "systemd-run --quiet --setenv=PATH=$PATH"
_FOREIGN = (
    "docker service create --quiet --detach --name traefik_app --network proxy"
    " --label com.docker.stack.namespace=traefik --constraint node.labels.ready==yes"
    " canon-sweep/busybox:1 sleep infinity"
)


def story(machine: Machine) -> None:
    """A build before the sweep, one that ends meanwhile, one in the middle; then other sights."""
    with machine.nested("notes has a release, and a build is in flight all night"):
        operator, notes, draft = first_day(machine)
        notes.publishes("1.0.0+1.0.0")
        draft.commits()
        _runs(machine, "build@1.service", "sleep infinity")
        with operator.swarm.makes_no_container():
            night = operator.night()

        assert night.result == "success", night.journal
        assert operator.shows("ExecMainStatus") == "75"
        for recipe in ("draft", "notes"):
            assert night.verdict(recipe) == "deferred/in-flight"
            assert night.says(recipe, "unit build@1.service is active"), night.journal

    with machine.nested("it ends while the sweep waits for it, and notes is promoted"):
        said = f"journalctl --unit {SERVICE} --since {_now(machine)}"
        _meanwhile(machine, f"{said} | grep -q waiting", "systemctl stop build@1.service")
        night = operator.night()

        assert operator.shows("ExecMainStatus") == "0", night.journal
        assert night.verdict("notes") == "promoted"

    with machine.nested("a build that begins in the middle stops the sweep after the recipe"):
        _begins_in_the_middle(machine, draft, notes)
        night = operator.night()

        assert operator.shows("ExecMainStatus") == "75"
        assert night.verdict("draft") == "promoted"
        assert night.verdict("notes") == "deferred/in-flight"
        operator.finds_only_canonicals()
        operator.verifies()

    with machine.nested("when it has ended, the next sweep does the rest"):
        machine.succeed("systemctl stop build@2.service")
        night = operator.night()

        assert night.verdict("draft") == "skip/no-new-version"
        assert night.verdict("notes") == "promoted"

    with machine.nested("so do a process, a locked file and a stack that converges"):
        _sees_the_host(operator)

    with machine.nested("and a Drone, asked over the network with a token of the service's"):
        _sees_drone(operator)


def _begins_in_the_middle(machine: Machine, draft: Maintainer, notes: Maintainer) -> None:
    draft.publishes("1.0.0+1.0.0")
    notes.publishes("1.1.0+1.1.0")
    _meanwhile(
        machine,
        f"grep -q stack {STATE}/journal.json",
        f"{_STARTS} --unit=build@2.service sleep infinity",
    )


def _sees_the_host(operator: Operator) -> None:
    machine = operator.machine
    # that a sweep waits has been seen
    operator.sets(wait="1s")
    _runs(machine, "ci.service", "bash -c 'sleep 1d; :' run_recipe_ci.py")
    _is_deferred(machine, "bash -c sleep 1d; : run_recipe_ci.py")
    machine.succeed("systemctl stop ci.service", "mkdir --parents /run/lock/builds")
    _runs(machine, "lock.service", "flock /run/lock/builds/1.lock sleep infinity")
    machine.wait_until_succeeds("! flock --nonblock /run/lock/builds/1.lock true")
    _is_deferred(machine, "/run/lock/builds/1.lock is locked")
    machine.succeed("systemctl stop lock.service", _FOREIGN)
    _is_deferred(machine, "stack traefik converges: service app has 0 of 1 tasks up")
    machine.succeed("docker service rm traefik_app", "canon-sweep run")


def _sees_drone(operator: Operator) -> None:
    """The fake one is files behind a server of HTTP."""
    machine = operator.machine
    machine.succeed(
        f"mkdir --parents {_DRONE}/api/builds",
        f"echo an-administrators-token >{_DRONE}/token",
        f"cat {CONFIG} >{_WITH_DRONE}",
        'printf \'[guard.drone]\\nurl = "%s"\\ntokenFile = "%s"\\n\''
        f" http://127.0.0.1:3001 {_DRONE}/token >>{_WITH_DRONE}",
    )
    # another configuration does not enter the service: it is asked for as its user
    by_hand = f"{_AS_ITS_USER} $(command -v canon-sweep) run --config {_WITH_DRONE}"
    _is_deferred(machine, "cannot tell whether a build is in flight", by_hand)
    machine.succeed(
        f"echo '[]' >{_DRONE}/api/queue",
        f"echo {shlex.quote(_REPO)} >{_DRONE}/api/builds/incomplete",
        "systemctl start fake-drone.service",
    )
    machine.wait_until_succeeds("true </dev/tcp/127.0.0.1/3001")
    _is_deferred(machine, "Drone has recipes/ghost #12 (running)", by_hand)
    machine.succeed(f"echo '[]' >{_DRONE}/api/builds/incomplete", by_hand)


def _is_deferred(machine: Machine, why: str, command: str = "canon-sweep run") -> None:
    code, said = machine.execute(f"{command} 2>&1")
    assert code == 75, said
    assert why in said, said


def _runs(machine: Machine, unit: str, command: str) -> None:
    machine.succeed(f"{_STARTS} --unit={unit} {command}")


def _meanwhile(machine: Machine, is_so: str, deed: str) -> None:
    """As soon as something is so, do something; the story goes on at once."""
    script = f"until {is_so}; do sleep 0.1; done; {deed}"
    machine.succeed(f"{_STARTS} --collect bash -c {shlex.quote(script)}")


def _now(machine: Machine) -> str:
    return machine.succeed("date +@%s").strip()
