"""status, hold, unhold and history on a state folder as it may be found."""

from __future__ import annotations

import json
import os
import pwd
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from canon_sweep.cli import cli
from canon_sweep.core.attempts import Attempt, AttemptKey, Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.settings.load import load
from canon_sweep.state import lock, runs
from canon_sweep.state.journal import Deployment
from canon_sweep.state.store import State

CONFIG = """
stateDir = "{0}/state"
cacheDir = "{0}/cache"
engine = "local"
[recipes.notes]
upstream = "file://{0}/a"
mirror = "file://{0}/b"
"""
RECORD = Canonical(recipe="notes", version="1.0.0+1", commit="a" * 40, tag="1.0.0+1", stack="s")


@dataclass(frozen=True)
class Host:
    """A configuration and its state folder."""

    config: Path
    state: State

    def call(self, *words: str) -> tuple[int, str]:
        """A command's exit code and everything it said."""
        answer = CliRunner().invoke(
            cli, [*words, "--config", str(self.config)], standalone_mode=False
        )
        if answer.exception is not None:
            raise answer.exception
        return answer.return_value, answer.output

    def reports(self, *words: str) -> Any:
        """What a command reports as JSON."""
        return json.loads(self.call(*words, "--json")[1])

    def ended(self, command: str, ago: timedelta) -> None:
        """A run that ended that long ago."""
        at = datetime.now(UTC) - ago
        results = {"schema": 1, "command": command, "ended": at, "exit_code": 0}
        run = runs.begin(self.state.folder / "runs", at)
        run.write_results(msgspec.json.encode(results))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host on which nothing has happened."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(tmp_path))
    return Host(config, State.of(load(config)))


def test_a_timer_that_never_fired_is_noticed(host: Host) -> None:
    """No sweep at all is too old too, and a test is no sweep."""
    assert host.call("status")[0] == 0
    assert "no sweep has ended yet" in host.call("status")[1]
    host.ended("test", timedelta(hours=1))

    code, text = host.call("status", "--max-age", "9d")

    assert code == 1
    assert "no sweep has ended yet" in text
    assert host.reports("status", "--max-age", "9d")["overdue"] is True


def test_a_sweep_is_recent_for_as_long_as_was_asked(host: Host) -> None:
    """When it ended is said anyway."""
    host.ended("run", timedelta(days=8))

    assert host.call("status", "--max-age", "9d")[0] == 0
    code, text = host.call("status", "--max-age", "7d")

    assert code == 1
    assert "error: the last sweep ended 20" in text
    assert "look at the timer" in text
    assert "the last sweep ended 20" in host.call("status")[1]
    assert host.reports("status")["last_sweep"]["exit_code"] == 0


def test_a_record_without_a_recipe_is_named(host: Host) -> None:
    """It keeps volumes that nobody tests any more, until somebody says that it may go."""
    host.state.canonicals.write(msgspec.structs.replace(RECORD, recipe="gone"))

    code, text = host.call("status")

    assert code == 1
    assert "gone" in text
    assert "not in the configuration; canon-sweep forget gone --reason … takes it back" in text
    (gone, notes) = host.reports("status")["recipes"]
    assert (gone["recipe"], gone["canonical"], notes["problem"]) == ("gone", "1.0.0+1", "")


