"""Once a week, on Sunday; a week that was missed is caught up when the machine is on again."""

from __future__ import annotations

import re

from stories.first_day import first_day
from stories.machine import Machine
from stories.operator import SERVICE, TIMER, Operator


def story(machine: Machine) -> None:
    """A quiet first day, a missed week, and a boot within the week."""
    with machine.nested("the first day is quiet, and the next sweep is on Sunday"):
        operator, notes, draft = first_day(machine)
        notes.publishes("1.0.0+1.0.0")
        draft.commits()

        _is_due_on_sunday(operator)
        assert not operator.invocation()

    with machine.nested("off over a Sunday: the sweep is caught up at boot, and promotes"):
        operator.misses_a_week()
        machine.shutdown()
        machine.start()
        night = operator.ended()

        assert night.result == "success", night.journal
        assert night.verdict("notes") == "promoted"
        assert night.says("notes", "promoted"), night.journal
        assert operator.record("notes")["tag"] == "1.0.0+1.0.0"

    with machine.nested("off for a moment: the next boot starts none, and Sunday stands"):
        notes.publishes("1.1.0+1.1.0")
        machine.shutdown()
        machine.start()
        machine.wait_for_unit("multi-user.target")
        machine.wait_for_unit(TIMER)

        assert not operator.invocation()
        machine.fail(f"journalctl --boot --quiet --unit {SERVICE} | grep .")
        assert operator.record("notes")["tag"] == "1.0.0+1.0.0"
        _is_due_on_sunday(operator)


def _is_due_on_sunday(operator: Operator) -> None:
    due = operator.shows("NextElapseUSecRealtime", TIMER)
    assert re.match(r"Sun \S+ 03:00:00 ", due), f"the next sweep is at {due}"
