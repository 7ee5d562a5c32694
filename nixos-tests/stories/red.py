"""A release that loses data is red: loud in the journal, and it costs the canonical nothing."""

from __future__ import annotations

from stories.first_day import first_day
from stories.machine import Machine
from stories.maintainer import LOSES
from stories.operator import SERVICE


def story(machine: Machine) -> None:
    """A good release, a broken one, and a good one again."""
    with machine.nested("notes has a canonical"):
        operator, notes, draft = first_day(machine)
        notes.publishes("1.0.0+1.0.0")
        draft.commits()
        assert operator.night().verdict("notes") == "promoted"
        before = operator.bytes_of("notes")

    with machine.nested("a broken release is red in the tier that found it, and the unit failed"):
        notes.publishes("1.1.0+1.1.0", LOSES)
        night = operator.night()

        assert night.verdict("notes") == "red"
        tiers = {tier["tier"]: tier["status"] for tier in night.entries["notes"]["tiers"]}
        assert tiers["install"] == "pass"
        assert tiers["upgrade"] == "fail"
        assert night.says("notes", "red"), night.journal
        assert night.result == "exit-code"
        assert operator.shows("ActiveState") == "failed"
        assert operator.shows("ExecMainStatus") == "1"
        machine.succeed(f"systemctl is-failed {SERVICE}")

    with machine.nested("the canonical is what it was, byte for byte, and nothing is left"):
        assert operator.bytes_of("notes") == before
        assert operator.record("notes")["tag"] == "1.0.0+1.0.0"
        operator.finds_only_canonicals()
        operator.verifies()

    with machine.nested("the release that mends it is promoted from the old canonical"):
        notes.publishes("1.1.1+1.1.1")
        night = operator.night()

        assert night.result == "success", night.journal
        assert night.verdict("notes") == "promoted"
        assert night.entries["notes"]["base"] == "1.0.0+1.0.0"
        assert operator.record("notes")["tag"] == "1.1.1+1.1.1"
