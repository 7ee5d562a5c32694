"""The release trigger and the same-version guard do not meet: what fires where."""

from __future__ import annotations

import json

import pygit2
import pytest

from canon_sweep import sweep
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code, Decision, Facts
from stories.fleet import RUNS, WEEK, Fleet, Night, compose


def guard_of(night: Night, fleet: Fleet) -> object:
    """What the run's results on disk say of the same-version guard."""
    kept = json.loads((fleet.folder / "state/runs/latest/results.json").read_text())
    assert [entry["stepped_back"] for entry in kept["entries"]] == [
        entry.stepped_back for entry in night.results.entries
    ]
    return kept["stepped_back"]


def test_no_new_tag_and_new_commits_on_main_is_skipped(released: Fleet) -> None:
    """Path 1 of the sweep: no upgrade tier, no promotion, and the guard does not fire."""
    released.sweeps()
    before = released.bytes_of("notes")
    released.publishes("notes", None)
    released.now += WEEK

    night = released.sweeps()

    assert night["notes"].code is Code.NO_NEW_VERSION
    assert night["notes"].tiers == ()
    assert night["notes"].outcome is None
    assert night.results.totals.deploys == 0
    assert released.bytes_of("notes") == before
    assert guard_of(night, released) == []


def test_a_new_tag_is_a_real_upgrade_from_the_canonical(released: Fleet) -> None:
    """Path 2 of the sweep: canonical (older) to new, promoted, and the guard does not fire."""
    released.sweeps()
    proven = released.canonical("notes")
    tagged = released.publishes("notes", "1.2.0+1")
    released.now += WEEK

    night = released.sweeps()

    entry = night["notes"]
    assert entry.outcome is Outcome.PROMOTED, entry.reason
    assert entry.base == proven.release_tag == "1.1.0+1"
    assert {str(tier.tier): str(tier.status) for tier in entry.tiers}["upgrade"] == "pass"
    assert proven.commit != released.canonical("notes").commit == tagged
    assert released.canonical("notes").release_tag == "1.2.0+1"
    assert guard_of(night, released) == []


def test_a_pull_request_with_the_canonicals_version_steps_back(released: Fleet) -> None:
    """The path of pull requests: told in the line, in the results and in the log."""
    released.sweeps()
    opens(released, "1.1.0+1")
    released.now += WEEK

    entry = released.tests("notes", ref="pull/7/head")

    assert entry.outcome is Outcome.PASSED, entry.reason
    assert entry.stepped_back
    assert entry.base == "1.0.0+1"
    notes = {note.code: note.text for note in entry.notes}
    assert "so it starts from 1.0.0+1" in notes["stepped-back"]
    kept = json.loads((released.folder / "state/runs/latest/results.json").read_text())
    assert kept["stepped_back"] == ["notes"]
    log = (released.folder / "state/runs/latest/notes.log").read_text()
    assert "stepped-back: " in log
    assert released.canonical("notes").release_tag == "1.1.0+1"


def test_a_pull_request_with_a_new_version_does_not(released: Fleet) -> None:
    """It is upgraded to from the canonical, as its release will be."""
    released.sweeps()
    opens(released, "1.2.0+1")

    entry = released.tests("notes", ref="pull/7/head")

    assert entry.outcome is Outcome.PASSED, entry.reason
    assert not entry.stepped_back
    assert entry.base == "1.1.0+1"


def test_a_quick_test_of_the_canonicals_version_says_what_it_does_not_show(
    released: Fleet,
) -> None:
    """On its data there is one base."""
    released.sweeps()
    before = released.bytes_of("notes")
    opens(released, "1.1.0+1")

    entry = released.tests("notes", ref="pull/7/head", quick=True)

    assert entry.outcome is Outcome.PASSED, entry.reason
    assert "same-version" in {note.code for note in entry.notes}
    assert released.bytes_of("notes") == before


def test_a_decision_that_is_wrong_tests_no_canonical_against_itself(
    released: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Impossible by construction, so a decision is made up; it is looked at before a deploy."""

    def wrong(facts: Facts, *_: object) -> Decision:
        return Decision(Code.NEW_RELEASE, "made up", facts.releases.latest)

    released.sweeps()
    released.publishes("site", "1.2.0+1")
    before = released.bytes_of("notes")
    monkeypatch.setattr(sweep, "decide", wrong)

    night = released.sweeps()

    entry = night["notes"]
    assert (entry.code, entry.outcome, entry.deploys) == (Code.INTERNAL_ERROR, None, 0)
    assert entry.sentence == (
        "1.1.0+1 of notes is the canonical's own version: a sweep that tested it would prove"
        " nothing, so it was not tested; this is a bug in canon-sweep: report it, with"
        " canon-sweep explain notes"
    )
    assert released.bytes_of("notes") == before
    assert night["site"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1


def opens(fleet: Fleet, label: str) -> None:
    """Somebody opens pull request 7 on the mirror; its version label is this."""
    mirror = pygit2.Repository(str(fleet.mirror("notes")))
    main = mirror.references["refs/heads/main"].peel(pygit2.Commit)
    builder = mirror.TreeBuilder(main.tree)
    blob = mirror.create_blob(compose(RUNS, label).encode() + b"\n")
    builder.insert("compose.yml", blob, pygit2.enums.FileMode.BLOB)
    author = pygit2.Signature("Ann", "ann@example.org", 1_790_000_000, 0)
    mirror.create_commit("refs/pull/7/head", author, author, "change", builder.write(), [main.id])
