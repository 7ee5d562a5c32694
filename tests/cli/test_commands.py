"""The commands as an operator types them: what is printed, and the exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.engine.protocol import App, Place
from canon_sweep.errors import SettingsFault
from canon_sweep.settings.load import load
from canon_sweep.state import lock
from canon_sweep.state.journal import Deployment, Discarded, Promotion, QuickRun
from child import in_child
from cli.typed import Call, Done
from stories.engines import doing
from stories.fleet import RUNS, Fleet, compose, toml

WRITES = 'echo data > "$$DATA/data"; exec sleep 1000'
PROGRAM = [sys.executable, "-c", "from canon_sweep.entry import main; main()"]


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """A fleet with one recipe that has two releases, and one that has none."""
    fleet = Fleet(tmp_path)
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.publishes("draft", None)
    return fleet


@pytest.fixture
def call(fleet: Fleet, typed: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a command on the fleet's configuration."""

    def run(*words: str) -> Done:
        monkeypatch.setenv("CANON_SWEEP_CONFIG", str(config(fleet)))
        return typed(*words)

    return run


_CONFIGURED = ("upstream", "mirror", "enroll", "exception")


def config(fleet: Fleet) -> Path:
    """The fleet's configuration as a file."""
    path = fleet.folder / "config.toml"
    # half the deploys: what an upgrade shows is in the stories
    own = {"expectedNA": {"upgrade": "not here"}}
    recipes = {
        name: {key: recipe[key] for key in _CONFIGURED if key in recipe} | own
        for name, recipe in fleet.recipes.items()
    }
    tree = {
        "stateDir": f"{fleet.folder}/state",
        "cacheDir": f"{fleet.folder}/cache",
        "engine": "local",
        "retries": 0,
    }
    path.write_text(toml(tree | fleet.options | {"recipes": recipes}))
    return path


def answer(done: Done) -> Any:
    """The JSON on stdout; everything else is on stderr."""
    return json.loads(done.stdout)


def said(done: Done) -> str:
    """What is on stdout as one line, however it was folded."""
    return " ".join(done.stdout.split())


def test_a_run_twice_is_a_noop(call: Call) -> None:
    """`run --assert-noop` proves it, and fails where something was done."""
    first = call("run", "--assert-noop", "--json")
    second = call("run", "--assert-noop", "--json")

    assert first.returncode == 1
    assert "not-a-noop" in first.stderr
    assert answer(first)["totals"]["canonical_writes"] == 1
    assert second.returncode == 0, second.stderr
    assert answer(second)["noop"]
    assert {entry["recipe"]: entry["code"] for entry in answer(second)["entries"]} == {
        "notes": "skip/no-new-version",
        "draft": "skip/never-released",
    }


def test_results_are_on_disk_as_they_were_printed(call: Call, fleet: Fleet) -> None:
    """runs/latest has the last run, with a log for each recipe."""
    done = call("run", "--json")

    latest = fleet.folder / "state" / "runs" / "latest"
    assert json.loads((latest / "results.json").read_text()) == answer(done)
    assert "tier install: pass" in (latest / "notes.log").read_text()
    assert "never-released" in (latest / "draft.log").read_text()


def test_every_report_has_json_and_a_table(call: Call) -> None:
    """Names and codes are in both; JSON is JSON, whatever is said on stderr."""
    assert call("run").returncode == 0
    reports = [
        ("plan",),
        ("status",),
        ("explain", "notes"),
        ("history", "notes"),
        ("verify",),
        ("test", "notes", "--quick"),
    ]
    for words in reports:
        table, as_json = call(*words), call(*words, "--json")
        assert table.returncode == 0, (words, table.stderr)
        assert "1.1.0+1" in table.stdout, words
        assert answer(as_json), words
        assert "1.1.0+1" in as_json.stdout, words


def test_a_hold_is_seen_everywhere_and_ends(call: Call) -> None:
    """Its reason is shown by whatever names the recipe."""
    assert call("hold", "notes", "--reason", "moving house", "--for", "2d").returncode == 0

    assert "moving house" in call("status").stdout
    assert "skip/held" in call("explain", "notes").stdout
    entries = answer(call("run", "--json"))["entries"]
    assert {entry["recipe"]: entry["code"] for entry in entries}["notes"] == "skip/held"
    assert "held no longer" in call("unhold", "notes").stdout
    assert "was not held" in call("unhold", "notes").stdout


