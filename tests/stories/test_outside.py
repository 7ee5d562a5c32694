"""Sweeps with an outside harness that hands over what it kept: a stand-in, and our promotion."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from canon_sweep import interrupt
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.gate import Condition
from canon_sweep.core.result import Status, Tier
from canon_sweep.core.space import Space
from canon_sweep.errors import HostFault
from child import forked, in_child
from host import ends
from stories.engines import dying_at, failing, with_space
from stories.fleet import WEEK
from stories.outside import OutsideFleet


@pytest.fixture
def plain(outside: OutsideFleet) -> OutsideFleet:
    """The stand-in of our own form, and a recipe with one older release."""
    outside.uses_plain()
    outside.releases("notes", "1.0.0+1")
    return outside


def test_a_green_release_is_promoted_by_us(plain: OutsideFleet) -> None:
    """The record names the stack and the volume that the harness left, and is a record of ours."""
    tagged = plain.releases("notes", "1.1.0+1")

    night = plain.sweeps()

    entry = night["notes"]
    assert entry.outcome is Outcome.PROMOTED
    assert [tier.tier for tier in entry.tiers] == [
        Tier.INSTALL,
        Tier.CUSTOM,
        Tier.BACKUP,
        Tier.RESTORE,
        Tier.UPGRADE,
    ]
    record = plain.canonical("notes")
    assert (record.tag, record.commit, record.base) == ("1.1.0+1", tagged, "1.0.0+1")
    assert record.engine == "local"
    assert record.domain == record.stack.replace("_", ".")
    assert record.images == {"app:1": "sha256:1"}
    assert (plain.volume("notes") / "token").read_text() == "notes 1.1.0+1\n"
    assert record.volumes[0].bytes == len("notes 1.1.0+1\n")
    assert plain.verifies()[0].problems == ()
    assert night.results.exit_code == 0
    assert plain.state().journal.entries() == ()
    assert plain.state().guests.entries() == ()


def test_the_second_sweep_is_a_noop_and_a_new_release_replaces_the_canonical(
    plain: OutsideFleet,
) -> None:
    """What the old one kept goes, and nothing else."""
    plain.sweeps()
    before = plain.bytes_of("notes")
    assert plain.sweeps().results.noop
    assert plain.bytes_of("notes") == before

    plain.releases("notes", "1.1.0+1")
    night = plain.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    record = plain.canonical("notes")
    assert record.base == "1.0.0+1"
    assert plain.volumes() == {volume.name for volume in record.volumes}


def test_a_first_release_has_no_upgrade(plain: OutsideFleet) -> None:
    """N/A with the harness's own reason."""
    entry = plain.sweeps()["notes"]

    upgrade = entry.tiers[-1]
    assert (upgrade.status, upgrade.reason) == (Status.NA, "there is no older release")
    assert entry.outcome is Outcome.PROMOTED


def test_a_red_release_keeps_the_canonical_and_is_known(plain: OutsideFleet) -> None:
    """Which tier, and what the harness said of it; another harness tests it again at once."""
    plain.sweeps()
    before = plain.bytes_of("notes")
    plain.releases("notes", "1.1.0+1", "red:backup")

    entry = plain.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert entry.reason == "backup: backup did not do"
    assert plain.bytes_of("notes") == before
    assert plain.sweeps()["notes"].code is Code.KNOWN_RED
    plain.harness(version="2")
    assert plain.sweeps()["notes"].outcome is Outcome.RED


@pytest.mark.parametrize(
    ("behaves", "why"),
    [
        ("no-result", "the harness ended with exit code 0, and wrote no result to "),
        ("killed", "it was ended by signal 9"),
        ("sigterm", "it was told to stop (exit code 143)"),
        ("deadline", "the harness's own deadline ended it (exit code 142)"),
        ("other-run", "it is of another run, 'another'"),
        ("other-recipe", "it is of the recipe 'another'"),
        ("contradicts", "its result is green, and its exit code is 1"),
        ("cannot:restore", "it says that restore could not be tested: restore did not do"),
        ("touches-tree", "its work tree"),
        ("moves-head", "its work tree"),
        ("names:traefik", "the result names traefik, and before the test there was "),
    ],
)
def test_what_says_nothing_of_the_recipe_is_infra(
    plain: OutsideFleet, behaves: str, why: str
) -> None:
    """Tried again in the same sweep, and the next time; never red, and never believed."""
    Path(plain.folder / "state/local/volumes/traefik_acme").mkdir(parents=True)
    plain.releases("notes", "1.1.0+1", behaves)
    plain.options["infraRetries"] = 0

    night = plain.sweeps()

    assert night["notes"].outcome is Outcome.INFRA
    assert why in night["notes"].reason
    assert "traefik_acme" in plain.volumes()
    assert night.results.exit_code == 1
    assert plain.sweeps()["notes"].code is Code.FIRST_CANONICAL


