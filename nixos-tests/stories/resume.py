"""A deferral comes back: what a sweep has not reached is taken up when the host is free."""

from __future__ import annotations

import json
from typing import Any

from stories.crash import JOURNAL, is_stopped
from stories.first_day import first_day
from stories.machine import Machine
from stories.operator import SERVICE, STATE, Operator

_DUE = f"{STATE}/due"
_UNIT = "canon-sweep-resume"
_SOON = f"/run/systemd/system/{_UNIT}.timer.d"


def story(machine: Machine) -> None:
    """A build at the timer's fire that ends later, and a sweep without power; then calm."""
    with machine.nested("a build is in flight when the timer fires, and the sweep is deferred"):
        operator, notes, draft = first_day(machine)
        _is_calm(operator)
        notes.publishes("1.0.0+1.0.0")
        draft.commits()
        machine.succeed("systemd-run --quiet --unit=build@1.service sleep infinity")
        night = operator.night()

        assert operator.shows("ExecMainStatus") == "75", night.journal
        assert night.verdict("notes") == "deferred/in-flight"
        machine.succeed(f"[ -e {_DUE} ]")
        machine.wait_for_unit(f"{_UNIT}.timer")

    with machine.nested("half an hour later it still is: deferred again, and no failure"):
        _half_hours_are_seconds(machine)
        machine.wait_until_succeeds(f"grep -q '\"resume\"' {STATE}/runs/latest/results.json")

        assert _results(machine)["exit_code"] == 75
        assert operator.shows("Result", f"{_UNIT}.service") == "success"
        machine.succeed(f"[ -e {_DUE} ]")

    with machine.nested("it has ended, and the rest is done without anybody's doing"):
        machine.succeed("systemctl stop build@1.service")
        _is_done(operator)

        results = _results(machine)
        assert (results["command"], results["exit_code"]) == ("resume", 0)
        assert operator.record("notes")["tag"] == "1.0.0+1.0.0"
        _is_whole(operator)

    with machine.nested("the power goes in the middle of a sweep"):
        notes.publishes("1.1.0+1.1.0")
        machine.succeed("sync", f"systemctl start --no-block {SERVICE}")
        assert is_stopped(machine, JOURNAL, "stack"), "no sweep was seen with a stack up"
        machine.crash()
        machine.start()
        operator.swarm.comes_up()
        machine.succeed(f"[ -e {_DUE} ]")

    with machine.nested("after the boot it is gone on with, and what was up is cleaned up"):
        _half_hours_are_seconds(machine)
        _is_done(operator)

        results = _results(machine)
        assert results["command"] == "resume"
        assert results["totals"]["recovered"] > 0
        assert operator.record("notes")["tag"] == "1.1.0+1.1.0"
        _is_whole(operator)
        assert operator.night().totals["tested"] == 0
        _is_calm(operator)


def _half_hours_are_seconds(machine: Machine) -> None:
    """Until the next boot; the clock is not moved."""
    machine.wait_for_unit(f"{_UNIT}.path")
    machine.succeed(
        f"mkdir --parents {_SOON}",
        f"printf '[Timer]\\nOnActiveSec=\\nOnActiveSec=3s\\nAccuracySec=1s\\n' >{_SOON}/soon.conf",
        "systemctl daemon-reload",
        f"systemctl restart {_UNIT}.timer",
    )


def _is_done(operator: Operator) -> None:
    """Wait until nothing is due any more, and the resume has come to its end."""
    machine = operator.machine
    machine.wait_until_succeeds(f"[ ! -e {_DUE} ]")
    machine.wait_until_succeeds(
        f"systemctl show -P ActiveState {_UNIT}.service | grep -qxE 'inactive|failed'"
    )
    _is_calm(operator)


def _is_calm(operator: Operator) -> None:
    """Nothing is due: systemd looks for a file, and no timer runs."""
    operator.machine.wait_for_unit(f"{_UNIT}.path")
    operator.machine.wait_until_succeeds(
        f"systemctl show -P ActiveState {_UNIT}.timer | grep -qx inactive"
    )
    assert operator.shows("SubState", f"{_UNIT}.path") == "waiting"


def _is_whole(operator: Operator) -> None:
    operator.finds_only_canonicals()
    operator.verifies()


def _results(machine: Machine) -> dict[str, Any]:
    results: dict[str, Any] = json.loads(machine.succeed(f"cat {STATE}/runs/latest/results.json"))
    return results