def test_a_hold_of_what_is_no_release_says_so(call: Call, fleet: Fleet) -> None:
    """It is put all the same: it may come before its release, also before any sync."""
    early = call("hold", "notes", "--reason", "x", "--tag", "1.1.0+1")
    call("plan")
    fleet.upstream("notes").rename(fleet.folder / "away")

    right = call("hold", "notes", "--reason", "x", "--tag", "1.1.0+1")
    old = call("hold", "notes", "--reason", "x", "--tag", "1.0.0+1")
    wrong = call("hold", "notes", "--reason", "x", "--tag", "9.9.9+1", "--json")

    assert early.returncode == right.returncode == old.returncode == wrong.returncode == 0
    assert "not known here yet" in early.stdout
    assert right.stdout.endswith("UTC: x\n")
    assert "it holds nothing now: the latest is 1.1.0+1" in old.stdout
    assert "no such release is known yet" in answer(wrong)["note"]
    assert answer(wrong)["tag"] == "9.9.9+1"
    assert fleet.state().holds.read()["notes"].tag == "9.9.9+1"


def test_a_hold_of_a_broken_clone_is_put(call: Call, fleet: Fleet) -> None:
    """The clone may be deleted at any time, and half of it too."""
    call("plan")
    for file in (fleet.folder / "cache" / "recipes" / "notes.git" / "objects").rglob("*"):
        if file.is_file():
            file.unlink()

    done = call("hold", "notes", "--reason", "x", "--tag", "1.1.0+1")

    assert done.returncode == 0
    assert "not known here yet" in done.stdout


def test_who_stays_out_is_told_the_way_in(call: Call, fleet: Fleet) -> None:
    """A hold is ended by a command, an exception in the configuration."""
    fleet.add("site", enroll=False, exception="no stable health")

    excepted = call("run", "site")
    call("hold", "notes", "--reason", "moving house")
    held, both = call("run", "notes"), call("run", "notes", "site")

    assert {excepted.returncode, held.returncode, both.returncode} == {2}
    assert "enrol site: enroll = true in the configuration" in excepted.stdout
    assert "unhold" not in excepted.stdout
    assert "end a hold: canon-sweep unhold notes" in held.stdout
    assert "enrol" not in held.stdout
    assert "canon-sweep unhold notes; enrol site" in both.stdout


def test_a_hold_of_who_stays_out_says_so(call: Call, fleet: Fleet) -> None:
    """The hold holds nothing, and ending it would bring nothing back."""
    fleet.add("site", enroll=False, exception="no stable health")

    done = call("hold", "site", "--reason", "x")

    assert done.returncode == 0
    assert "it takes no part in the sweep anyway: no stable health" in done.stdout


def test_verify_finds_what_a_record_names_and_is_not_there(call: Call, fleet: Fleet) -> None:
    """Volumes, tags and commits; exit 1, one line each."""
    call("run")
    fleet.repo("notes").references.delete("refs/tags/1.1.0+1")
    fleet.engine().remove_volume(fleet.canonical("notes").volumes[0].name)

    done = call("verify")

    assert done.returncode == 1
    assert "upstream has no release 1.1.0+1" in done.stdout
    assert "is gone" in done.stdout


def test_verify_sees_changed_data_strays_and_what_is_under_way(call: Call, fleet: Fleet) -> None:
    """Also while upstream is down."""
    call("run")
    record = fleet.canonical("notes")
    (fleet.volume("notes") / "more").write_text("data")
    fleet.engine().clone_volume(record.volumes[0].name, "left-abcdef_ci_localhost_data")
    fleet.upstream("notes").rename(fleet.folder / "away")
    source = fleet.folder / "source"
    source.mkdir()
    (source / "compose.yml").write_text(compose(RUNS, "1"))
    app = App.read("notes", "1", Place("left-abcdef_ci_localhost", "left.ci.localhost"), source, {})
    fleet.engine().deploy(app)

    done = call("verify")
    fleet.engine().undeploy(app.stack)

    assert done.returncode == 1
    assert "has 4 bytes, had 0" in done.stdout
    assert "stack left-abcdef_ci_localhost is up, but no run is on" in done.stdout
    assert "volume left-abcdef_ci_localhost_data belongs to no record" in done.stdout
    assert "upstream" in done.stdout

    fleet.state().journal.put(Deployment(recipe="notes", stack=record.stack))
    under_way = said(call("verify"))
    assert f"stack {record.stack} of notes was being tested or taken away" in under_way
    assert "canon-sweep recover" in under_way
    assert "belongs to no record" not in under_way


