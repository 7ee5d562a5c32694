"""A sweep that is repeated at once does nothing at all, a red recipe included."""

from __future__ import annotations

from stories.first_day import first_day
from stories.machine import Machine
from stories.maintainer import LOSES
from stories.operator import Night, Operator


def story(machine: Machine) -> None:
    """Everything green, again; one red, again."""
    with machine.nested("two recipes are promoted"):
        operator, notes, draft = first_day(machine)
        for maintainer in (notes, draft):
            maintainer.publishes("1.0.0+1.0.0")
        night = operator.night()
        assert [night.verdict(name) for name in ("notes", "draft")] == ["promoted"] * 2

    with machine.nested("the second fire of the timer is a no-op"):
        _is_a_noop(operator, "skip/no-new-version", "skip/no-new-version")

    with machine.nested("a broken release of notes is red"):
        notes.publishes("1.1.0+1.1.0", LOSES)
        night = operator.night()
        assert night.verdict("notes") == "red"
        assert night.totals["deploys"] > 0

    with machine.nested("the second fire is a no-op for the red one too"):
        _is_a_noop(operator, "skip/known-red", "skip/no-new-version")

    with machine.nested("and so is a run by hand, which asserts it"):
        machine.succeed("canon-sweep run --assert-noop")


def _is_a_noop(operator: Operator, *codes: str) -> Night:
    names = ("notes", "draft")
    before = [operator.bytes_of(name) + operator.refs_of(name) for name in names]

    with operator.swarm.makes_no_container():
        night = operator.night()

    assert night.result == "success", night.journal
    assert tuple(night.verdict(name) for name in names) == codes
    assert not any(night.totals.values()), night.totals
    assert [operator.bytes_of(name) + operator.refs_of(name) for name in names] == before
    operator.finds_only_canonicals()
    return night