def test_a_record_that_is_gone_is_told(host: Host) -> None:
    """As by verify: a monitor need not wait for the next sweep."""
    host.state.canonicals.write(RECORD)
    host.state.canonicals.note_promotion(RECORD)
    assert host.call("status")[0] == 0
    (host.state.canonicals.folder / "notes" / "canonical.json").unlink()

    code, _ = host.call("status")

    assert code == 1
    (notes,) = host.reports("status")["recipes"]
    assert "is gone, though notes was promoted (1.0.0+1)" in notes["problem"]
    assert "canon-sweep forget notes" in notes["problem"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("canonicals/notes/canonical.json", '{"schema": 99}'),
        ("canonicals/gone/canonical.json", ""),
        ("canonicals/notes/history.jsonl", "garbage\n"),
        ("attempts.jsonl", "garbage\n"),
        ("holds.json", ""),
        ("holds.json", '{"notes": {"recipe": "notes", "reason": "without an end"}}'),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_shown(
    host: Host, name: str, content: str
) -> None:
    """Exit 1, with the file's name, and a row for each recipe."""
    path = host.state.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)

    code, text = host.call("status")

    assert code == 1
    # a long path has more than one line of its column
    assert str(path) in "".join(text.split())
    assert "recipe" in text
    assert "notes" in {row["recipe"] for row in host.reports("status")["recipes"]}


def test_a_hold_is_not_put_over_what_cannot_be_read(host: Host) -> None:
    """The file is named, with what to do, and left as it is."""
    host.state.folder.mkdir()
    host.state.holds.path.write_text("")

    code, text = host.call("hold", "notes", "--reason", "x")

    assert code == 1
    assert "error state:" in text
    assert "holds.json is no list of holds: it is empty; mend it, or remove it" in text
    assert host.state.holds.path.read_text() == ""


def test_history_shows_what_was_taken_back_and_what_is_broken(host: Host) -> None:
    """Also of a recipe that is configured no longer; a name that is nowhere is a mistake."""
    record = msgspec.structs.replace(RECORD, recipe="gone")
    host.state.canonicals.write(record)
    host.state.canonicals.note_promotion(record)
    key = AttemptKey(recipe="gone", tag="1.0.0+1", commit="a" * 40, digest="d")
    now = datetime.now(UTC)
    host.state.ledger.add(Attempt(key=key, outcome=Outcome.PROMOTED, ts=now, run_id="r"))
    host.state.canonicals.forget("gone", "archived upstream", now)

    code, text = host.call("history", "gone")

    assert code == 0
    assert "archived upstream" in text
    assert "1 promotion, 1 attempt, 1 taken back" in text
    assert host.reports("history", "gone")["forgotten"][0]["reason"] == "archived upstream"
    assert host.call("history", "nowhere")[0] == 2
    assert host.call("history", "../../etc")[0] == 2

    with (host.state.canonicals.folder / "gone" / "history.jsonl").open("a") as file:
        file.write("garbage\n")
    code, text = host.call("history", "gone")
    assert code == 1
    assert "line 3 is no promotion" in text
    assert "archived upstream" in text


def test_history_is_in_order_within_a_second(host: Host) -> None:
    """Each promotion before its attempt, and what was taken back after both; no text sorts it."""
    second = datetime(2026, 6, 14, 3, tzinfo=UTC)
    moments = [second + timedelta(milliseconds=number) for number in range(6)]
    first = msgspec.structs.replace(
        RECORD, run_id="r1", promoted_at=second.isoformat(timespec="seconds")
    )
    again = msgspec.structs.replace(first, run_id="r2", stack="s2")

    def tried(outcome: Outcome, at: datetime, run_id: str) -> None:
        key = AttemptKey(recipe="notes", tag="1.0.0+1", commit="a" * 40, digest="d")
        host.state.ledger.add(Attempt(key=key, outcome=outcome, ts=at, run_id=run_id))

    tried(Outcome.RED, moments[0], "r0")
    for record, at in ((first, moments[1]), (again, moments[3])):
        host.state.canonicals.write(record)
        host.state.canonicals.note_promotion(record)
        tried(Outcome.PROMOTED, at, record.run_id)
        host.state.canonicals.forget("notes", "by hand", at + timedelta(milliseconds=1))
    # promoted by the cleaning up after a kill: no attempt was written
    other = msgspec.structs.replace(first, run_id="r3", stack="s3", promoted_at="in May")
    host.state.canonicals.note_promotion(other)

    code, text = host.call("history", "notes")

    words = ("red", "canonical", "promoted", "forgotten")
    lines = [line.split() for line in text.splitlines()]
    shown = [
        (word, run)
        for line in lines
        for word in words
        for run in ("r0", "r1", "r2", "r3")
        if word in line and run in line
    ]
    assert code == 0
    assert shown == [
        ("red", "r0"),
        ("canonical", "r1"),
        ("promoted", "r1"),
        ("forgotten", "r1"),
        ("canonical", "r2"),
        ("promoted", "r2"),
        ("forgotten", "r2"),
        ("canonical", "r3"),
    ]
    assert "3 promotions, 3 attempts, 2 taken back" in text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("words", [["hold", "notes", "--reason", "x"], ["unhold", "notes"]])