def test_a_run_that_was_killed_is_told_until_it_is_cleaned_up(call: Call, fleet: Fleet) -> None:
    """By verify as something wrong, by whatever else shows the recipe as something to know."""
    call("run")
    fleet.publishes("notes", "1.2.0+1")

    def dies() -> None:
        # the release's stack is up just then
        fleet.wrap = doing("wait_ready", lambda: os.kill(os.getpid(), signal.SIGKILL))
        fleet.sweeps("notes")

    assert in_child(dies) < 0
    (entry,) = fleet.state().journal.entries()
    unfinished = f"stack {entry.stack} of notes was being tested"

    verified, status = call("verify"), call("status")

    assert verified.returncode == 1
    assert unfinished in verified.stdout
    assert "unchecked: stacks, volumes and secrets that nothing names" in verified.stdout
    assert "1 record, 1 problem, 1 unchecked" in verified.stdout
    assert status.returncode == 0
    for done in (status, call("plan"), call("explain", "notes"), call("status", "--json")):
        assert unfinished in said(done)
        assert "canon-sweep recover removes what no record names" in said(done)
    assert unfinished not in call("explain", "draft").stdout
    assert "1 cleaned up, 0 left\n" in call("recover").stdout
    assert "1 record, 0 problems\n" in call("verify").stdout
    assert "unfinished" not in call("status").stdout


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"", b"[1]"])
@pytest.mark.parametrize("name", ["holds.json", "journal.json"])
def test_what_is_read_for_every_recipe_is_told_once_if_it_cannot_be(
    call: Call, fleet: Fleet, name: str, content: bytes
) -> None:
    """By name, in one line; nothing is promoted before somebody has mended it."""
    path = fleet.folder / "state" / name
    path.parent.mkdir()
    path.write_bytes(content)

    for words in (("run",), ("run", "notes"), ("plan",), ("test", "notes"), ("explain", "notes")):
        done = call(*words)

        assert done.returncode == 1, words
        (line,) = [line for line in done.stderr.splitlines() if name in line]
        assert line.startswith(f"canon-sweep: error state: {path} is no "), words
        assert done.stdout == ""
    assert fleet.state().canonicals.recipes() == ()
    assert path.read_bytes() == content


def test_holds_that_cannot_be_read_are_told_by_whoever_looks_at_the_state(
    call: Call, fleet: Fleet
) -> None:
    """Cleaning up goes on without them, and does not say that all is well."""
    call("run")
    path = fleet.state().holds.path
    path.write_text("{")

    for words in (("verify",), ("status",), ("recover",)):
        done = call(*words)

        assert done.returncode == 1, words
        assert f"{path} is no list of holds" in done.stdout, words
        assert done.stdout.count(f"{path}") == 1, words
        assert "mend it, or remove it to hold nothing" in said(done)
    path.unlink()
    assert call("verify").returncode == 0
    assert call("recover").returncode == 0


def test_a_ledger_with_a_bad_line_is_told_by_verify_too(call: Call, fleet: Fleet) -> None:
    """As a run and the status tell it."""
    call("run")
    path = fleet.state().ledger.path
    path.write_text("nobody's line\n" + path.read_text())

    done = call("verify")

    assert done.returncode == 1
    assert f"{path}: line 1 is no attempt" in done.stdout


def test_verify_judges_no_volume_that_is_in_use(call: Call, fleet: Fleet) -> None:
    """Nobody is told to make a canonical anew that recovery puts back."""
    call("run")
    record = fleet.canonical("notes")
    (fleet.volume("notes") / "more").write_text("data")
    fleet.state().journal.put(QuickRun(recipe="notes", stack=record.stack, snapshots={}))

    done = call("verify")

    assert done.returncode == 1
    assert "in use by a quick run" in done.stdout
    assert "canon-sweep recover puts it back" in said(done)
    assert "unchecked: its volumes, until they are put back" in done.stdout
    assert "make it anew" not in done.stdout


def test_verify_says_what_becomes_of_a_promotion_that_was_broken_off(
    call: Call, fleet: Fleet
) -> None:
    """The record is whole and is checked; what the old one kept is still to be removed."""
    call("run")
    record = fleet.canonical("notes")
    fleet.state().journal.put(
        Promotion(recipe="notes", stack=record.stack, discarded=Discarded(), engine="local")
    )

    done = call("verify")

    assert done.returncode == 1
    assert "canon-sweep recover ends or undoes that" in said(done)
    assert "puts it back" not in done.stdout
    assert "unchecked: its volumes" not in done.stdout


