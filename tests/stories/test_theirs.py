"""Sweeps whose harness keeps the canonicals by itself, as cc-ci's does: a stand-in of it.

Its records are read where it keeps them; nothing of ours is ever written there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.errors import UsageFault
from canon_sweep.job.adopt import Adoptions, run_adopt
from canon_sweep.job.budget import forecast
from canon_sweep.job.explain import explain
from canon_sweep.job.finding import Finding
from canon_sweep.job.forget import run_forget
from canon_sweep.job.prune import run_prune
from canon_sweep.job.run import run_plan, run_sweep
from canon_sweep.job.status import status_of
from canon_sweep.report.records import LOST
from canon_sweep.state.followed import Followed
from child import in_child
from state.ciwarm import CiWarm
from stories.fleet import WEEK, Fleet
from stories.outside import OutsideFleet

OLD, NEW = "1.0.0+1", "1.1.0+1"
BEFORE = "20260607T030000Z"


@dataclass
class Host:
    """A fleet, and what cc-ci's harness has made of it before canon-sweep came."""

    fleet: OutsideFleet
    warm: CiWarm

    def volume(self, recipe: str) -> str:
        """The volume of a recipe's canonical."""
        return f"warm-{recipe}_ci_localhost_data"

    def has(self, recipe: str, tag: str, commit: str) -> None:
        """A whole canonical, with its volume."""
        self.warm.promotes(recipe, tag, commit, ts=BEFORE, volumes=(self.volume(recipe),))
        folder = self.fleet.folder / "state/local/volumes" / self.volume(recipe)
        folder.mkdir(parents=True)
        (folder / "token").write_text(tag)

    def loses_volume(self, recipe: str) -> None:
        """Somebody removes it."""
        shutil.rmtree(self.fleet.folder / "state/local/volumes" / self.volume(recipe))

    def adopts(self, *recipes: str, dry_run: bool = False) -> Adoptions:
        """The operator takes canonicals over."""
        return run_adopt(self.fleet.settings(), recipes, self.fleet.means(), dry_run=dry_run)

    def outcomes(self, found: Adoptions) -> dict[str, str]:
        """What became of each."""
        return {each.recipe: each.outcome for each in found.canonicals}

    def finds(self, recipe: str) -> Finding:
        """What `verify` says of a recipe."""
        return next(each for each in self.fleet.verifies() if each.recipe == recipe)


@pytest.fixture
def host(outside: OutsideFleet) -> Host:
    """A host on which cc-ci's own harness tests."""
    outside.uses_ccci()
    return Host(outside, CiWarm(outside.warm))


@pytest.fixture
def adopted(host: Host) -> Host:
    """Its one recipe is at its latest release, and adopted."""
    host.fleet.releases("notes", OLD)
    host.has("notes", NEW, host.fleet.releases("notes", NEW))
    assert host.adopts().exit_code == 0
    return host