def test_root_changes_nothing_in_a_services_state(
    host: Host, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of root's in it would stop the service; looking is another matter."""
    monkeypatch.setattr("sys.argv", ["/bin/canon-sweep", *words])
    host.state.folder.mkdir(mode=0o700)
    os.chown(host.state.folder, pwd.getpwnam("nobody").pw_uid, -1)

    code, text = host.call(*words)

    assert code == 2
    assert f"{host.state.folder} belongs to nobody, and you are root" in text
    assert f"type instead: runuser -u nobody -- canon-sweep {words[0]} notes" in text
    assert list(host.state.folder.iterdir()) == []
    assert host.call("status")[0] == 0
    assert list(host.state.folder.iterdir()) == []


def test_a_hold_for_ever_is_a_hold(host: Host) -> None:
    """As people write it."""
    code, text = host.call("hold", "notes", "--reason", "gone", "--until", "9999-12-31")

    assert code == 0
    assert "held until 31 December 9999" in text
    assert "notes   hold      9999-12-31" in host.call("overrides")[1]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_the_ends_of_the_calendar_break_nothing(host: Host, at: str) -> None:
    """A clock that was wrong, a file that somebody wrote: all commands go on."""
    host.state.folder.mkdir(mode=0o700, exist_ok=True)
    hold = {"notes": {"recipe": "notes", "reason": "odd", "until": at}}
    (host.state.folder / "holds.json").write_text(json.dumps(hold))
    (host.state.folder / "attempts.jsonl").write_bytes(
        msgspec.json.encode(
            msgspec.to_builtins(
                Attempt(
                    key=AttemptKey(recipe="notes", tag="1.0.0+1", commit="a" * 40, digest=""),
                    outcome=Outcome.RED,
                    ts=datetime.now(UTC),
                    run_id="r",
                    reason="odd",
                )
            )
            | {"ts": at}
        )
        + b"\n"
    )
    run = runs.begin(host.state.folder / "runs", datetime.now(UTC))
    results = {"schema": 1, "command": "run", "ended": at, "exit_code": 0}
    run.write_results(msgspec.json.encode(results))

    for words in (("overrides",), ("history", "notes"), ("status",), ("status", "--max-age", "9d")):
        assert host.call(*words)[0] in (0, 1), words


def test_what_a_run_is_at_is_nothing_left_over(host: Host) -> None:
    """Nobody is sent to clean up beside it; and it is not got in the way of."""
    host.state.journal.put(Deployment(recipe="notes", stack="b"))
    now = datetime.now(UTC)
    host.state.waiting.begin(["notes"], now, now + timedelta(days=1), retry=False)

    with lock.held(host.state.folder / "lock"):
        beside = host.call("status")[1]
        code, found = host.call("verify")
    after = host.call("status")[1]

    assert f"unfinished: a run is at work (process {os.getpid()})" in beside
    assert "recover" not in beside
    assert "not reached" not in beside
    assert code == 0
    assert "a run is at work" in found
    assert "a run is at work" not in after
    assert "was being tested or taken away when a run was broken off" in after
    assert "not reached by the last sweep: notes" in after
    assert host.call("verify")[0] == 1