def test_verify_calls_no_volume_nobodys_while_a_record_cannot_be_read(
    call: Call, fleet: Fleet
) -> None:
    """It may be that record's."""
    call("run")
    (volume,) = fleet.canonical("notes").volumes
    (fleet.state().canonicals.folder / "notes" / "canonical.json").write_text("{")

    done = call("verify")

    assert done.returncode == 1
    assert volume.name not in done.stdout
    assert (
        "unchecked: volumes and secrets that nothing names, until notes can be read" in done.stdout
    )


def test_verify_with_a_journal_that_cannot_be_read(call: Call, fleet: Fleet) -> None:
    """It is one problem, and all that hangs on it is unchecked."""
    call("run")
    fleet.state().journal.path.write_text("")

    done = call("verify")

    assert done.returncode == 1
    assert "journal.json" in done.stdout
    assert "1 record, 1 problem, 2 unchecked" in done.stdout
    status = call("status")
    assert status.returncode == 1
    assert "error: " in status.stdout
    assert "journal.json" in status.stdout


def test_explain_names_ignored_tags_and_bases(call: Call, fleet: Fleet) -> None:
    """'Not considered', and everybody can find out why."""
    repo = fleet.repo("notes")
    repo.references.create("refs/tags/v2.4.8", repo.references["refs/heads/main"].target)

    done = call("explain", "notes")

    assert done.returncode == 0
    assert "test/first-canonical" in done.stdout
    assert "v2.4.8: not of the form" in done.stdout
    assert "bases      1.0.0+1" in done.stdout


def test_explain_of_an_excepted_recipe_reads_the_record_alone(call: Call, fleet: Fleet) -> None:
    """Its canonical stands; what no remote was asked for is not called 'none'."""
    call("run")
    fleet.recipes["notes"] |= {"enroll": False, "exception": "its store is moving"}
    fleet.upstream("notes").rename(fleet.folder / "away")

    done = call("explain", "notes")

    assert done.returncode == 0, done.stderr
    assert "its store is moving" in done.stdout
    assert "canonical  1.1.0+1" in done.stdout
    assert "promoted (runs/" in done.stdout
    assert "releases   not read" in done.stdout
    assert "bases      not read" in done.stdout
    assert "none" not in done.stdout


def test_a_mistake_in_the_configuration_is_exit_2(call: Call, fleet: Fleet) -> None:
    """Every mistake at once, on stderr, and with --json as an object too."""
    fleet.recipes["bad"] = {"upstream": "/u", "mirror": "file:///u/"}

    done = call("run", "--json")

    assert done.returncode == 2
    assert "recipes.bad.mirror: is the same as upstream" in done.stderr
    assert "Traceback" not in done.stderr
    assert answer(done)["error"]["problems"] == ["recipes.bad.mirror: is the same as upstream"]


def test_check_says_that_the_configuration_is_sound(call: Call, fleet: Fleet) -> None:
    """It reads that file only: no remote is asked, and no state is made."""
    for recipe in ("notes", "draft"):
        fleet.upstream(recipe).rename(fleet.folder / f"{recipe}-away")

    table, as_json = call("check"), call("check", "--json")

    assert table.returncode == as_json.returncode == 0
    sound, *endless = table.stdout.splitlines()
    assert sound == "2 recipes, 2 enrolled: the configuration is sound"
    assert endless == [
        f"recipes.{name}.expectedNA.upgrade has no end: add until" for name in ("draft", "notes")
    ]
    endless = ["draft.expectedNA.upgrade", "notes.expectedNA.upgrade"]
    assert answer(as_json) == {"recipes": 2, "enrolled": 2, "sound": True, "endless": endless}
    assert not (fleet.folder / "state").exists()


def test_check_reports_every_mistake_at_once(call: Call, fleet: Fleet) -> None:
    """The file may be mended in one go, before any night comes."""
    fleet.recipes["draft"]["mirror"] = fleet.recipes["notes"]["mirror"]
    fleet.recipes["Bad"] = {"upstream": "up.example/bad", "mirror": "https://a:b@up.example/bad"}

    done = call("check", "--json")

    assert done.returncode == 2
    problems = answer(done)["error"]["problems"]
    assert [problem.partition(":")[0] for problem in problems] == [
        "recipes.Bad",
        "recipes.Bad.upstream",
        "recipes.Bad.mirror",
        "recipes.draft.mirror",
    ]
    assert all(problem in done.stderr for problem in problems)


