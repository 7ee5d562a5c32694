"""Records, ledger, holds and journal on disk."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Attempt, AttemptKey, Outcome
from canon_sweep.core.canonical import Canonical, KeptVolume
from canon_sweep.core.hold import Hold
from canon_sweep.errors import DeferredFault, StateFault
from canon_sweep.state import lock, runs
from canon_sweep.state.attempts import Ledger
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.holds import Holds
from canon_sweep.state.journal import Deployment, Discarded, Journal, Promotion, QuickRun

NOW = datetime(2026, 6, 14, 3, tzinfo=UTC)
RECORD = Canonical(
    recipe="notes",
    version="1.0.0+1",
    commit="a" * 40,
    ts="20260614T030000Z",
    tag="1.0.0+1",
    stack="note-abcdef_ci_localhost",
    volumes=(KeptVolume(name="note-abcdef_ci_localhost_data", bytes=3),),
    retained="volume",
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Nothing is lost between two runs."""
    canonicals = Canonicals(tmp_path)
    canonicals.write(RECORD)

    assert canonicals.read("notes") == RECORD
    assert canonicals.read("other") is None
    assert canonicals.recipes() == ("notes",)


def test_cc_cis_own_tools_find_their_fields(tmp_path: Path) -> None:
    """recipe, version, commit, status and ts, in /var/lib/ci-warm's layout."""
    Canonicals(tmp_path).write(RECORD)

    fields = json.loads((tmp_path / "notes" / "canonical.json").read_text())

    assert fields["recipe"] == "notes"
    assert fields["version"] == "1.0.0+1"
    assert fields["commit"] == "a" * 40
    assert fields["status"] == "idle"
    assert fields["ts"] == "20260614T030000Z"


def test_a_record_made_by_cc_cis_tools_is_read(tmp_path: Path) -> None:
    """Five fields are a record; its version is its tag."""
    folder = tmp_path / "notes"
    folder.mkdir()
    folder.joinpath("canonical.json").write_text(
        '{"recipe": "notes", "version": "3.0.1+v2.0.0", "commit": "%s",'
        ' "status": "idle", "ts": "20260617T050314Z", "theirs": [1]}' % ("b" * 40)
    )

    record = Canonicals(tmp_path).read("notes")

    assert record is not None
    assert record.release_tag == "3.0.1+v2.0.0"
    assert record.volumes == ()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"recipe": "notes"}'])
def test_a_broken_record_is_a_fault_and_not_no_record(tmp_path: Path, content: str) -> None:
    """Taken for 'no canonical', it would be replaced without a word."""
    folder = tmp_path / "notes"
    folder.mkdir()
    folder.joinpath("canonical.json").write_text(content)

    with pytest.raises(StateFault, match=r"notes/canonical\.json"):
        Canonicals(tmp_path).read("notes")


def test_a_record_of_another_recipe_is_a_fault(tmp_path: Path) -> None:
    """A folder that was copied is not two canonicals on one volume."""
    Canonicals(tmp_path).write(RECORD)
    (tmp_path / "notes").rename(tmp_path / "other")

    with pytest.raises(StateFault, match="record of 'notes'"):
        Canonicals(tmp_path).read("other")


def test_a_hostile_recipe_name_is_no_folder(tmp_path: Path) -> None:
    """Nothing is read or written outside the folder."""
    canonicals = Canonicals(tmp_path / "in")

    with pytest.raises(StateFault, match="no recipe name"):
        canonicals.read("../out")


def test_the_history_has_every_promotion_once(tmp_path: Path) -> None:
    """Noting a promotion twice, as after a crash, adds nothing."""
    canonicals = Canonicals(tmp_path)
    canonicals.note_promotion(RECORD)
    canonicals.note_promotion(RECORD)

    assert canonicals.history("notes") == (RECORD,)


def attempt(outcome: Outcome) -> Attempt:
    key = AttemptKey(recipe="notes", tag="1.0.0+1", commit="a" * 40, digest="d")
    return Attempt(key=key, outcome=outcome, ts=NOW, run_id="r", reason="why\nnot")


def test_the_ledger_keeps_every_attempt_in_order(tmp_path: Path) -> None:
    """Append-only, a line each, whatever is in the reason."""
    ledger = Ledger(tmp_path / "attempts.jsonl")
    assert ledger.read() == ()

    ledger.add(attempt(Outcome.RED))
    ledger.add(attempt(Outcome.PROMOTED))

    assert ledger.read() == (attempt(Outcome.RED), attempt(Outcome.PROMOTED))


def test_a_line_that_is_no_attempt_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    """It costs one test at the most; that it is there is said."""
    ledger = Ledger(tmp_path / "attempts.jsonl")
    ledger.add(attempt(Outcome.RED))
    with ledger.path.open("ab") as file:
        file.write(b"nonsense\n")
    ledger.add(attempt(Outcome.PROMOTED))

    assert ledger.read() == (attempt(Outcome.RED), attempt(Outcome.PROMOTED))
    (problem,) = ledger.problems()
    assert "line 2 is no attempt" in problem


def test_holds_come_and_go(tmp_path: Path) -> None:
    """One hold a recipe; the newer one counts."""
    holds = Holds(tmp_path / "holds.json")
    first = Hold(recipe="notes", reason="one", until=NOW)
    second = Hold(recipe="notes", reason="two", until=NOW + timedelta(days=1), tag="1.0.0+1")

    holds.put(first)
    holds.put(second)

    assert holds.read() == {"notes": second}
    assert holds.drop("notes")
    assert not holds.drop("notes")
    assert holds.read() == {}


def test_the_journal_has_one_entry_a_stack(tmp_path: Path) -> None:
    """A later entry takes the earlier one's place."""
    journal = Journal(tmp_path / "journal.json")
    quick = QuickRun(recipe="site", stack="b", snapshots={"b_data": "snapshot.b_data"})
    promotion = Promotion(recipe="notes", stack="a", discarded=Discarded(volumes=("z_data",)))

    journal.put(Deployment(recipe="notes", stack="a"))
    journal.put(quick)
    journal.put(promotion)

    assert Journal(journal.path).entries() == (promotion, quick)
    journal.drop("a")
    journal.drop("a")
    assert journal.entries() == (quick,)


def test_the_lock_is_held_once(tmp_path: Path) -> None:
    """A second run is deferred, and told who is at work; a dead holder holds nothing."""
    path = tmp_path / "lock"
    with lock.held(path):
        program = (
            "import sys; from pathlib import Path; from canon_sweep.state import lock\n"
            "with lock.held(Path(sys.argv[1])): pass"
        )
        other = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
        )
    assert "DeferredFault: another canon-sweep (process" in other.stderr

    with lock.held(path), pytest.raises(DeferredFault), lock.held(path):
        pass


def test_runs_of_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    """No run writes into another's, and latest is the one that ended last."""
    first, second = runs.begin(tmp_path, NOW), runs.begin(tmp_path, NOW)

    first.log_of("notes").say("one\ntwo")
    first.write_results(b"1")
    second.write_results(b"2")

    assert (first.run_id, second.run_id) == ("20260614T030000Z", "20260614T030000Z-2")
    assert (tmp_path / "latest" / "results.json").read_bytes() == b"2"
    assert "one\n" in (first.folder / "notes.log").read_text()


def test_a_hostile_recipe_has_no_log(tmp_path: Path) -> None:
    """Its line is in the results; its name never becomes a path."""
    run = runs.begin(tmp_path / "runs", NOW)

    run.log_of("../../x").say("text")

    assert [path.name for path in tmp_path.rglob("*.log")] == []
