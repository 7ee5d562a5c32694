"""What has no new release is left alone, each for its own reason, and every line says why."""

from __future__ import annotations

from stories.first_day import first_day
from stories.machine import Machine


def story(machine: Machine) -> None:
    """A recipe that is up to date, one that was never released, and one that is held."""
    with machine.nested("notes has a canonical, draft was never released"):
        operator, notes, draft = first_day(machine)
        notes.publishes("1.0.0+1.0.0")
        draft.commits()
        assert operator.night().verdict("notes") == "promoted"
        before = operator.bytes_of("notes")

    with machine.nested("both are skipped, and nothing is deployed"):
        with operator.swarm.makes_no_container():
            night = operator.night()

        assert night.result == "success", night.journal
        assert night.verdict("notes") == "skip/no-new-version"
        assert night.verdict("draft") == "skip/never-released"
        assert night.says("notes", "skip/no-new-version"), night.journal
        assert night.says("draft", "skip/never-released"), night.journal
        assert operator.bytes_of("notes") == before

    with machine.nested("a release that is held by hand waits, with the reason"):
        notes.publishes("1.1.0+1.1.0")
        machine.succeed("canon-sweep hold notes --reason 'a migration is looked into'")
        with operator.swarm.makes_no_container():
            night = operator.night()

        assert night.verdict("notes") == "skip/held"
        assert night.says("notes", "a migration is looked into"), night.journal
        assert operator.bytes_of("notes") == before

    with machine.nested("no longer held, it is tested and promoted"):
        machine.succeed("canon-sweep unhold notes")

        assert operator.night().verdict("notes") == "promoted"
        assert operator.record("notes")["tag"] == "1.1.0+1.1.0"