@pytest.mark.parametrize("behaves", ["no-result", "killed", "deadline", "contradicts"])
def test_what_only_its_own_words_can_tell_names_the_log(plain: OutsideFleet, behaves: str) -> None:
    """Whoever reads the line need not look for the file."""
    plain.releases("notes", "1.1.0+1", behaves)
    plain.options["infraRetries"] = 0

    night = plain.sweeps()

    log = plain.folder / "state/runs" / night.results.run_id / "notes.log"
    assert night["notes"].reason.endswith(f"; see {log}")
    assert "harness: ended with" in log.read_text()


@pytest.mark.parametrize("behaves", ["red:restore", "deadline"])
def test_what_fails_on_a_full_disk_says_nothing_of_the_recipe(
    plain: OutsideFleet, behaves: str
) -> None:
    """However often: the disk is the host's."""
    plain.releases("notes", "1.1.0+1", behaves)
    plain.options["infraRetries"] = 0
    plain.wrap = with_space(Space(free=0, total=150 * 2**30))

    nights = [plain.sweeps()["notes"] for _ in range(2)]

    assert [night.outcome for night in nights] == [Outcome.INFRA] * 2
    assert "0 bytes of 150.0 GiB were free on the engine's file system" in nights[1].reason


def test_a_deadline_that_comes_again_is_the_recipes(plain: OutsideFleet) -> None:
    """The next week, or in the same sweep; and then it is known, and not repeated for hours."""
    plain.releases("notes", "1.1.0+1", "deadline")
    plain.options |= {"infraRetries": 0, "retries": 3}
    assert plain.sweeps()["notes"].outcome is Outcome.INFRA

    entry = plain.sweeps()["notes"]

    assert (entry.outcome, entry.attempts) == (Outcome.RED, 1)
    assert entry.reason.startswith("it happened again: the harness's own deadline")
    assert plain.sweeps()["notes"].code is Code.KNOWN_RED
    plain.releases("notes", "1.2.0+1", "deadline")
    plain.options["infraRetries"] = 1
    again = plain.sweeps()["notes"]
    assert (again.outcome, again.attempts) == (Outcome.RED, 2)


def test_a_deadline_in_a_tree_that_has_changed_says_nothing(plain: OutsideFleet) -> None:
    """What was tested until then may have been something else, each time."""
    plain.releases("notes", "1.1.0+1", "deadline:left-behind")
    plain.options["infraRetries"] = 0

    for _ in range(2):
        entry = plain.sweeps()["notes"]

        assert entry.outcome is Outcome.INFRA
        assert "'left-behind' is new" in entry.reason


def test_a_deadline_that_the_run_has_set_is_not_the_recipes(plain: OutsideFleet) -> None:
    """A harness that ends when it was told to, as maxRuntime was near, shows nothing of it."""
    plain.harness(timeout="2h")["environment"]["DEADLINE"] = "{deadline}"
    plain.releases("notes", "1.1.0+1", "deadline")
    plain.options |= {"infraRetries": 0, "maxRuntime": "1h"}

    for _ in range(2):
        entry = plain.sweeps()["notes"]

        assert entry.code is Code.OUT_OF_TIME
        # what came before the test has taken a part of it
        assert re.search(r"the deadline that maxRuntime left it, (1h|59m \d+s)", entry.sentence)
    plain.options["maxRuntime"] = "3h"
    assert plain.sweeps()["notes"].outcome is Outcome.INFRA


