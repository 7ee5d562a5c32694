"""canon-sweep takes the place of a hollow sweep: harness and canonicals are there, and stay."""

from __future__ import annotations

from stories.first_day import first_day
from stories.harness import ELSEWHERE, Harness
from stories.machine import Machine
from stories.maintainer import LOSES, TAKES_LONG
from stories.operator import SERVICE, STATE, TIMER, Operator

_VOLUMES = {"warm-notes_data", "warm-draft_data"}
# tenths of systemd's exposure, of 100: what docs/harness.md says of such a harness
_EXPOSURE = 15


def story(machine: Machine) -> None:
    """What was kept is adopted; the week after it is tested, kept, and left alone as before."""
    harness = Harness(machine)
    with machine.nested("another tool has kept two canonicals, one with a record that is wrong"):
        operator, notes, draft = first_day(machine)
        harness.comes()
        for maintainer in (notes, draft):
            maintainer.publishes("1.0.0+1.0.0")
        draft.commits()
        for recipe in ("notes", "draft"):
            harness.tests(recipe, "1.0.0+1.0.0")
        harness.names_main("draft")
        operator.swarm.holds_only(_VOLUMES)

    with machine.nested("the whole one is adopted, and not a file of theirs is touched"):
        harness.is_handed_over()
        before = harness.content()
        for words in ("adopt --dry-run", "adopt"):
            code, said = machine.execute(f"canon-sweep {words} 2>&1")
            assert code == 1, said
            assert "1 not adopted" in said
            assert "is not that of 1.0.0+1.0.0" in said
        assert harness.content() == before
        assert "1.0.0+1.0.0" in machine.succeed("canon-sweep status")
        machine.succeed(f"[ ! -e {STATE}/canonicals/notes/canonical.json ]")

    with machine.nested("the timer fires: a release is upgraded to, the wrong one tested anew"):
        notes.publishes("1.1.0+1.1.0")
        night = operator.night()

        assert night.result == "success", night.journal
        assert night.entries["notes"]["code"] == "test/new-release"
        assert night.entries["draft"]["code"] == "test/first-canonical"
        assert [night.verdict(name) for name in ("notes", "draft")] == ["promoted"] * 2
        for recipe, tag in (("notes", "1.1.0+1.1.0"), ("draft", "1.0.0+1.0.0")):
            record = harness.record(recipe)
            assert record["version"] == tag
            assert f"{record['commit']}\trefs/tags/{tag}^{{}}" in operator.refs_of(recipe)
        operator.swarm.holds_only(_VOLUMES)
        operator.verifies()

    with machine.nested("the second fire of the timer is a no-op"):
        _is_a_noop(operator, harness, "skip/no-new-version")

    with machine.nested("a release that loses its data is red, and the canonical stays"):
        notes.publishes("1.2.0+1.2.0", LOSES)
        before = harness.content()
        night = operator.night()

        assert night.verdict("notes") == "red", night.journal
        assert harness.content() == before
        operator.swarm.holds_only(_VOLUMES)
        _is_a_noop(operator, harness, "skip/known-red")

    with machine.nested("stopped in the middle of a test, it is told once, and takes down its app"):
        notes.publishes("1.3.0+1.3.0", TAKES_LONG)
        _is_stopped(operator, harness)

    with machine.nested("it could do no more than the options say"):
        machine.succeed(
            # the user's own, and still out of its reach
            f"[ ! -e {ELSEWHERE}/touched ]",
            f"systemd-analyze security --no-pager --threshold={_EXPOSURE} {SERVICE} >/dev/null",
        )


def _is_stopped(operator: Operator, harness: Harness) -> None:
    machine, before, kept = operator.machine, operator.invocation(), harness.content()
    operator.is_overdue(TIMER)
    harness.is_busy()
    machine.succeed(f"systemctl stop {SERVICE}")
    night = operator.ended(before)

    assert night.verdict("notes") == "deferred/out-of-time", night.journal
    assert harness.was_told() == 1
    assert "is still up" not in night.journal
    assert harness.content() == kept
    # neither container nor volume of its app
    operator.swarm.holds_only(_VOLUMES)
    machine.succeed("canon-sweep recover")


def _is_a_noop(operator: Operator, harness: Harness, notes: str) -> None:
    before = harness.content() + operator.refs_of("notes") + operator.refs_of("draft")

    with operator.swarm.makes_no_container():
        night = operator.night()

    assert night.result == "success", night.journal
    assert [night.verdict(name) for name in ("notes", "draft")] == [notes, "skip/no-new-version"]
    assert not any(night.totals.values()), night.totals
    after = harness.content() + operator.refs_of("notes") + operator.refs_of("draft")
    assert after == before
