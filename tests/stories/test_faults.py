"""Whose fault it was: infra, refused and promote-failed are never taken for red."""

from __future__ import annotations

import json
import shutil
from typing import Any

import msgspec
import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.gate import Condition
from canon_sweep.errors import HostFault, RecipeFault, StateFault
from canon_sweep.state.attempts import Ledger
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Deployment, Journal, QuickRun
from stories.engines import doing, failing, intercepted
from stories.fleet import NEVER_STARTS, RUNS, Fleet, compose

NO_IMAGE = HostFault("image notes:1 cannot be pulled", do="look at the registry")


@pytest.fixture
def released(fleet: Fleet) -> Fleet:
    """A fleet whose one recipe has two releases."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    return fleet


def outcomes(fleet: Fleet) -> list[Outcome]:
    """What the ledger has, in order."""
    return [attempt.outcome for attempt in fleet.state().ledger.read()]


@pytest.mark.parametrize("method", ["prepare", "deploy", "wait_ready", "execute", "undeploy"])
def test_a_failed_host_is_infra_and_tried_again_next_time(released: Fleet, method: str) -> None:
    """It says nothing of the recipe: no known red comes of it."""
    released.options["infraRetries"] = 0
    released.wrap = failing(method, NO_IMAGE)

    night = released.sweeps()

    assert night["notes"].outcome is Outcome.INFRA
    assert "image notes:1 cannot be pulled" in night["notes"].reason
    assert night.results.exit_code == 1
    released.wrap = lambda engine: engine
    assert released.sweeps()["notes"].outcome is Outcome.PROMOTED
    assert released.running() == ()


def test_a_name_that_our_domain_makes_too_long_is_infra(fleet: Fleet) -> None:
    """The recipe is fine below a shorter domain, and is told to nobody as red."""
    own = {"key": {"external": True, "name": "${STACK_NAME}_uploads_s3_secret_access_key_v1"}}
    tree = json.loads(compose(RUNS, "1.0.0+1")) | {"secrets": own}
    fleet.commits("notes", "1.0.0+1", {"compose.yml": json.dumps(tree)})
    fleet.options["domain"] = "ci.collective.example"

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    assert "choose a shorter domain in the settings: at most 20 characters" in entry.reason
    assert entry.deploys == 0
    fleet.options["domain"] = "ci.collective.exampl"
    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_infra_is_tried_again_in_the_same_sweep(released: Fleet) -> None:
    """Up to infraRetries, each attempt in the ledger."""
    released.wrap = failing("prepare", NO_IMAGE)

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED
    assert entry.attempts == 2
    assert not entry.flaky
    assert outcomes(released) == [Outcome.INFRA, Outcome.PROMOTED]


def test_infra_is_not_tried_for_ever(released: Fleet) -> None:
    """At most infraRetries times."""
    released.options["infraRetries"] = 2
    released.wrap = failing("prepare", NO_IMAGE, times=99)

    assert released.sweeps()["notes"].attempts == 3


def test_a_retried_red_that_turns_green_is_flaky(released: Fleet) -> None:
    """retries reruns a red cold; the promotion is marked."""
    released.recipes["notes"]["retries"] = 1
    released.wrap = failing("wait_ready", RecipeFault("service app exited with code 137"))

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED
    assert entry.flaky
    assert outcomes(released) == [Outcome.RED, Outcome.PROMOTED]


def test_without_retries_a_red_is_final(released: Fleet) -> None:
    """The default."""
    released.wrap = failing("wait_ready", RecipeFault("service app exited with code 137"))

    assert released.sweeps()["notes"].outcome is Outcome.RED
    assert released.sweeps()["notes"].code is Code.KNOWN_RED


def test_a_record_that_cannot_be_written_is_promote_failed(
    released: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Green, but not kept: the previous canonical stands, nothing else is left."""
    released.has_swept()
    before, volumes = released.bytes_of("notes"), released.volumes()
    released.publishes("notes", "2.0.0+1")

    def full(_self: Canonicals, _record: object) -> None:
        raise StateFault("canonical.json cannot be written: No space left on device")

    with monkeypatch.context() as patch:
        # a disk that is full just then cannot be had
        patch.setattr(Canonicals, "write", full)
        night = released.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTE_FAILED
    assert "No space left" in night["notes"].reason
    assert night.results.exit_code == 1
    assert released.bytes_of("notes") == before
    assert released.volumes() == volumes
    again = released.sweeps()
    assert again["notes"].code is Code.KNOWN_RED
    assert "could not be promoted" in again["notes"].sentence
    assert again.results.noop
    assert released.sweeps("notes", retry=True)["notes"].outcome is Outcome.PROMOTED