def test_a_deadline_after_a_green_test_begins_anew(plain: OutsideFleet) -> None:
    """A slow night is no proof."""
    plain.releases("notes", "1.1.0+1")
    plain.options["infraRetries"] = 0
    plain.plans_behaviour(notes="deadline")
    assert plain.sweeps()["notes"].outcome is Outcome.INFRA
    plain.plans_behaviour()

    assert plain.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_a_skip_without_a_reason_is_red_unless_the_settings_have_one(plain: OutsideFleet) -> None:
    """A declared N/A has its reason somewhere."""
    plain.releases("notes", "1.1.0+1", "skips:upgrade")

    entry = plain.sweeps()["notes"]

    assert entry.reason == "upgrade: it was skipped, and nothing says why"
    plain.add("notes", expectedNA={"upgrade": "it moves"})
    assert plain.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_what_was_not_cold_is_refused_and_goes(plain: OutsideFleet) -> None:
    """All five conditions are the gate's, whoever tests."""
    plain.releases("notes", "1.1.0+1", "warm")

    entry = plain.sweeps()["notes"]

    assert entry.outcome is Outcome.REFUSED
    assert [failed.condition for failed in entry.refused] == [Condition.COLD]
    assert plain.volumes() == set()
    assert plain.state().journal.entries() == ()


@pytest.mark.parametrize(
    ("behaves", "why"),
    [
        ("hands-nothing-over", "nothing shows what the harness kept"),
        ("loses", "what it says it kept is not there: volume kept-"),
    ],
)
def test_what_is_not_handed_over_whole_is_no_promotion(
    plain: OutsideFleet, behaves: str, why: str
) -> None:
    """Green, and not promoted: its own code, with what is missing."""
    plain.releases("notes", "1.1.0+1", behaves)

    night = plain.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTE_FAILED
    assert why in night["notes"].reason
    assert plain.state().canonicals.read("notes") is None
    assert night.results.exit_code == 1


def test_what_is_handed_over_has_to_be_down(plain: OutsideFleet) -> None:
    """What still runs is no data to keep: it is taken down, and no promotion."""
    plain.releases("notes", "1.1.0+1", "keeps-up")

    night = plain.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTE_FAILED
    assert " is not down: there is " in night["notes"].reason
    assert plain.running() == ()
    assert plain.volumes() == set()
    assert plain.state().guests.entries() == ()
    assert plain.sweeps()["notes"].code is Code.KNOWN_RED


def test_one_that_was_broken_off_has_done_something(plain: OutsideFleet) -> None:
    """Whatever it has deployed: the run was no no-op."""
    plain.sweeps()
    plain.releases("notes", "1.1.0+1", "hangs")
    plain.options["maxRuntime"] = "3s"

    night = plain.sweeps()

    assert night["notes"].code is Code.OUT_OF_TIME
    assert night["notes"].sentence.startswith("broken off")
    assert not night.results.noop


def test_one_that_hangs_is_ended_and_infra(plain: OutsideFleet) -> None:
    """By our own limit, which says nothing of the recipe."""
    plain.harness(timeout="1s")
    plain.options["infraRetries"] = 0
    plain.releases("notes", "1.1.0+1", "hangs")

    entry = plain.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    assert entry.reason.startswith("the harness did not end within 1s; raise harness.timeout")
    assert "| hanging" in plain.log("notes")


def test_what_escapes_is_ended_and_named(plain: OutsideFleet) -> None:
    """A daemon of the harness's is nothing that the next recipe is tested beside."""
    plain.releases("notes", "1.1.0+1", "escapes")

    assert plain.sweeps()["notes"].outcome is Outcome.PROMOTED

    log = plain.log("notes")
    escaped = log.partition("| escaped ")[2].split()[0]
    assert f"harness: left process {escaped} (" in log
    assert ends(int(escaped), within=0)