def test_an_empty_enrolment_is_exit_2(call: Call, fleet: Fleet) -> None:
    """The hollow sweep does not exit 0."""
    fleet.recipes.clear()

    for words in (["run"], ["plan"], ["status"]):
        done = call(*words)
        assert done.returncode == 2
        assert "no recipe takes part in the sweep" in done.stderr


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["run", "nosuch"], "no recipe 'nosuch'"),
        (["test", "../../etc"], "no recipe '../../etc'"),
        (["test", "notes", "--version", "9.9.9+9"], "no release '9.9.9+9'"),
        (["test", "notes", "--version", "a", "--ref", "b"], "exclude each other"),
        (["test", "notes", "--ref", ""], "need a value"),
        (["test", "notes", "--version="], "need a value"),
        (["hold", "notes", "--reason", "x", "--tag", "1.0.0"], "no release tag"),
        (["hold", "notes", "--reason", "x", "--tag", "1.0.0-rc1+1"], "a pre-release"),
        (["hold", "notes", "--reason", "bad\udcff"], "not UTF-8"),
        (["hold", "notes", "--reason", "x", "--for", "soon"], "duration"),
        (["hold", "notes"], "--reason"),
        (["nosuch"], "No such command"),
        (["run", "--config", "/nosuch/config.toml"], "/nosuch/config.toml"),
    ],
)
def test_a_mistake_on_the_command_line_is_exit_2(call: Call, words: list[str], cause: str) -> None:
    """One clear line, never a traceback."""
    done = call(*words)

    assert done.returncode == 2
    assert cause in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "cause", "step"),
    [
        (["--bogus"], "--bogus", "see canon-sweep --help"),
        (["run", "--bogus"], "--bogus", "see canon-sweep run --help"),
        (["hold", "--tag", "zz"], "RECIPE", "see canon-sweep hold --help"),
        (["hold", "notes"], "--reason", "see canon-sweep hold --help"),
        (["nosuch"], "nosuch", "see canon-sweep --help"),
        (["status", "--max-age"], "--max-age", "see canon-sweep status --help"),
        (["demo", "--dir", "x", "--engine", "y"], "--engine", "see canon-sweep demo --help"),
        (["test", "notes", "--version", "a", "--ref", "b"], "exclude", "canon-sweep test --help"),
        (["check", "--config", "/nosuch/config.toml"], "/nosuch", "$CANON_SWEEP_CONFIG"),
    ],
)
def test_a_mistake_on_the_command_line_has_its_next_step(
    call: Call, words: list[str], cause: str, step: str
) -> None:
    """As every other mistake: the same words on stderr and, with --json, as an object."""
    plain, as_json = call(*words), call(words[0], "--json", *words[1:])

    assert plain.returncode == as_json.returncode == 2
    assert plain.stdout == ""
    assert plain.stderr.startswith("canon-sweep: error ")
    assert cause in plain.stderr
    assert step in plain.stderr
    told = answer(as_json)
    assert told["exit_code"] == 2
    assert step in json.dumps(told["error"])
    if told["error"]["code"] == "usage":
        assert plain.stderr.count("\n") == 1


def test_without_a_command_there_is_help(call: Call) -> None:
    """Nobody's mistake, and nothing was done."""
    done = call()

    assert done.returncode == 2
    assert "Commands:" in done.stdout + done.stderr


def test_a_run_beside_a_run_is_exit_75(call: Call, fleet: Fleet) -> None:
    """Deferred: nothing is wrong, it is only not the moment."""
    with lock.held(fleet.folder / "state" / "lock"):
        done = call("run")

    assert done.returncode == 75
    assert f"process {os.getpid()}" in done.stderr


def test_a_red_recipe_is_exit_1_and_its_repetition_is_not(call: Call, fleet: Fleet) -> None:
    """The night that finds it red is loud; the skip after it is a no-op."""
    fleet.publishes("notes", "2.0.0+1", "exit 3", ready=True)

    assert call("run").returncode == 1
    again = call("run", "--assert-noop")

    assert again.returncode == 0
    assert "skip/known-red" in again.stdout
    assert call("run", "--retry", "notes").returncode == 1


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_is_gone_changes_nothing(fleet: Fleet, stream: str) -> None:
    """Progress that nobody reads ends no sweep, and a closed pipe is no red recipe."""
    reader, writer = os.pipe()
    os.close(reader)
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [*PROGRAM, "run", "--config", str(config(fleet))],
            check=False,
            **(streams | {stream: closed}),
        )

    assert done.returncode == 0
    assert fleet.canonical("notes").tag == "1.1.0+1"
    assert (fleet.folder / "state" / "runs" / "latest" / "results.json").exists()