def test_a_record_that_took_its_name_but_was_not_flushed_stands(
    released: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both canonicals' volumes stay until the next run has seen which record it is."""
    released.has_swept()
    old = released.volumes()
    released.publishes("notes", "2.0.0+1")
    write = Canonicals.write

    def unflushed(self: Canonicals, record: object) -> None:
        write(self, record)  # type: ignore[arg-type]
        raise StateFault("folder cannot be flushed")

    def unflushable(_self: Canonicals, _recipe: str) -> None:
        raise StateFault("folder cannot be flushed")

    with monkeypatch.context() as patch:
        patch.setattr(Canonicals, "write", unflushed)
        patch.setattr(Canonicals, "flush", unflushable)
        entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED
    assert [note.code for note in entry.notes] == ["cleanup-pending"]
    assert old < released.volumes()
    cleaned = released.sweeps().results
    assert (cleaned.totals.recovered, cleaned.exit_code) == (1, 0)
    assert released.sweeps().results.noop
    assert released.volumes() == {volume.name for volume in released.canonical("notes").volumes}


def test_a_tag_that_moves_during_the_test_is_refused(released: Fleet) -> None:
    """What was tested is not what the tag names now."""

    def move() -> None:
        released.repo("notes").references.delete("refs/tags/1.1.0+1")
        released.publishes("notes", "1.1.0+1")

    released.wrap = doing("deploy", move)

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.REFUSED
    assert [failed.condition for failed in entry.refused] == [Condition.TAGGED]
    assert "tag-moved" in entry.reason
    assert released.volumes() == set()


def test_a_release_that_appears_during_the_test_is_the_latest(released: Fleet) -> None:
    """The outdated one is refused; the next sweep takes the new one."""
    released.wrap = doing("deploy", lambda: released.publishes("notes", "1.2.0+1"))

    entry = released.sweeps()["notes"]

    assert [failed.condition for failed in entry.refused] == [Condition.LATEST]
    assert released.sweeps()["notes"].tag == "1.2.0+1"


def test_an_upstream_that_is_gone_at_the_gate_promotes_nothing(released: Fleet) -> None:
    """Green, but nobody can say whether it is still the latest."""
    upstream = released.upstream("notes")
    released.options["infraRetries"] = 0
    released.wrap = doing("undeploy", lambda: upstream.rename(released.folder / "away"))

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    assert "upstream" in entry.reason
    assert released.volumes() == set()


def test_a_test_that_outlasts_the_run_is_broken_off(released: Fleet) -> None:
    """maxRuntime bounds the recipe at hand too, and does not make it red."""
    released.publishes("notes", "1.2.0+1", ready=True)
    released.options["maxRuntime"] = "500ms"

    night = released.sweeps()

    assert night["notes"].code is Code.OUT_OF_TIME
    assert "maxRuntime" in night["notes"].sentence
    assert night["notes"].seconds < 5
    assert night.results.exit_code == 1
    assert released.volumes() == set()
    assert released.running() == ()


def test_what_cannot_be_cleaned_up_is_loud_and_stops_no_cleaning(released: Fleet) -> None:
    """A run that could not mend what an earlier one left does not exit 0."""
    released.has_swept()
    journal = released.state().journal
    record = released.canonical("notes")
    journal.put(
        QuickRun(
            recipe="notes",
            stack=record.stack,
            snapshots={record.volumes[0].name: f"snapshot.{record.volumes[0].name}"},
            complete=True,
        )
    )
    journal.put(Deployment(recipe="notes", stack="zzzz-000000_ci_localhost"))
    released.publishes("notes", "1.2.0+1")

    night = released.sweeps()

    assert night.results.exit_code == 1
    (problem,) = night.results.problems
    assert record.stack in problem
    assert night["notes"].outcome is Outcome.INFRA
    assert "cleaned up" in night["notes"].reason
    assert [entry.stack for entry in journal.entries()] == [record.stack]
    assert released.canonical("notes") == record


def test_a_journal_entry_never_costs_another_recipes_canonical(released: Fleet) -> None:
    """Whatever recipe it is written under: what any record names stays."""
    released.has_swept()
    record = released.canonical("notes")
    released.state().journal.put(Deployment(recipe="other", stack=record.stack))

    released.sweeps()

    assert released.volumes() == {volume.name for volume in record.volumes}


def test_a_red_whose_teardown_fails_is_still_red(released: Fleet) -> None:
    """What could not be taken down is said, and the end of the run tries again."""
    released.publishes("notes", "1.2.0+1", NEVER_STARTS)
    released.recipes["notes"]["retries"] = 3
    released.wrap = failing("undeploy", HostFault("the engine hung"))

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert entry.attempts == 1
    assert [note.code for note in entry.notes] == ["not-repeated", "cleanup-pending"]
    assert outcomes(released) == [Outcome.RED]
    assert released.running() == ()
    assert released.state().journal.entries() == ()


def test_a_red_whose_rerun_meets_a_failed_host_stays_red(released: Fleet) -> None:
    """The rerun said nothing; what was seen before it counts."""
    released.publishes("notes", "1.2.0+1", NEVER_STARTS)
    released.recipes["notes"]["retries"] = 1
    released.options["infraRetries"] = 0
    left = [1]

    def before(name: str, _arguments: object) -> None:
        if name == "prepare":
            left[0] -= 1
            if left[0] < 0:
                raise NO_IMAGE

    released.wrap = lambda engine: intercepted(engine, before)

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert "no such table" in entry.reason
    assert [note.code for note in entry.notes] == ["not-repeated"]
    assert released.sweeps()["notes"].code is Code.KNOWN_RED


def test_a_cache_that_is_deleted_during_a_test_changes_nothing(released: Fleet) -> None:
    """It may be deleted at any time."""
    released.wrap = doing("undeploy", lambda: shutil.rmtree(released.folder / "cache"))

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED
    assert entry.base == "1.0.0+1"


def test_a_base_that_loses_its_own_data_is_a_broken_base(fleet: Fleet) -> None:
    """It would be lost without the new version too."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1", 'while :; do rm -f "$$DATA/token"; done')
    fleet.publishes("notes", "1.2.0+1")

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED
    assert entry.base == "1.0.0+1"
    assert [broken.tag for broken in entry.broken_bases] == ["1.1.0+1"]


def test_an_upgrade_base_that_cannot_be_used_is_noted(released: Fleet) -> None:
    """An override that does nothing must not look as if it did."""
    released.recipes["notes"]["upgradeBase"] = "9.9.9+1"

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED
    assert [note.code for note in entry.notes] == ["pin-ignored"]


def test_a_canonical_of_another_engine_is_not_forgotten(released: Fleet) -> None:
    """What this engine cannot remove is said, and not taken for removed."""
    released.has_swept()
    record = released.canonical("notes")
    elsewhere = msgspec.structs.replace(record, engine="swarm")
    released.state().canonicals.write(elsewhere)
    released.publishes("notes", "1.2.0+1")

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED
    assert "stay on the swarm engine" in entry.notes[0].text
    assert {volume.name for volume in record.volumes} < released.volumes()


def test_a_log_that_cannot_be_written_stops_nothing(released: Fleet) -> None:
    """What was decided and done is in the results; a record never waits for a line of talk."""

    def block() -> None:
        (log,) = (released.folder / "state" / "runs").rglob("notes.log")
        log.unlink()
        log.mkdir()

    released.wrap = doing("deploy", block)

    night = released.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 0
    assert released.volumes() == {volume.name for volume in released.canonical("notes").volumes}


@pytest.mark.parametrize("what", ["journal", "history", "ledger"])
def test_a_state_folder_that_fails_at_any_write_costs_no_canonical(
    released: Fleet, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Each write in turn fails as on a full disk: the record is whole, old or new."""
    released.has_swept()
    number = 0
    failed = True
    while failed:
        number += 1
        released.publishes("notes", f"2.{number}.0+1")
        failed = _sweep_with_failing_write(released, monkeypatch, what, number)
        record = released.canonical("notes")
        assert {volume.name for volume in record.volumes} <= released.volumes(), number
        if failed:  # remembered as a red is, so it is asked for
            released.sweeps("notes", retry=True)
        assert released.canonical("notes").tag == f"2.{number}.0+1"
        assert released.volumes() == {volume.name for volume in released.canonical("notes").volumes}
        assert released.running() == ()
    assert number > 1


def _sweep_with_failing_write(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, what: str, number: int
) -> bool:
    """Sweep while the n-th write of a kind fails; was there an n-th write?"""
    kind, name = {
        "journal": (Journal, "_write"),
        "history": (Canonicals, "note_promotion"),
        "ledger": (Ledger, "add"),
    }[what]
    real = getattr(kind, name)
    made = [0]

    def write(self: object, *arguments: object) -> None:
        made[0] += 1
        if made[0] == number:
            raise StateFault("No space left on device")
        real(self, *arguments)

    with monkeypatch.context() as patch:
        # a disk that is full just then cannot be had
        patch.setattr(kind, name, write)
        fleet.sweeps()
    return made[0] >= number


def test_a_red_that_cannot_be_written_down_says_so(
    released: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It will be no known red, so that the next run is no no-op: here is why."""

    def full(_ledger: Ledger, _attempt: object) -> None:
        raise StateFault("No space left on device")

    released.recipes["notes"]["checks"] = [{"type": "exec", "command": ["false"]}]
    released.publishes("site", "1.0.0+1")
    with monkeypatch.context() as patch:
        # a disk that is full just then cannot be had
        patch.setattr(Ledger, "add", full)
        night = released.sweeps()

    assert night["notes"].outcome is Outcome.RED
    assert night["site"].outcome is Outcome.PROMOTED
    for entry in (night["notes"], night["site"]):
        assert [note.code for note in entry.notes if note.code == "ledger"] == ["ledger"]


@pytest.mark.parametrize("wanted", [{"ref": "main"}, {"version": "1.1.0+1"}, {}])
def test_a_checkout_that_the_host_cannot_write_is_infra_whatever_was_asked_for(
    released: Fleet, wanted: dict[str, Any]
) -> None:
    """A commit by its name is looked at before it is tested, and that fails in the same way."""
    released.has_swept()
    checkouts = released.folder / "state" / "checkouts"
    if checkouts.exists():
        checkouts.rmdir()
    checkouts.write_text("in the way")

    entry = released.tests("notes", **wanted)

    assert entry.outcome is Outcome.INFRA, entry
    assert "checkouts" in entry.reason
    assert (wanted.get("ref") or "1.1.0+1") in entry.sentence


def test_a_test_that_the_state_folder_breaks_off_keeps_its_release(
    released: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision was taken: its line says of what, also by hand and on the canonical's data."""

    def spoilt(_journal: Journal, _entries: object) -> None:
        raise StateFault("journal.json is no journal")

    released.sweeps()
    released.publishes("notes", "2.0.0+1")
    with monkeypatch.context() as patch:
        # somebody who spoils it just then cannot be had
        patch.setattr(Journal, "_write", spoilt)
        lines = [
            released.sweeps()["notes"],
            released.tests("notes"),
            released.tests("notes", quick=True),
        ]

    for entry in lines:
        assert entry.code is Code.INTERNAL_ERROR
        assert entry.sentence == "journal.json is no journal"
        assert (entry.tag, entry.canonical) == ("2.0.0+1", "1.1.0+1")


def test_a_fault_of_ours_is_named_and_the_others_go_on(released: Fleet) -> None:
    """A bug takes one recipe down, not the sweep; its traceback is in the log."""
    released.publishes("site", "1.0.0+1")
    released.publishes("site", "1.1.0+1")
    released.wrap = failing("wait_ready", ZeroDivisionError("x / 0"))

    night = released.sweeps()

    assert night["notes"].code is Code.INTERNAL_ERROR
    assert "ZeroDivisionError" in night["notes"].sentence
    assert night["site"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1
    log = released.folder / "state" / "runs" / night.results.run_id / "notes.log"
    assert "Traceback" in log.read_text()
    assert released.running() == ()


def test_a_broken_record_is_one_recipes_error(released: Fleet) -> None:
    """Never taken for 'no canonical', and never overwritten."""
    released.has_swept()
    path = released.state().canonicals.folder / "notes" / "canonical.json"
    path.write_text("{")

    night = released.sweeps()

    assert night["notes"].code is Code.INTERNAL_ERROR
    assert "canonical.json" in night["notes"].sentence
    assert path.read_text() == "{"