def test_what_works_is_kept_and_the_rest_is_tested(host: Host) -> None:
    """Adopt, plan, sweep, no-op: the operator's afternoon, with canonicals of every kind."""
    fleet = host.fleet
    commits = {name: fleet.releases(name, OLD) for name in ("mail", "notes", "site", "chat")}
    host.has("site", OLD, commits["site"])
    for name in ("mail", "notes", "site"):
        commits[name] = fleet.releases(name, NEW)
    host.has("notes", NEW, commits["notes"])
    host.has("mail", NEW, fleet.releases("mail", None))  # main's commit, not the tag's
    before = host.warm.content

    would, took = host.adopts(dry_run=True), host.adopts()
    plan = fleet.plans()
    after_adoption = host.warm.content
    first, second = fleet.sweeps(), fleet.sweeps()

    kinds = {"mail": "not-adopted", "notes": "adopted", "site": "adopted"}
    assert host.outcomes(would) == host.outcomes(took) == kinds
    assert took.exit_code == 1
    (mail, *_) = took.canonicals
    assert f"is not that of {NEW}" in mail.why
    assert after_adoption == before
    assert {entry.recipe: entry.code for entry in plan.results.entries} == {
        "chat": Code.FIRST_CANONICAL,
        "mail": Code.FIRST_CANONICAL,
        "notes": Code.NO_NEW_VERSION,
        "site": Code.NEW_RELEASE,
    }
    assert "adopted from another tool" in plan["notes"].sentence
    assert f"the adopted canonical {OLD}" in plan["site"].sentence
    assert [note.code for note in plan["mail"].notes if "record" in note.text] == ["not-followed"]
    assert {e.recipe: e.outcome for e in first.results.entries if e.outcome} == dict.fromkeys(
        ("chat", "mail", "site"), Outcome.PROMOTED
    )
    assert (first["notes"].adopted, first["site"].adopted) == (True, False)
    assert first.results.exit_code == 0
    # what asks an app is the harness's own: no probe of ours is missing
    assert not any(note.code == "no-probe" for e in first.results.entries for note in e.notes)
    assert second.results.noop
    assert second.results.exit_code == 0
    assert {each.recipe: (each.canonical, each.adopted, each.problems, each.unchecked)
            for each in fleet.verifies()} == {
        "chat": (OLD, False, (), ()),
        "mail": (NEW, False, (), ()),
        "notes": (NEW, True, (), ()),
        "site": (NEW, False, (), ()),
    }  # fmt: skip


def test_without_adoption_everything_is_tested_anew(host: Host) -> None:
    """No marker, no promotion of ours: nobody here knows that record."""
    host.has("notes", OLD, host.fleet.releases("notes", OLD))

    plan, night = host.fleet.plans(), host.fleet.sweeps()

    assert plan["notes"].code is Code.FIRST_CANONICAL
    assert plan["notes"].canonical == ""
    (note,) = (note for note in plan["notes"].notes if note.code == "not-followed")
    assert "canon-sweep adopt notes takes it over if it is whole" in note.text
    assert "nothing has to be tested then" in note.text
    assert night["notes"].outcome is Outcome.PROMOTED
    assert host.outcomes(host.adopts()) == {"notes": "promoted"}


def test_adopting_twice_is_adopting_once(adopted: Host) -> None:
    """The marker is the first one's."""
    followed = adopted.fleet.state().followed
    assert followed is not None
    marker = followed.adopted.read()["notes"]

    again = adopted.adopts("notes")

    assert adopted.outcomes(again) == {"notes": "already-adopted"}
    assert again.exit_code == 0
    assert followed.adopted.read()["notes"] == marker
    with pytest.raises(UsageFault, match="no recipe 'nobody'"):
        adopted.adopts("nobody")


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        ("last_good", "last_good missing"),
        ("snapshot/meta.json", "snapshot unchecked (snapshot/meta.json cannot be read"),
        ("volume", "volumes missing (warm-notes_ci_localhost_data does not exist)"),
    ],
)
def test_a_canonical_that_is_not_whole_is_not_adopted(host: Host, spoil: str, cause: str) -> None:
    """Its recipe is tested, and then it is whole again."""
    host.has("notes", OLD, host.fleet.releases("notes", OLD))
    if spoil == "volume":
        host.loses_volume("notes")
    else:
        (host.warm.folder / "notes" / spoil).unlink()

    (found,) = host.adopts().canonicals

    assert found.outcome == "not-adopted"
    assert cause in found.why
    assert host.fleet.plans()["notes"].code is Code.FIRST_CANONICAL
    assert host.fleet.sweeps()["notes"].outcome is Outcome.PROMOTED
    assert host.finds("notes").problems == ()


@pytest.mark.parametrize(
    ("behaves", "missing"),
    [
        ("promotion-fails", "canonical.json is not there"),
        ("snapshot-only", "canonical.json is not there; last_good is not there"),
        ("without:snapshot", "snapshot/meta.json is not there"),
        ("without:last_good", "last_good is not there"),
        ("without:record", "canonical.json is not there"),
        ("no-volume", "volume warm-notes_ci_localhost_data does not exist"),
        ("mains-commit", "canonical.json names commit ffffffffffff, the tag is"),
        ("stale", "before the test began"),
    ],
)
def test_a_promotion_with_a_part_missing_has_failed(host: Host, behaves: str, missing: str) -> None:
    """Green by exit code, and said to be promoted: what is missing is told, and stays known."""
    host.fleet.releases("notes", OLD, behaves)

    night, again = host.fleet.sweeps(), host.fleet.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTE_FAILED
    assert missing in night["notes"].reason
    assert night["notes"].canonical == ""
    assert night.results.exit_code == 1
    assert again["notes"].code is Code.KNOWN_RED
    assert again.results.noop
    assert host.fleet.state().current.history("notes") == ()


