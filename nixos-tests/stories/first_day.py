"""The day on which the service is switched on: its two recipes, and nothing done yet."""

from __future__ import annotations

from stories.machine import Machine
from stories.maintainer import Maintainer
from stories.operator import Operator


def first_day(machine: Machine) -> tuple[Operator, Maintainer, Maintainer]:
    """Whoever runs the host, and who maintains `notes` and `draft`, which are empty yet."""
    operator = Operator(machine)
    operator.arrives()
    operator.swarm.comes_up()
    notes, draft = Maintainer(machine, "notes"), Maintainer(machine, "draft")
    notes.begins()
    draft.begins()
    return operator, notes, draft