def test_a_host_that_runs_out_of_something_is_no_bug(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a command notices it: one line, and nothing of our source."""

    def used_up(_path: Path) -> None:
        raise MemoryError

    monkeypatch.setattr("canon_sweep.settings.load.load", used_up)

    done = call("check")

    assert done.returncode == 1
    assert done.stderr.startswith("canon-sweep: error infra: this host has no memory left; see")
    assert done.stderr.count("\n") == 1


def test_a_demo_below_a_folder_that_is_no_text_is_refused(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its configuration could not say where it is; nothing is made there."""
    below = tmp_path / os.fsdecode(b"\xff")
    below.mkdir()
    monkeypatch.chdir(below)

    done = call("demo", "--dir", "d")

    assert done.returncode == 2
    assert "is not UTF-8 text" in done.stderr
    assert list(below.iterdir()) == []


def test_a_terminal_that_knows_only_ascii_is_enough(fleet: Fleet) -> None:
    """What it cannot show is shown as an escape; the exit code is the command's."""
    command = [*PROGRAM, "hold", "notes", "--reason", "Umzug für", "--config", str(config(fleet))]

    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert "f\\xfcr" in done.stdout


def onto_a_full_disk(fleet: Fleet, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose results nobody can take."""
    with Path("/dev/full").open("w") as full:
        return subprocess.run(
            [*PROGRAM, *words, "--config", str(config(fleet))],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )


def test_a_full_disk_behind_stdout_is_one_line(fleet: Fleet) -> None:
    """The results are in the state folder."""
    done = onto_a_full_disk(fleet, "status")

    assert done.returncode == 1
    assert "error output: the result cannot be printed" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_before_a_full_disk_is_the_mistake(fleet: Fleet) -> None:
    """It has been said on stderr."""
    done = onto_a_full_disk(fleet, "explain", "nosuch", "--json")

    assert done.returncode == 2
    assert "no recipe 'nosuch'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stopped_run_takes_down_what_it_has_up(fleet: Fleet) -> None:
    """SIGTERM, as systemctl stop sends it: teardown first, then a line for every recipe."""
    fleet.publishes("draft", "1.0.0+1")
    fleet.publishes("draft", "1.0.1+1", "exec sleep 1000", ready=True)
    run = subprocess.Popen(
        [*PROGRAM, "run", "--json", "--config", str(config(fleet))],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    log = fleet.folder / "state" / "runs"
    while not any("deploy 1.0.1+1" in path.read_text() for path in log.rglob("draft.log")):
        assert run.poll() is None
        time.sleep(0.01)  # a file tells nobody that it has grown

    run.send_signal(signal.SIGTERM)
    output, _ = run.communicate(timeout=20)

    assert run.returncode == 1
    entries = {entry["recipe"]: entry for entry in json.loads(output)["entries"]}
    assert entries["draft"]["code"] == entries["notes"]["code"] == "deferred/out-of-time"
    assert "SIGTERM" in entries["draft"]["sentence"]
    assert fleet.running() == ()
    assert fleet.volumes() == set()


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"]])
def test_help_needs_no_configuration(call: Call, words: list[str]) -> None:
    """It is what one looks at first."""
    done = call(*words)

    assert done.returncode == 0
    assert "canon-sweep" in done.stdout or "Usage" in done.stdout


def test_status_has_what_the_last_run_noted(call: Call, fleet: Fleet) -> None:
    """No remote is asked again; a canonical that was made anew since is lost no longer."""
    repo = fleet.repo("notes")
    main = repo.references["refs/heads/main"].target
    repo.references.create("refs/tags/v2.4.8", main)
    repo.references.create("refs/heads/trunk", main)
    repo.set_head("refs/heads/trunk")
    call("run")
    fleet.engine().remove_volume(fleet.canonical("notes").volumes[0].name)
    assert call("run").returncode == 1
    mirror = fleet.mirror("notes")
    mirror.rename(fleet.folder / "away")

    status, rows = call("status"), answer(call("status", "--json"))["recipes"]

    assert status.returncode == 0
    codes = {note["code"] for row in rows if row["recipe"] == "notes" for note in row["notes"]}
    assert codes == {"ignored-outranks", "other-head", "canonical-lost", "no-probe"}
    shown = said(status)
    assert all(f"{code}, noted 20" in shown for code in codes)
    assert "v2.4.8 would be newer" in shown
    (fleet.folder / "away").rename(mirror)
    assert call("test", "notes").returncode == 0
    shown = said(call("status"))
    assert "other-head" in shown
    assert "canonical-lost" not in shown


def test_a_run_of_named_recipes_is_no_sweep(call: Call) -> None:
    """For a monitor that has to notice a timer that never fired."""
    named = answer(call("run", "notes", "--json"))
    assert named["named"] == ["notes"]
    assert call("status", "--max-age", "9d").returncode == 1

    assert answer(call("run", "--json"))["named"] == []
    assert call("status", "--max-age", "9d").returncode == 0


def test_recover_cleans_up_and_does_nothing_else(call: Call, fleet: Fleet) -> None:
    """Exit 0 once nothing is left; what is left makes it 1."""
    stack = "note-000000_ci_localhost"
    state = fleet.state()
    state.journal.put(Deployment(recipe="notes", stack=stack, engine="local"))

    done = call("recover", "--json")

    assert done.returncode == 0
    assert answer(done) == {"recovered": 1, "left": [], "problems": []}
    assert state.journal.entries() == ()
    assert state.canonicals.recipes() == ()
    state.journal.put(Deployment(recipe="notes", stack=stack, engine="swarm"))
    stuck = call("recover", "--json")
    assert stuck.returncode == 1
    assert "swarm" in answer(stuck)["left"][0]


def test_a_bad_line_of_the_ledger_is_nothing_left(call: Call, fleet: Fleet) -> None:
    """It is wrong, and said; but there is nothing to clean up, nor to try again."""
    call("run")
    with fleet.state().ledger.path.open("a") as file:
        file.write("garbage\n")

    done, as_json = call("recover"), answer(call("recover", "--json"))

    assert done.returncode == 1
    assert "0 cleaned up, 0 left, 1 problem\n" in done.stdout
    assert "line 2 is no attempt" in done.stdout
    assert as_json["left"] == []
    assert "line 2 is no attempt" in as_json["problems"][0]
    forgotten = call("forget", "notes", "--reason", "x", "--json")
    assert forgotten.returncode == 1
    assert answer(forgotten)["left"] == []
    assert "line 2 is no attempt" in answer(forgotten)["problems"][0]


def test_forget_takes_a_canonical_back(call: Call, fleet: Fleet) -> None:
    """The record goes to the history with the reason, its data goes, and nothing else."""
    assert call("forget", "notes", "--reason", "x").returncode == 2
    call("run")
    assert fleet.volumes()

    done = call("forget", "notes", "--reason", "left the fleet", "--json")

    assert done.returncode == 0, done.stderr
    assert answer(done)["canonical"] == "1.1.0+1"
    assert fleet.volumes() == set()
    assert fleet.state().canonicals.read("notes") is None
    assert fleet.state().journal.entries() == ()
    assert "left the fleet" in call("history", "notes").stdout
    assert call("forget", "notes", "--reason", " ").returncode == 2
    assert call("forget", "../notes", "--reason", "x").returncode == 2


def test_no_place_of_the_state_is_a_place_for_the_cache(call: Call, fleet: Fleet) -> None:
    """Whatever a sweep has left in the state folder must last."""
    call("run")
    file = config(fleet)
    text = file.read_text()
    for place in (fleet.folder / "state").iterdir():
        file.write_text(text.replace(f"{fleet.folder}/cache", str(place)))

        with pytest.raises(SettingsFault, match=f"cacheDir: lies in stateDir/{place.name},"):
            load(file)


def test_prune_says_what_goes_and_why(call: Call, fleet: Fleet) -> None:
    """Each in a line; the dry run the same lines, and it removes nothing."""
    call("run")
    volume = fleet.canonical("notes").volumes[0].name
    fleet.engine().clone_volume(volume, "left-abcdef_ci_localhost_data")
    line = "volume left-abcdef_ci_localhost_data belongs to no record\n"

    dry, done, again = call("prune", "--dry-run"), call("prune", "--json"), call("prune")

    assert (dry.returncode, dry.stdout) == (0, f"{line}1 to be removed\n")
    assert json.loads(done.stdout)["acts"] == [
        {
            "what": "volume left-abcdef_ci_localhost_data",
            "why": "belongs to no record",
            "problem": "",
        }
    ]
    assert (again.returncode, again.stdout) == (0, "0 removed\n")
    assert "1 record, 0 problems\n" in call("verify").stdout


def test_prune_tells_what_it_leaves_to_a_person(call: Call, fleet: Fleet) -> None:
    """And exits 1, so that the timer's service says so."""
    call("run")
    volume = fleet.canonical("notes").volumes[0].name
    fleet.engine().clone_volume(volume, f"snapshot.{volume}")

    done = call("prune")

    assert done.returncode == 1
    assert f"left alone: volume snapshot.{volume} belongs to no record; it is a copy" in done.stdout
    assert "0 removed, 1 left alone\n" in done.stdout


def test_prune_is_deferred_while_a_run_is_on(call: Call, fleet: Fleet) -> None:
    """Also its dry run."""
    call("run")

    with lock.held(fleet.folder / "state" / "lock"):
        done, dry = call("prune"), call("prune", "--dry-run")

    assert (done.returncode, dry.returncode) == (75, 75)
    assert "at work" in done.stderr


def test_budget_says_what_is_kept_and_whether_the_next_release_has_room(
    call: Call, fleet: Fleet
) -> None:
    """In words and in numbers; exit 1 as soon as one has none."""
    fleet.publishes("notes", "1.2.0+1", WRITES)
    fleet.options["disk"] = {"minFree": "1B", "budget": "1GiB", "assumedPeak": "1MiB"}
    call("run")

    done, numbers = call("budget"), json.loads(call("budget", "--json").stdout)

    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["recipe", "canonical", "keeps", "next", "test", "what"]
    assert [line.split()[0] for line in lines[1:3]] == ["draft", "notes"]
    assert "1.0 MiB (assumed)" in lines[1]
    assert lines[1].endswith("has room; its data: unknown, 1.0 MiB assumed")
    assert lines[2].rstrip().endswith("has room")
    assert lines[3].startswith("canonicals retain ")
    assert lines[3].endswith(" of 1.0 GiB")
    assert "are free on the engine's disk; disk.minFree is 1 byte" in lines[4]
    assert (numbers["budget"], numbers["min_free"], numbers["floor"]) == (2**30, 1, None)
    assert 0 < numbers["free"] < numbers["total"]
    assert numbers["retained"] == sum(line["retained"] for line in numbers["recipes"]) > 0

    fleet.options["disk"] = {"minFree": "500TiB", "budget": 1}
    done = call("budget")

    assert done.returncode == 1
    assert "disk.minFree is 500.0 TiB; its " in told(done)
    assert "error: canonicals retain " in done.stdout


def told(done: Done) -> str:
    """What was printed, without the ends of lines that are too long."""
    return " ".join(done.stdout.split())


def test_a_record_without_its_data_is_told_by_every_command(call: Call, fleet: Fleet) -> None:
    """What is so, why, and what to type."""
    fleet.publishes("notes", "1.2.0+1", WRITES)
    fleet.options["disk"] = {"budget": 1}

    run, verify, status = call("run"), call("verify"), call("status")
    again, quick = call("run"), call("test", "notes", "--ref", "main", "--quick")

    why = "more than disk.budget, 1 byte; raise disk.budget, then: canon-sweep run --retry notes"
    assert run.returncode == 1
    assert "over-budget: its data is not kept: its " in told(run)
    assert why in told(run)
    assert verify.returncode == 0
    assert "holds; a record only: its " in told(verify)
    assert why in told(verify)
    assert " record-only " in told(status)
    assert "its data is not kept: its " in told(status)
    assert why in told(status)
    assert "over-budget" not in told(status)
    assert again.returncode == 0
    assert "record-only: its data is not kept: " in told(again)
    assert quick.returncode == 2
    assert "has no data to test on" in quick.stderr
    assert "run --retry notes" in quick.stderr


def test_too_little_room_is_a_line_and_exit_1(call: Call, fleet: Fleet) -> None:
    """With the figures and the next step."""
    fleet.options["disk"] = {"minFree": "500TiB"}

    done = call("run")

    assert done.returncode == 1
    assert "deferred/disk" in told(done)
    assert "disk.minFree is 500.0 TiB; make room; canon-sweep budget shows" in told(done)