def test_what_the_harness_promoted_before_a_kill_of_ours_can_be_adopted(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody here has seen it, so nothing is decided by it; and it need not be tested again."""
    host.fleet.releases("notes", OLD)
    with monkeypatch.context() as patched:
        patched.setattr(Followed, "note_promotion", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        assert in_child(host.fleet.sweeps) == -signal.SIGKILL

    plan = host.fleet.plans()
    took = host.adopts()
    night = host.fleet.sweeps()

    assert plan["notes"].code is Code.FIRST_CANONICAL
    assert any("nothing has to be tested then" in note.text for note in plan["notes"].notes)
    assert host.outcomes(took) == {"notes": "adopted"}
    assert night.results.totals.tested == 0
    assert night["notes"].adopted


def test_a_red_release_leaves_what_was_adopted(adopted: Host) -> None:
    """The canonical is followed as before."""
    before = adopted.warm.content
    adopted.fleet.releases("notes", "1.2.0+1", "red:upgrade")

    night = adopted.fleet.sweeps()

    assert night["notes"].outcome is Outcome.RED
    assert (night["notes"].canonical, night["notes"].adopted) == (NEW, True)
    assert adopted.warm.content == before


def test_a_record_that_another_tool_changes_is_told_and_followed_no_longer(adopted: Host) -> None:
    """As where somebody lets that harness promote beside us."""
    commit = adopted.fleet.releases("notes", "1.2.0+1")
    adopted.warm.promotes("notes", "1.2.0+1", commit, volumes=(adopted.volume("notes"),))

    plan, finding = adopted.fleet.plans(), adopted.finds("notes")
    took = adopted.adopts()

    assert plan["notes"].code is Code.FIRST_CANONICAL
    (note,) = (note for note in plan["notes"].notes if note.code == "not-followed")
    assert f"it was of {NEW} when adopted" in note.text
    assert f"it was of {NEW} when adopted" in finding.problems[0]
    assert adopted.outcomes(took) == {"notes": "adopted"}
    assert adopted.fleet.plans()["notes"].code is Code.NO_NEW_VERSION


def test_a_record_that_cannot_be_read_is_an_error_of_its_recipe(adopted: Host) -> None:
    """Nobody can say what it names; the others go on."""
    fleet = adopted.fleet
    fleet.releases("site", OLD)
    adopted.warm.writes("notes", "canonical.json", b"{")

    night, finding = fleet.sweeps(), adopted.finds("notes")

    assert night["notes"].code is Code.INTERNAL_ERROR
    assert "notes/canonical.json is no canonical's record" in night["notes"].sentence
    assert night["site"].outcome is Outcome.PROMOTED
    assert "canonical.json unchecked (it cannot be read" in finding.problems[0]


def test_what_is_no_candidate_is_never_promoted_by_the_harness(adopted: Host) -> None:
    """An older release, and one that takes no part: the harness is told as of a ref, or not run."""
    fleet = adopted.fleet
    before = adopted.warm.content

    fleet.releases("site", OLD)
    older = fleet.tests("notes", OLD)
    fleet.add("notes", enroll=False, exception="no stable health")
    excepted = fleet.tests("notes")

    assert (older.outcome, excepted.outcome) == (Outcome.REFUSED, Outcome.REFUSED)
    assert f"the latest release is {NEW}" in older.reason
    assert adopted.warm.content == before
    fleet.harness(ref={"environment": {}})
    with pytest.raises(UsageFault, match="would promote notes 1"):
        fleet.tests("notes", OLD)
    with pytest.raises(UsageFault, match="would promote notes"):
        fleet.tests("notes", ref="main")
    assert adopted.warm.content == before


def test_a_quick_run_of_ours_has_no_data_of_the_harnesses(adopted: Host) -> None:
    """Without a quick run of its own there is nothing of ours to test on: one line, exit 2."""
    adopted.fleet.harness().pop("quick")
    before = adopted.warm.content

    with pytest.raises(UsageFault, match="notes") as refused:
        adopted.fleet.tests("notes", quick=True)

    assert "was not made by the local engine" in str(refused.value)
    assert adopted.warm.content == before


def test_an_adopted_canonical_can_be_proven(adopted: Host) -> None:
    """By a person, with the version that it has: it is adopted no more."""
    entry = adopted.fleet.tests("notes")

    assert entry.outcome is Outcome.PROMOTED
    assert not entry.adopted
    assert not adopted.finds("notes").adopted
    assert adopted.fleet.plans()["notes"].sentence == f"{NEW} is the canonical"


def test_a_record_that_is_gone_is_told(adopted: Host) -> None:
    """It is no reason to be silent that there is nothing to read."""
    adopted.has("site", NEW, adopted.fleet.releases("site", NEW))
    shutil.rmtree(adopted.warm.folder / "notes")

    plan, finding = adopted.fleet.plans(), adopted.finds("notes")

    assert plan["notes"].code is Code.FIRST_CANONICAL
    assert any("record is gone" in note.text for note in plan["notes"].notes)
    assert finding.problems == (f"another tool's record is gone: it was of {NEW} when adopted",)


def test_a_folder_that_is_out_of_sight_is_no_new_beginning(adopted: Host) -> None:
    """Its disk is not mounted, say: nothing is tested into the empty folder."""
    folder = adopted.warm.folder
    folder.rename(folder.with_name("elsewhere"))
    folder.mkdir()

    night = adopted.fleet.sweeps()

    assert night["notes"].code is Code.INTERNAL_ERROR
    assert "mount its disk; or give it up: canon-sweep forget notes" in night["notes"].sentence
    assert f"was adopted ({NEW})" in night["notes"].sentence
    assert adopted.warm.content == {}
    fleet = adopted.fleet
    told = status_of(fleet.settings(), fleet.state(), None, fleet.now)
    assert told.is_wrong
    assert [row.problem for row in told.recipes] == [night["notes"].sentence]
    folder.rmdir()
    folder.with_name("elsewhere").rename(folder)
    assert adopted.fleet.sweeps()["notes"].code is Code.NO_NEW_VERSION


def test_a_folder_that_is_not_the_harnesses_is_told_before_a_test_and_after(host: Host) -> None:
    """A slip in canonicalsDir costs every test; or the harness is about to make the folder."""
    fleet = host.fleet
    said: list[str] = []
    fleet.releases("notes", NEW)
    around = replace(fleet.means(), say=said.append)
    wrong = fleet.folder / "ci-wram"
    fleet.options["canonicalsDir"] = str(wrong)
    step = "see that it is the harness's folder; with its first promotion it makes it"

    run_plan(fleet.settings(), (), around)
    (entry,) = run_sweep(fleet.settings(), (), around).entries
    fleet.options["canonicalsDir"] = str(fleet.warm)
    run_plan(fleet.settings(), (), around)

    assert said == [f"canonicalsDir: {wrong} is not there; {step}"] * 2
    assert entry.outcome is Outcome.PROMOTE_FAILED
    assert (
        f"has not promoted it: canonicalsDir {wrong} is not there; canonical.json" in entry.reason
    )


def test_a_folder_that_the_harness_makes_itself_is_followed(host: Host) -> None:
    """The first night of a host on which nobody has promoted anything yet."""
    host.fleet.releases("notes", NEW)
    assert not host.warm.folder.exists()

    assert host.fleet.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_what_is_not_followed_is_looked_at_part_by_part(host: Host) -> None:
    """Whoever thinks of adopting it reads what is missing."""
    host.has("notes", NEW, host.fleet.releases("notes", NEW))
    host.loses_volume("notes")

    finding = host.finds("notes")

    assert finding.problems == ()
    assert "takes it over if it is whole" in finding.remark
    assert f"volumes missing ({host.volume('notes')} does not exist)" in finding.remark


def test_what_is_promoted_is_followed_and_called_so(host: Host) -> None:
    """What was said of the record before the test holds of it no more."""
    host.has("notes", NEW, host.fleet.releases("notes", NEW))
    (before,) = (note.code for note in host.fleet.plans()["notes"].notes)

    night = host.fleet.sweeps()

    assert before == "not-followed"
    assert night["notes"].outcome is Outcome.PROMOTED
    assert night["notes"].notes == ()


def test_a_harness_that_promotes_what_it_may_not_is_told_and_not_followed(host: Host) -> None:
    """It was told that this is a ref; what it does all the same is seen."""
    host.fleet.releases("notes", OLD)
    host.fleet.sweeps()
    host.fleet.releases("notes", NEW, "promotes-all")
    host.fleet.now += WEEK
    # a newer one, so that this is no candidate
    host.fleet.releases("notes", "1.2.0+1")

    entry = host.fleet.tests("notes", version=NEW)

    assert entry.outcome is Outcome.REFUSED
    (note,) = (note for note in entry.notes if note.code == "promoted-unasked")
    assert note.text.startswith(
        f"the harness has made a canonical by itself, which is not followed: {NEW} (commit "
    )
    assert entry.is_wrong
    plan = host.fleet.plans()["notes"]
    assert [note.code for note in plan.notes] == ["not-followed"]
    assert plan.canonical == ""


def test_a_green_ref_that_was_promoted_is_wrong(host: Host) -> None:
    """Exit 0 would say that the canonical is what it was."""
    host.fleet.releases("notes", OLD)
    host.fleet.releases("notes", NEW)
    host.fleet.sweeps()
    host.fleet.releases("notes", None, "promotes-all")

    entry = host.fleet.tests("notes", ref="main")

    assert entry.outcome is Outcome.PASSED, entry.reason
    assert "promoted-unasked" in {note.code for note in entry.notes}
    assert entry.is_wrong


def test_a_quick_run_that_has_promoted_is_wrong(adopted: Host) -> None:
    """On the canonical's data nothing is proven, whatever the harness makes of it."""
    adopted.fleet.releases("notes", None, "promotes-all")

    entry = adopted.fleet.tests("notes", ref="main", quick=True)

    assert entry.outcome is Outcome.PASSED, entry.reason
    assert "promoted-unasked" in {note.code for note in entry.notes}
    assert entry.is_wrong


def test_a_part_that_is_lost_later_is_told_by_everybody(adopted: Host) -> None:
    """The canonical is followed, and not whole."""
    adopted.loses_volume("notes")
    adopted.warm.changes("notes", "last_good", version=OLD)

    night, finding = adopted.fleet.sweeps(), adopted.finds("notes")

    assert night["notes"].code is Code.NO_NEW_VERSION
    lost = [note.text for note in night["notes"].notes if note.code == LOST]
    assert [text.partition(" ")[0] for text in lost] == ["last_good", "volumes"]
    assert all("make the canonical anew: canon-sweep test notes" in text for text in lost)
    assert night.results.exit_code == 1
    assert [problem.partition(" ")[0] for problem in finding.problems] == ["last_good", "volumes"]


def test_a_tag_that_moves_after_the_adoption_is_told_as_such(adopted: Host) -> None:
    """Nobody here has proven it."""
    fleet = adopted.fleet
    repo = fleet.repo("notes")
    repo.references.delete(f"refs/tags/{NEW}")
    fleet.releases("notes", NEW)

    night = fleet.sweeps()

    assert night["notes"].code is Code.NO_NEW_VERSION
    (moved,) = (note for note in night["notes"].notes if note.code == "tag-moved")
    assert "when adopted, is" in moved.text


def test_an_adopted_canonical_is_called_so_everywhere(adopted: Host) -> None:
    """Status, explain, history, verify; and it is the base of what comes next."""
    fleet = adopted.fleet
    settings, state = fleet.settings(), fleet.state()
    fleet.releases("notes", "1.2.0+1")

    (row,) = status_of(settings, state, None, fleet.now).recipes
    answer = explain(settings, "notes", fleet.means())

    assert (row.canonical, row.adopted) == (NEW, True)
    assert (answer.canonical, answer.adopted) == (NEW, True)
    assert answer.bases[0] == NEW
    finding = adopted.finds("notes")
    assert finding.adopted
    assert finding.remark.startswith("adopted on 2026-06-14: another tool made it")
    assert {part.state for part in finding.parts} == {"holds"}


def test_an_adopted_canonical_is_called_so_where_nothing_was_decided(adopted: Host) -> None:
    """Excepted, put off or in error: its line says no more than that of a test would."""
    fleet = adopted.fleet
    fleet.releases("site", OLD)
    fleet.add("notes", enroll=False, exception={"reason": "r", "until": "2027-01-31"})
    excepted = fleet.sweeps()["notes"]
    fleet.add("notes", enroll=True, exception="")
    fleet.upstream("notes").rename(fleet.folder / "away")
    error = fleet.sweeps()["notes"]
    fleet.options["maxRuntime"] = "1ms"
    late = fleet.sweeps()["notes"]

    codes = [Code.EXCEPTED, Code.SYNC_ERROR, Code.OUT_OF_TIME]
    assert [entry.code for entry in (excepted, error, late)] == codes
    for entry in (excepted, error, late):
        assert (entry.canonical, entry.adopted) == (NEW, True), entry.code


def test_what_to_do_about_an_adopted_one_goes_by_what_is_in_force(adopted: Host) -> None:
    """Its exception has ended with the release that came since."""
    adopted.fleet.releases("site", OLD)
    adopted.fleet.add("notes", enroll=False, exception={"reason": "r", "until": NEW})
    adopted.fleet.releases("notes", "1.2.0+1")
    adopted.loses_volume("notes")

    (problem,) = adopted.finds("notes").problems

    assert "only 1.2.0+1 can be proven now" in problem


def test_what_could_not_be_looked_at_is_unchecked_and_never_adopted(host: Host) -> None:
    """Half an answer is no yes."""
    host.has("notes", OLD, host.fleet.releases("notes", OLD))
    shutil.rmtree(host.fleet.upstream("notes"))

    (found,) = host.adopts().canonicals

    assert found.outcome == "not-adopted"
    assert "tag unchecked" in found.why
    assert host.fleet.state().followed is not None


def test_a_canonical_can_be_followed_no_longer(adopted: Host) -> None:
    """It stays where it is, and its recipe is tested."""
    before = adopted.warm.content

    forgotten = run_forget(adopted.fleet.settings(), "notes", "never mind", adopted.fleet.means())

    assert (forgotten.canonical, forgotten.exit_code) == (NEW, 0)
    assert adopted.warm.content == before
    assert adopted.fleet.plans()["notes"].code is Code.FIRST_CANONICAL


def test_a_harness_that_retains_too_much_is_only_told(adopted: Host) -> None:
    """Its data is not ours to give up: the budget is a forecast."""
    fleet = adopted.fleet
    fleet.options["disk"] = {"budget": 25}
    fleet.recipes["notes"]["priority"] = 1
    fleet.add("site", priority=5)
    fleet.releases("site", OLD)

    before = forecast(fleet.settings(), fleet.means())
    night = fleet.sweeps()
    after = forecast(fleet.settings(), fleet.means())

    # a snapshot of ten bytes, and a volume as large
    assert (before.retained, before.exit_code) == (20, 0)
    assert night["site"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 0
    (warning,) = (note for note in night["site"].notes if note.code == "more-than-budget")
    assert "nothing of theirs is given up here" in warning.text
    assert after.exit_code == 1
    assert (fleet.canonical("notes").release_tag, fleet.canonical("site").release_tag) == (NEW, OLD)
    assert adopted.finds("notes").problems == ()


def test_what_our_own_engine_kept_is_still_kept_and_told(host: Host) -> None:
    """From before the harness: nothing is decided by it, and nobody takes it for a stray."""
    fleet = host.fleet
    harness = fleet.options.pop("harness")
    canonicals = fleet.options.pop("canonicalsDir")
    fleet.releases("notes", OLD)
    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED
    own = fleet.volumes()
    fleet.options |= {"harness": harness, "canonicalsDir": canonicals}
    fleet.releases("site", OLD)

    plan, night = fleet.plans(), fleet.sweeps()
    findings = [each for each in fleet.verifies() if each.recipe == "notes"]
    run_prune(fleet.settings(), fleet.means(), dry_run=False)

    assert plan["notes"].code is Code.FIRST_CANONICAL
    assert night["notes"].outcome is Outcome.PROMOTED
    assert own < fleet.volumes()
    assert [each.problems for each in findings] == [(), ()]
    assert "a canonical of our own is kept from before the harness" in findings[1].remark
    events = [entry for each in fleet.state().past for entry in each.past("notes")]
    assert len(events) == 2
    fleet.options.pop("harness")
    fleet.options.pop("canonicalsDir")
    assert fleet.plans()["notes"].code is Code.NO_NEW_VERSION
    assert fleet.plans()["site"].code is Code.FIRST_CANONICAL
    # what only the harness has promoted was never ours to lose
    named = [(each.recipe, each.problems) for each in fleet.verifies() if each.recipe != "-"]
    assert named == [("notes", ())]


@pytest.mark.parametrize("file", ["last_good", "canonical.json"])
def test_our_own_engines_keep_out_of_another_tools_folder(fleet: Fleet, file: str) -> None:
    """A record of ours beside an old snapshot would put a new version on old data."""
    fleet.publishes("notes", OLD)
    warm = CiWarm(fleet.folder / "ci-warm")
    warm.writes("notes", file, json.dumps({"version": OLD, "commit": "a" * 40}).encode())
    fleet.options["canonicalsDir"] = str(warm.folder)
    before = warm.content

    for command in (fleet.sweeps, fleet.plans, fleet.verifies):
        with pytest.raises(UsageFault, match="another tool's canonicals") as refused:
            command()

    assert "notes/" in refused.value.what
    assert "harness.promotes = true" in refused.value.do
    with pytest.raises(UsageFault, match="another tool's canonicals"):
        run_adopt(fleet.settings(), (), fleet.means(), dry_run=True)
    assert warm.content == before
    del fleet.options["canonicalsDir"]
    with pytest.raises(UsageFault, match="there is nothing to adopt"):
        run_adopt(fleet.settings(), (), fleet.means(), dry_run=True)


def test_a_harness_that_hands_over_keeps_out_of_it_too(host: Host) -> None:
    """What it hands over is promoted by us, into a record of ours."""
    host.has("notes", OLD, host.fleet.releases("notes", OLD))
    host.fleet.harness(promotes=False)
    before = host.warm.content

    with pytest.raises(UsageFault, match="another tool's canonicals"):
        host.fleet.sweeps()

    assert host.warm.content == before


def test_a_record_by_hand_that_names_mains_commit_is_not_followed(fleet: Fleet) -> None:
    """Another tool's, in a folder of ours: its recipe is tested."""
    tagged = fleet.publishes("notes", OLD)
    main = fleet.publishes("notes", None)
    own = CiWarm(fleet.folder / "state/canonicals")
    record = {"recipe": "notes", "version": OLD, "commit": main}
    own.writes("notes", "canonical.json", record)

    plan, findings = fleet.plans(), fleet.verifies()
    night = fleet.sweeps()

    assert plan["notes"].code is Code.FIRST_CANONICAL
    (note,) = (note for note in plan["notes"].notes if note.code == "not-followed")
    assert "was made by another tool: its commit" in note.text
    assert not any(note.code == "tag-moved" for note in plan["notes"].notes)
    assert any("made by another tool" in problem for problem in findings[0].problems)
    assert night["notes"].outcome is Outcome.PROMOTED
    assert fleet.canonical("notes").commit == tagged
