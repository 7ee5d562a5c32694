"""What a killed sweep left, and nothing names any more, goes by itself; nobody else's things do."""

from __future__ import annotations

from stories.first_day import first_day
from stories.machine import Machine
from stories.operator import SERVICE, STATE, Operator

PRUNE = "canon-sweep-prune"
# up, and healthy never: its test lasts as long as a deploy may
HANGS = "sleep 1000"


def story(machine: Machine) -> None:
    """Other people's things beside ours, a sweep that is killed, and the timer."""
    with machine.nested("notes has a canonical, and other people have things named as ours are"):
        operator, notes, draft = first_day(machine)
        notes.publishes("1.0.0+1.0.0")
        draft.commits()
        assert operator.night().verdict("notes") == "promoted"
        _strangers_come(machine)
        canonical, there = operator.bytes_of("notes"), operator.swarm.everything()

    with machine.nested("nothing is to be pruned, and nothing is"):
        assert _pruned(operator) == ("success", "0")
        assert operator.swarm.everything() == there

    with machine.nested("a sweep is killed, and its journal is lost"):
        notes.publishes("1.1.0+1.1.0", HANGS)
        _is_up(operator, there)
        machine.succeed(
            f"systemctl kill --signal=STOP --kill-whom=main {SERVICE}",
            f"rm {STATE}/journal.json",
            f"systemctl kill --signal=KILL --kill-whom=main {SERVICE}",
        )
        operator.comes_to_rest()
        left = operator.swarm.everything() - there
        assert {each.partition(" ")[0] for each in left} >= {"service", "volume"}, left
        assert "canon-sweep prune removes it" in machine.fail("canon-sweep verify")

    with machine.nested("a dry run says what would go, and nothing goes"):
        said = machine.succeed("canon-sweep prune --dry-run")
        assert all(each.partition(" ")[2] in said for each in left if each.startswith("volume"))
        assert operator.swarm.everything() >= left

    with machine.nested("the timer fires: it goes, and nothing else"):
        assert _pruned(operator) == ("success", "0")
        assert operator.swarm.everything() == there
        assert operator.bytes_of("notes") == canonical
        operator.verifies()

    with machine.nested("while a sweep is on it does nothing, and that is no failure"):
        _is_up(operator, there)
        machine.succeed(f"systemctl start {PRUNE}.service")
        assert operator.shows("Result", f"{PRUNE}.service") == "success"
        assert operator.shows("ExecMainStatus", f"{PRUNE}.service") == "75"
        assert operator.swarm.everything() > there
        machine.succeed(f"systemctl stop {SERVICE}")
        operator.comes_to_rest()
        assert operator.swarm.everything() == there
        assert operator.bytes_of("notes") == canonical


def _strangers_come(machine: Machine) -> None:
    """Make things of every kind that are named as ours are, or labelled nearly so."""
    for name in ("warm-notes_data", "note-1a2b3c_ci_localhost_data"):
        labels = ("canon-sweep=notes", "canon-sweep.stacks=note-1a2b3c_ci_localhost")
        for number, label in enumerate(labels):
            own = f"{name}{number}"
            machine.succeed(
                f"docker volume create --label {label} {own}",
                f"docker network create --driver overlay --label {label} {own}",
                f"echo x | docker secret create --label {label} {own} -",
                f"echo x | docker config create --label {label} {own} -",
                f"docker container create --label {label} --name {own} canon-sweep/busybox:1 true",
            )
    machine.succeed("docker tag canon-sweep/busybox:1 canon-sweep/theirs:1")


def _is_up(operator: Operator, there: set[str]) -> None:
    """Start a sweep, and wait until a test's stack is up."""
    operator.machine.succeed(f"systemctl start --no-block {SERVICE}")
    operator.machine.wait_until_succeeds("docker service ls --quiet | grep .")
    operator.machine.wait_until_succeeds(
        "docker ps --quiet --filter label=canon-sweep.stack | grep ."
    )
    assert operator.swarm.everything() > there


def _pruned(operator: Operator) -> tuple[str, str]:
    """Let the timer find that its time is over: how the service ended."""
    service = f"{PRUNE}.service"
    before = operator.shows("InvocationID", service)
    operator.is_overdue(f"{PRUNE}.timer")
    operator.comes_to_rest(service, after=before)
    return operator.shows("Result", service), operator.shows("ExecMainStatus", service)
