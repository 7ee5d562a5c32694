"""The timer fires, and a release becomes the canonical; the next release upgrades from it."""

from __future__ import annotations

from stories.first_day import first_day
from stories.machine import Machine


def story(machine: Machine) -> None:
    """Two releases on two Sundays."""
    with machine.nested("nothing is there yet"):
        operator, notes, draft = first_day(machine)
        notes.publishes("1.0.0+1.0.0")
        draft.commits()

    with machine.nested("what the first sweep needs is asked, and nothing is changed"):
        operator.finds_all_well()
        operator.arrives()

    with machine.nested("the timer fires, and notes has a canonical"):
        first = operator.night()

        assert first.result == "success", first.journal
        assert first.entries["notes"]["code"] == "test/first-canonical"
        assert first.verdict("notes") == "promoted"
        assert first.says("notes", "promoted"), first.journal
        assert first.totals["deploys"] > 0
        record = operator.record("notes")
        assert record["tag"] == "1.0.0+1.0.0"
        assert record["tiers"]["install"] == "pass"
        assert operator.refs_of("notes") == operator.refs_of("notes", "upstream")
        operator.finds_only_canonicals()

    with machine.nested("a new release is upgraded to from the canonical, and replaces it"):
        notes.publishes("1.1.0+1.1.0")
        second = operator.night()

        assert second.result == "success", second.journal
        assert second.entries["notes"]["code"] == "test/new-release"
        assert second.verdict("notes") == "promoted"
        assert second.entries["notes"]["base"] == "1.0.0+1.0.0"
        record = operator.record("notes")
        assert record["tag"] == "1.1.0+1.1.0"
        assert record["tiers"]["upgrade"] == "pass"
        assert record["commit"] in operator.refs_of("notes", "upstream")
        operator.finds_only_canonicals()
        operator.verifies()
        operator.finds_all_well()