def test_nothing_of_our_environment_is_handed_on_but_what_is_named(
    plain: OutsideFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token of ours is no harness's."""
    monkeypatch.setenv("OUR_TOKEN", "hush")
    monkeypatch.setenv("NAMED", "on purpose")
    shown = plain.folder / "shown"
    path = f"{os.environ['PATH']}:/of/the/harness"
    shows = ["sh", "-c", f"env > {shown}"]
    plain.harness(command=shows, path=path, passEnvironment=["NAMED", "NOT_THERE"])
    plain.options["infraRetries"] = 0

    plain.sweeps()

    there = dict(line.split("=", 1) for line in shown.read_text().splitlines())
    assert "OUR_TOKEN" not in there
    assert "HOME" not in there
    assert there["NAMED"] == "on purpose"
    assert there["PATH"] == path
    assert there["RUN"] == "20260614T030000Z-notes-1"
    assert (there["TAG"], there["BASE"]) == ("1.0.0+1", "")
    assert len(there["COMMIT"]) == 40
    assert there["PWD"] == str(Path(there["CHECKOUT"]).parent)


def test_the_work_tree_is_where_the_harness_looks_for_it(plain: OutsideFleet) -> None:
    """A real one, at the tag, with every tag; it stays there."""
    checkout = plain.folder / "recipes"
    plain.harness(checkout=str(checkout / "{recipe}"), workDir=str(plain.folder))
    tagged = plain.releases("notes", "1.1.0+1")

    assert plain.sweeps()["notes"].outcome is Outcome.PROMOTED

    def git(*words: str) -> str:
        command = ["git", "-c", "safe.directory=*", "-C", str(checkout / "notes"), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert git("rev-parse", "HEAD") == tagged
    assert git("tag").split() == ["1.0.0+1", "1.1.0+1"]
    assert git("status", "--porcelain") == ""


def test_somebodys_changes_in_a_shared_folder_are_kept_and_infra(plain: OutsideFleet) -> None:
    """Nothing is started on files that are not the release's."""
    checkout = plain.folder / "recipes" / "notes"
    checkout.mkdir(parents=True)
    (checkout / "mine").touch()
    plain.harness(checkout=str(plain.folder / "recipes" / "{recipe}"))
    plain.options["infraRetries"] = 0

    entry = plain.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    assert f"the work tree {checkout} cannot be used" in entry.reason
    assert (checkout / "mine").exists()


def test_a_ref_is_told_to_the_harness_and_never_promotes(plain: OutsideFleet) -> None:
    """With the variables that are for that."""
    plain.sweeps()
    before = plain.bytes_of("notes")
    ahead = plain.releases("notes", None)
    shown = plain.folder / "shown"
    plain.harness(ref={"environment": {"REF": "{commit}", "TAG": "", "WHAT": "{tag}/{version}"}})
    command = f'echo "$REF $WHAT" > {shown}; exec "$0" -m standin.plain'
    plain.harness(command=["sh", "-c", command, *plain.harness()["command"][:1]])

    entry = plain.tests("notes", ref="main")

    assert entry.outcome is Outcome.PASSED
    assert shown.read_text() == f"{ahead} /\n"
    assert plain.bytes_of("notes") == before
    assert plain.volumes() == {volume.name for volume in plain.canonical("notes").volumes}


def test_a_quick_run_is_the_harnesses_where_it_has_one(plain: OutsideFleet) -> None:
    """With its own variables; without them it is ours, on the data that we keep."""
    plain.sweeps()
    before = plain.bytes_of("notes")
    shown = plain.folder / "shown"
    plain.harness(quick={"environment": {"CCCI_QUICK": "1"}})
    command = f'echo "$CCCI_QUICK" > {shown}; exec "$0" -m standin.plain'
    plain.harness(command=["sh", "-c", command, *plain.harness()["command"][:1]])
    plain.releases("notes", "1.1.0+1", "hands-nothing-over")

    entry = plain.tests("notes", quick=True)

    assert entry.outcome is Outcome.PASSED
    assert shown.read_text() == "1\n"
    assert plain.bytes_of("notes") == before


def test_what_it_leaves_up_is_named_and_nothing_is_started_beside_it(
    outside: OutsideFleet,
) -> None:
    """Neither in this sweep nor in the next, until it is gone."""
    outside.uses_ccci()
    outside.options["infraRetries"] = 0
    outside.releases("aaa", "1.0.0+1", "stack-left")
    outside.releases("notes", "1.0.0+1")

    night = outside.sweeps()

    left = "stack aaa-abc123_ci_localhost"
    assert any(
        note.text == f"{left} is still up: the harness left it" for note in night["aaa"].notes
    )
    assert night["notes"].outcome is Outcome.INFRA
    assert "nothing is tested before this is cleaned up" in night["notes"].reason
    assert left in night["notes"].reason
    assert any(left in problem for problem in night.results.problems)
    assert night.results.exit_code == 1
    outside.now += WEEK
    assert left in outside.sweeps("notes")["notes"].reason
    (outside.folder / "state/local/stacks/aaa-abc123_ci_localhost").rmdir()
    assert outside.sweeps("notes")["notes"].outcome is Outcome.PROMOTED
    assert outside.state().guests.entries() == ()


def test_who_was_not_tested_beside_what_was_left_is_taken_up_once_it_is_gone(
    outside: OutsideFleet,
) -> None:
    """One harness that is broken off costs the others an hour, and not the week."""
    outside.uses_ccci()
    outside.releases("aaa", "1.0.0+1", "stack-left")
    outside.releases("notes", "1.0.0+1")
    assert outside.sweeps()["aaa"].outcome is Outcome.PROMOTED
    left = "stack aaa-abc123_ci_localhost"

    before = outside.resumes()

    (waits,) = outside.state().waiting.due().values()
    assert (waits.recipe, waits.code) == ("notes", Code.IN_FLIGHT)
    assert left in waits.sentence
    assert before is not None
    # the sweep was wrong because of it, and each half hour need not be
    assert before.results.exit_code == 75
    assert any(left in problem for problem in before.results.problems)
    (outside.folder / "state/local/stacks/aaa-abc123_ci_localhost").rmdir()
    after = outside.resumes()
    assert after is not None
    assert [(e.recipe, e.outcome) for e in after.results.entries] == [("notes", Outcome.PROMOTED)]
    assert after.results.exit_code == 0
    assert outside.state().waiting.due() == {}


def test_what_a_resume_leaves_up_itself_is_wrong(outside: OutsideFleet) -> None:
    """Nobody has told of it yet."""
    outside.uses_ccci()
    outside.releases("aaa", "1.0.0+1", "stack-left")
    outside.releases("notes", "1.0.0+1", "stack-left")
    outside.sweeps()
    (outside.folder / "state/local/stacks/aaa-abc123_ci_localhost").rmdir()

    again = outside.resumes()

    assert again is not None
    assert again["notes"].outcome is Outcome.PROMOTED
    assert again.results.exit_code == 1


def test_what_is_known_to_be_somebody_elses_is_not_the_harnesses(outside: OutsideFleet) -> None:
    """An app that an operator has put up meanwhile."""
    outside.uses_ccci()
    outside.options["guard"] = {"ignore": ["aaa-abc123_ci_localhost"]}
    outside.releases("aaa", "1.0.0+1", "stack-left")
    outside.releases("notes", "1.0.0+1")

    night = outside.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert night.results.problems == ()


def test_an_engine_that_is_away_afterwards_is_asked_again(plain: OutsideFleet) -> None:
    """What was left up is not known until then."""
    plain.options["infraRetries"] = 0
    calls = failing("present", HostFault("the engine is away"), times=1)
    plain.wrap = calls

    entry = plain.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    plain.wrap = lambda engine: engine
    assert plain.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_after_a_kill_the_harness_is_ended_before_anything_is_tested(plain: OutsideFleet) -> None:
    """It would go on, with nobody to wait for it."""
    plain.releases("notes", "1.1.0+1", "hangs")
    log = plain.folder / "state" / "runs" / "20260614T030000Z" / "notes.log"
    child = forked(plain.sweeps)
    hangs = threading.Event()
    while not (log.exists() and "hanging" in log.read_text()):
        assert not hangs.wait(0.02)
    mark = plain.state().guests.entries()[0].mark
    pid = next(int(path.name) for path in Path("/proc").iterdir() if _has_mark(path, mark))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    plain.plans_behaviour(notes="green")

    night = plain.sweeps()

    assert ends(pid)
    assert night["notes"].outcome is Outcome.PROMOTED
    assert plain.state().guests.entries() == ()


def test_a_kill_at_any_engine_call_leaves_a_whole_canonical(plain: OutsideFleet) -> None:
    """The old one or the new one, and what was handed over goes; the next run ends it."""
    plain.sweeps()
    step, died, seen = 0, True, set()
    while died:
        step += 1
        old, new = plain.canonical("notes").tag, f"1.{step}.0+1"
        plain.releases("notes", new)

        def crash(step: int = step) -> None:
            plain.wrap = dying_at(step)
            plain.sweeps()

        died = in_child(crash) != 0

        record = plain.canonical("notes")
        assert record.tag in (old, new)
        assert {volume.name for volume in record.volumes} <= plain.volumes()
        seen.add(record.tag == new)
        in_journal = {entry.stack for entry in plain.state().journal.entries()}
        assert plain.sweeps()["notes"].outcome in (Outcome.PROMOTED, None)
        after = plain.canonical("notes")
        assert after.tag == new
        assert {volume.name for volume in after.volumes} <= plain.volumes()
        assert plain.state().journal.entries() == ()
        assert plain.state().guests.entries() == ()
        # from the moment that it was handed over
        assert not in_journal - {after.stack} & {
            name.rpartition("_")[0] for name in plain.volumes()
        }
    assert seen == {True, False}
    assert step > 4


def test_a_sweep_that_is_stopped_lets_the_harness_take_down_first(plain: OutsideFleet) -> None:
    """It is told to stop, has its time, and is gone; its recipe was not reached."""
    down = plain.folder / "down"
    script = f"trap 'touch {down}; echo taking down; exit 143' TERM; echo up; sleep 99 & wait"
    plain.harness(command=["sh", "-c", script])
    log = plain.folder / "state" / "runs" / "20260614T030000Z" / "notes.log"

    def stopped() -> None:
        interrupt.install()
        code = plain.sweeps()["notes"].code
        assert code is Code.OUT_OF_TIME, code

    child = forked(stopped)
    heard = threading.Event()
    while not (log.exists() and "| up" in log.read_text()):
        assert not heard.wait(0.02)
    os.kill(child, signal.SIGTERM)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert down.exists()
    assert "| taking down" in log.read_text()
    assert plain.state().guests.entries() == ()


def test_a_work_folder_that_is_not_there_is_told(plain: OutsideFleet) -> None:
    """And not taken for the program."""
    plain.harness(workDir=str(plain.folder / "nowhere"))
    plain.options["infraRetries"] = 0

    entry = plain.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    assert f"harness.workDir {plain.folder}/nowhere is not there" in entry.reason


def _has_mark(folder: Path, mark: str) -> bool:
    try:
        return f"CANON_SWEEP_MARK={mark}".encode() in (folder / "environ").read_bytes()
    except OSError:
        return False


@pytest.mark.parametrize(
    ("behaves", "outcome", "why"),
    [
        ("green", Outcome.PROMOTED, "is the canonical now"),
        ("red:custom", Outcome.RED, "custom: custom did not do"),
        ("bare:custom", Outcome.RED, "custom: it was skipped, and nothing says why"),
        ("declared:backup", Outcome.PROMOTED, ""),
        ("declared:upgrade", Outcome.PROMOTED, ""),
        ("structural:upgrade", Outcome.INFRA, "it skipped the upgrade by itself"),
        ("unver:restore", Outcome.INFRA, "restore could not be tested"),
        ("cut-short", Outcome.INFRA, "wrote no result"),
        ("deadline", Outcome.INFRA, "own deadline"),
        ("sigterm", Outcome.INFRA, "exit code 143"),
        ("other-run", Outcome.INFRA, "of another run"),
        ("other-recipe", Outcome.INFRA, "of the recipe 'another'"),
    ],
)
def test_each_way_of_cc_cis_harness_has_its_outcome(
    outside: OutsideFleet, behaves: str, outcome: Outcome, why: str
) -> None:
    """What its records show of a promotion is in `test_theirs`."""
    outside.uses_ccci()
    outside.options["infraRetries"] = 0
    outside.releases("notes", "1.0.0+1")
    outside.releases("notes", "1.1.0+1", behaves)

    entry = outside.sweeps()["notes"]

    assert (entry.outcome, why in entry.reason) == (outcome, True), entry.reason


def test_an_na_that_has_ended_here_and_lives_on_there_is_told(outside: OutsideFleet) -> None:
    """The harness goes by settings of its own: without a word it would be one for ever."""
    outside.uses_ccci()
    na = {"reason": "both tags pin a moving image", "until": "1.0.0+1"}
    outside.add("notes", expectedNA={"upgrade": na})
    outside.releases("notes", "1.0.0+1")
    outside.sweeps()
    outside.releases("notes", "1.1.0+1", "declared:upgrade")

    entry = outside.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED, entry.reason
    told = [note.text for note in entry.notes if note.code == "override-expired"]
    assert "expectedNA.upgrade has ended (up to 1.0.0+1), and the harness skips it" in told[-1]
    assert "(upgrade is declared N/A): take it out of the harness's own settings" in told[-1]


def test_results_are_found_among_others_runs(outside: OutsideFleet) -> None:
    """Where the harness names its runs itself: the one that is new, and of this recipe."""
    outside.uses_ccci()
    outside.harness(result={"path": str(outside.runs / "*" / "results.json"), "format": "cc-ci-2"})
    del outside.harness()["environment"]["CCCI_RUN_ID"]
    (outside.runs / "notes-old").mkdir(parents=True)
    (outside.runs / "notes-old" / "results.json").write_text("{}")
    outside.releases("notes", "1.0.0+1")

    entry = outside.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED, entry.reason
    assert entry.tiers
