"""The disk: what canonicals retain, what a test may take, and a test that would fill it."""

from __future__ import annotations

import json
from collections.abc import Callable

from stories.first_day import first_day
from stories.machine import Machine
from stories.maintainer import SERVES, Maintainer
from stories.operator import Operator

# two of these are more than the machine's budget
HOLDS = f"head -c 16777216 /dev/zero >$DATA/big; {SERVES}"
# 512 MiB, bit by bit
FILLS = (
    "i=0; while [ $i -lt 16 ]; do head -c 33554432 /dev/zero >$DATA/$i;"
    f" i=$((i+1)); sleep 0.5; done; {SERVES}"
)
_MIB = 2**20


def story(machine: Machine) -> None:
    """Two recipes whose data does not fit together, then little room, then hardly any."""
    with machine.nested("both are promoted, and the data of one is kept"):
        operator, notes, draft = first_day(machine)
        draft.publishes("1.0.0+1.0.0", HOLDS)
        notes.publishes("1.0.0+1.0.0", HOLDS)
        night = operator.night()

        assert (night.verdict("draft"), night.verdict("notes")) == ("promoted", "promoted")
        assert night.result == "exit-code", night.journal
        (note,) = (n for n in night.entries["notes"]["notes"] if n["code"] == "over-budget")
        assert "raise disk.budget, then: canon-sweep run --retry notes" in note["text"]
        assert operator.record("notes")["retained"] == "record-only"
        operator.swarm.holds_only(set(operator.volumes("draft")))
        operator.verifies()

    with machine.nested("the program says so, whoever asks"):
        assert "record-only" in machine.succeed("canon-sweep status")
        code, said = machine.execute("canon-sweep budget 2>&1")
        assert code == 1, said
        assert "more than disk.budget, 24.0 MiB" in said
        code, said = machine.execute("canon-sweep test notes --ref main --quick 2>&1")
        assert code == 2, said
        assert "has no data to test on" in said

    with machine.nested("with a larger budget its data comes back"):
        operator.sets(budget="256MiB")
        machine.succeed("canon-sweep run --retry notes")
        operator.finds_only_canonicals()
        operator.verifies()
        machine.succeed(
            "canon-sweep budget",
            "canon-sweep test notes --ref main --quick",
        )

    with machine.nested("where there is too little room nothing is deployed"):
        before = operator.bytes_of("notes")
        notes.publishes("1.1.0+1.1.0", FILLS)
        operator.sets(budget="8GiB", minFree="500TiB")
        with operator.swarm.makes_no_container():
            code, said = machine.execute("canon-sweep run 2>&1")
        assert code == 1, said
        assert "notes 1.1.0+1.1.0 deferred/disk" in said
        assert "disk.minFree is 500.0 TiB" in said
        assert operator.bytes_of("notes") == before

    with machine.nested("a test that would fill the disk is ended, and nothing is lost"):
        _is_ended(operator, draft)
        assert operator.bytes_of("notes") == before
        operator.finds_only_canonicals()
        operator.verifies()


def _is_ended(operator: Operator, draft: Maintainer) -> None:
    """The floor is a little below what is free: the test goes on until it comes to it."""
    machine = operator.machine
    # for who comes after it
    draft.publishes("1.1.0+1.1.0", HOLDS)
    _keep_free(operator, lambda free: free - 96)
    code, said = machine.execute("canon-sweep run notes 2>&1")
    assert code == 1, said
    assert "notes 1.1.0+1.1.0 infra" in said, said
    assert "below disk.floor" in said
    _keep_free(operator, lambda free: free // 2)
    machine.succeed("canon-sweep run draft")
    assert operator.record("draft")["tag"] == "1.1.0+1.1.0"


def _keep_free(operator: Operator, floor: Callable[[int], int]) -> None:
    """Let a test end where so many MiB are left of those that are free now."""
    free = json.loads(operator.machine.execute("canon-sweep budget --json")[1])["free"]
    size = f"{floor(free // _MIB)}MiB"
    operator.sets(budget="8GiB", minFree=size, floor=size)
