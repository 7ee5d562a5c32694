"""Quick runs: on the canonical's own data, which is put back byte for byte."""

from __future__ import annotations

import msgspec
import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.result import Status, Tier
from canon_sweep.errors import HostFault, StateFault, UsageFault
from canon_sweep.state.journal import Entry, Journal, QuickRun
from child import in_child
from crash.matrix import Matrix, Row
from stories.engines import LastWord, dying_at, failing
from stories.fleet import LOSES_DATA, REFUSES_OLD_DATA, RUNS, Fleet


@pytest.fixture
def proven(fleet: Fleet) -> Fleet:
    """A fleet whose one recipe has a canonical, and a commit on main after it."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.has_swept()
    fleet.publishes("notes", None, 'echo changed > "$$DATA/changed"; exec sleep 1000')
    return fleet


def test_the_canonical_is_reattached_and_its_data_found(proven: Fleet) -> None:
    """A green canonical is of use: that is what it is kept for."""
    before = proven.bytes_of("notes")

    entry = proven.tests("notes", quick=True)

    assert entry.outcome is Outcome.PASSED
    tiers = {tier.tier: tier.status for tier in entry.tiers}
    assert tiers == {
        Tier.REATTACH: Status.PASS,
        Tier.UPGRADE: Status.NA,  # it is the canonical's own commit
        Tier.CUSTOM: Status.PASS,
    }
    assert entry.deploys == 1
    assert proven.bytes_of("notes") == before
    assert proven.running() == ()


def test_a_commit_is_tested_on_the_canonicals_data(proven: Fleet) -> None:
    """Upgraded from the canonical, then everything is as it was."""
    before, volumes = proven.bytes_of("notes"), proven.volumes()

    entry = proven.tests("notes", ref="main", quick=True)

    assert entry.outcome is Outcome.PASSED
    assert [tier.tier for tier in entry.tiers] == [Tier.REATTACH, Tier.UPGRADE, Tier.CUSTOM]
    assert entry.base == "1.1.0+1"
    assert proven.bytes_of("notes") == before
    assert proven.volumes() == volumes


@pytest.mark.parametrize("program", [LOSES_DATA, REFUSES_OLD_DATA])
def test_a_commit_that_ruins_the_data_ruins_nothing(proven: Fleet, program: str) -> None:
    """Red, the canonical unharmed, and the release it came from not a known red."""
    before = proven.bytes_of("notes")
    commit = proven.publishes("notes", None, program)

    entry = proven.tests("notes", ref="main", quick=True)

    assert entry.outcome is Outcome.RED
    assert entry.repeat == f"canon-sweep test notes --ref {commit} --quick"
    assert entry.reason.startswith("upgrade: ")
    assert proven.bytes_of("notes") == before
    assert proven.sweeps()["notes"].code is Code.NO_NEW_VERSION


def test_a_quick_red_does_not_keep_a_release_from_its_cold_test(proven: Fleet) -> None:
    """Warm and cold attempts are different things."""
    proven.publishes("notes", "1.2.0+1", RUNS)
    proven.wrap = failing("execute", HostFault("gone"))
    proven.tests("notes", quick=True)
    proven.wrap = lambda engine: engine

    assert proven.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_without_a_canonical_there_is_nothing_to_be_quick_on(fleet: Fleet) -> None:
    """One clear line, with the next step."""
    fleet.publishes("notes", "1.0.0+1")

    with pytest.raises(UsageFault, match="no canonical") as refused:
        fleet.tests("notes", quick=True)

    assert "canon-sweep test notes" in refused.value.do
    assert fleet.state().ledger.read() == ()


def test_a_canonical_on_another_node_is_not_looked_for_here(proven: Fleet) -> None:
    """Its record names the node that holds its volumes."""
    elsewhere = msgspec.structs.replace(proven.canonical("notes"), node="abcdef")
    proven.state().canonicals.write(elsewhere)

    with pytest.raises(UsageFault, match="on the node abcdef"):
        proven.tests("notes", quick=True)


def test_a_damaged_canonical_is_not_the_fault_of_the_version_under_test(proven: Fleet) -> None:
    """It was proven once: what is broken is here, and says nothing of the release."""
    (proven.volume("notes") / "token").unlink()

    entry = proven.tests("notes", ref="main", quick=True)

    assert entry.outcome is Outcome.INFRA
    assert "the canonical 1.1.0+1 itself is damaged" in entry.reason
    assert "canon-sweep test notes" in entry.reason


def test_a_damaged_canonical_that_no_test_makes_anew_is_to_be_given_up(proven: Fleet) -> None:
    """The release was withdrawn, so a test of what is left would be refused."""
    (proven.volume("notes") / "token").unlink()
    proven.repo("notes").references.delete("refs/tags/1.1.0+1")

    entry = proven.tests("notes", ref="main", quick=True)

    assert entry.outcome is Outcome.INFRA
    assert "canon-sweep forget notes --reason TEXT" in entry.reason
    assert "canon-sweep test" not in entry.reason


def test_what_another_record_names_in_the_canonicals_stack_stays(proven: Fleet) -> None:
    """However it came to be there: nothing that a record names is ever removed."""
    engine, record = proven.engine(), proven.canonical("notes")
    volume = record.volumes[0]
    shared = msgspec.structs.replace(volume, name=f"{record.stack}_shared")
    engine.clone_volume(volume.name, shared.name)
    other = msgspec.structs.replace(record, recipe="site", stack="", volumes=(shared,))
    proven.state().canonicals.write(other)

    assert proven.tests("notes", ref="main", quick=True).outcome is Outcome.PASSED

    assert proven.volumes() == {volume.name, shared.name}


def test_what_a_quick_run_added_goes_only_when_no_record_can_name_it(proven: Fleet) -> None:
    """Killed in the middle: the canonical is put back at once, the rest waits for the record."""
    engine, record = proven.engine(), proven.canonical("notes")
    volume, before = record.volumes[0].name, proven.bytes_of("notes")
    engine.clone_volume(volume, f"snapshot.{volume}")
    added = f"{record.stack}_added"
    engine.clone_volume(volume, added)
    (proven.volume("notes") / "changed").touch()
    entry = QuickRun(
        recipe="notes",
        stack=record.stack,
        snapshots={volume: f"snapshot.{volume}"},
        complete=True,
        engine=engine.name,
    )
    proven.state().journal.put(entry)
    unread = proven.state().canonicals.folder / "site" / "canonical.json"
    unread.parent.mkdir()
    unread.write_text("half of a rec")

    night = proven.sweeps()

    assert proven.bytes_of("notes") == before
    assert added in proven.volumes()
    assert night.results.exit_code == 1
    assert any(str(unread) in problem for problem in night.results.problems)
    unread.unlink()
    assert proven.sweeps().results.exit_code == 0
    assert proven.bytes_of("notes") == before
    assert proven.volumes() == {volume}
    assert proven.state().journal.entries() == ()


def test_a_canonical_that_lost_its_volume_is_not_tested_on(proven: Fleet) -> None:
    """A quick run on an empty volume would prove nothing."""
    proven.engine().remove_volume(proven.canonical("notes").volumes[0].name)

    with pytest.raises(UsageFault, match="lost volume"):
        proven.tests("notes", quick=True)

    assert proven.canonical("notes").tag == "1.1.0+1"
    assert proven.tests("notes").outcome is Outcome.PROMOTED


def test_a_crash_at_any_step_is_mended_by_the_next_run(proven: Fleet, matrix: Matrix) -> None:
    """Killed before each call of the engine in turn: the canonical is what it was."""
    before, volumes = proven.bytes_of("notes"), proven.volumes()
    step = 0
    survived = False
    while not survived:
        step += 1
        last = LastWord()
        survived = _dies(proven, step, last)
        assert proven.sweeps().results.entries[0].code is Code.NO_NEW_VERSION
        assert proven.bytes_of("notes") == before, step
        left = proven.volumes() - volumes
        if not survived:
            matrix.add(Row("local", "test --quick", last.text, "old", len(left)))
        assert proven.volumes() == volumes, step
        assert proven.running() == (), step
        assert proven.state().journal.entries() == (), step
    assert step > 10


def _dies(fleet: Fleet, step: int, last: LastWord) -> bool:
    """Run a quick test in a child that dies before its n-th engine call; did it survive?"""

    def dies() -> None:
        fleet.wrap = dying_at(step, last)
        fleet.tests("notes", ref="main", quick=True)

    return in_child(dies) == 0


def test_a_version_that_is_older_than_the_canonical_is_no_upgrade_of_its_data(
    proven: Fleet,
) -> None:
    """Whatever it did with the data of its future would say nothing."""
    before = proven.bytes_of("notes")

    with pytest.raises(UsageFault, match=r"older than the canonical 1\.1\.0\+1"):
        proven.tests("notes", version="1.0.0+1", quick=True)

    assert proven.bytes_of("notes") == before


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_journal_that_cannot_be_written_costs_no_canonical(
    proven: Fleet, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Each of its writes in turn fails as on a full disk; the volumes are what they were."""
    before, volumes = proven.bytes_of("notes"), proven.volumes()
    real = Journal._write
    made = [0]

    def write(self: Journal, entries: dict[str, Entry]) -> None:
        made[0] += 1
        if made[0] == number:
            raise StateFault("No space left on device")
        real(self, entries)

    with monkeypatch.context() as patch:
        # a disk that is full just then cannot be had
        patch.setattr(Journal, "_write", write)
        proven.tests("notes", ref="main", quick=True)
    proven.sweeps()

    assert proven.bytes_of("notes") == before
    assert proven.volumes() == volumes
    assert proven.state().journal.entries() == ()
