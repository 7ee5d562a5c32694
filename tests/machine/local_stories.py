"""What is looked at on a machine that has the local engine, and no Docker."""

from __future__ import annotations

from stories.machine import Machine
from stories.maintainer import Maintainer
from stories.operator import STATE, Operator


def local_day(machine: Machine) -> tuple[Operator, Maintainer]:
    """The day on which the service is switched on: `notes` released once, `draft` never."""
    operator = Operator(machine)
    operator.arrives()
    notes, draft = (Maintainer(machine, each, "canon-sweep") for each in ("notes", "draft"))
    notes.begins()
    draft.begins()
    notes.publishes("1.0.0+1.0.0")
    draft.commits()
    return operator, notes


def is_whole(operator: Operator, *tags: str) -> None:
    """The record is one of these, and the volume that it names is there, with the data."""
    tag = operator.record("notes")["tag"]
    assert tag in tags, tag
    (volume,) = operator.volumes("notes")
    assert operator.machine.succeed(f"cat {STATE}/local/volumes/{volume}/token").strip()
