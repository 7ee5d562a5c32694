"""Runs on disk: logs that are safe to read, and when the last sweep ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.state import runs

NOW = datetime(2026, 6, 14, 3, tzinfo=UTC)


def ended(folder: Path, at: datetime, command: str = "run", **changed: Any) -> str:
    """A run that began and ended then; its name."""
    run = runs.begin(folder, at)
    fields = {"schema": 1, "command": command, "ended": at.isoformat(), "exit_code": 0}
    run.write_results(json.dumps(fields | changed).encode())
    return run.run_id


def test_a_log_says_everything_and_steers_nothing(tmp_path: Path) -> None:
    """Escape sequences, bells, carriage returns and bidirectional tricks are told, not obeyed."""
    log = runs.begin(tmp_path, NOW).log_of("notes")

    log.say("a\tb é 日本\r\n\x1b]0;owned\x07\x1b[2J\x9b\rX\x00\u202egnp.exe\u2066\x7f\nend\n")

    assert log.path is not None
    content = log.path.read_bytes().decode()
    assert "a\tb é 日本\n" in content
    assert r"\x1b]0;owned\x07\x1b[2J\x9b\rX\x00\u202egnp.exe\u2066\x7f" in content
    assert all(c.isprintable() or c in "\n\t" for c in content)
    assert content.endswith("end\n")


def test_only_a_sweep_that_ended_counts(tmp_path: Path) -> None:
    """Not a test, not one that was cut short, and not what cannot be read."""
    assert runs.past(tmp_path, NOW) == (None, {})
    wanted = ended(tmp_path, NOW - timedelta(days=9), exit_code=1)
    ended(tmp_path, NOW - timedelta(days=3), "test")
    runs.begin(tmp_path, NOW - timedelta(days=2))
    ended(tmp_path, NOW - timedelta(days=1), schema=2)
    ended(tmp_path, NOW - timedelta(hours=3), ended="2026-06-14T00:00:00")
    runs.begin(tmp_path, NOW - timedelta(hours=2)).write_results(b'{"schema": 1, "comm')
    (tmp_path / "zzz").mkdir()

    found = runs.past(tmp_path, NOW).last_sweep

    assert found is not None
    assert (found.run_id, found.exit_code) == (wanted, 1)
    assert found.ended == NOW - timedelta(days=9)


def line(code: str, *notes: str) -> dict[str, Any]:
    """A recipe's line in the results."""
    return {
        "recipe": "notes",
        "code": code,
        "notes": [{"code": note, "text": "x"} for note in notes],
    }


@pytest.mark.parametrize(
    "idle",
    [
        {"named": ["notes"]},
        {"exit_code": 2, "hollow": "notes held", "entries": [line("skip/held")]},
        {"exit_code": 1, "entries": [line("deferred/out-of-time"), line("skip/excepted")]},
    ],
    ids=["of one recipe", "hollow", "stopped at once"],
)
def test_a_run_that_swept_nothing_is_no_sweep(tmp_path: Path, idle: dict[str, Any]) -> None:
    """Somebody's run of one recipe must not hide that the timer never fires."""
    wanted = ended(tmp_path, NOW - timedelta(days=9), named=[], entries=[line("skip/known-red")])
    ended(tmp_path, NOW - timedelta(days=1), **idle)

    found = runs.past(tmp_path, NOW).last_sweep

    assert found is not None
    assert found.run_id == wanted


def test_results_of_an_older_version_count_as_before(tmp_path: Path) -> None:
    """They do not say which recipes were named."""
    wanted = ended(tmp_path, NOW - timedelta(days=1), entries=[line("test/new-release")])

    found = runs.past(tmp_path, NOW).last_sweep

    assert found is not None
    assert found.run_id == wanted


def test_a_recipes_notes_are_those_of_the_last_run_that_looked_at_it(tmp_path: Path) -> None:
    """A test, and a run that could not reach upstream, have looked at nothing."""
    days = [NOW - timedelta(days=number) for number in range(9, 0, -1)]
    ended(tmp_path, days[0], entries=[line("skip/no-new-version", "of-long-ago")])
    wanted = ended(tmp_path, days[1], named=[], entries=[line("skip/no-new-version", "swept")])

    def noted() -> tuple[str, list[str]]:
        found = runs.past(tmp_path, NOW).noted["notes"]
        return found.run_id, [note.code for note in found.notes]

    assert noted() == (wanted, ["swept"])
    ended(tmp_path, days[2], "test", entries=[line("test/new-release", "tested")])
    ended(tmp_path, days[3], named=["notes"], entries=[line("error/sync")])
    assert noted() == (wanted, ["swept"])
    named = ended(tmp_path, days[4], named=["notes"], entries=[line("skip/held", "by-name")])
    assert noted() == (named, ["by-name"])


def test_an_end_in_the_future_is_no_answer(tmp_path: Path) -> None:
    """A clock that was wrong once must not silence a monitor for years."""
    wanted = ended(tmp_path, NOW - timedelta(days=1))
    ended(tmp_path, NOW + timedelta(days=999))

    found = runs.past(tmp_path, NOW).last_sweep

    assert found is not None
    assert found.run_id == wanted


def test_an_end_beyond_the_calendar_is_none(tmp_path: Path) -> None:
    """No day of it could be told."""
    results = tmp_path / ended(tmp_path, NOW) / "results.json"
    content = results.read_text()
    results.write_text(content.replace(NOW.isoformat(), "0001-01-01T00:00:00+23:59"))
    assert results.read_text() != content

    assert runs.past(tmp_path, NOW).last_sweep is None


def test_runs_of_one_second_are_in_order(tmp_path: Path) -> None:
    """The tenth is later than the second."""
    names = [ended(tmp_path, NOW) for _ in range(11)]

    found = runs.past(tmp_path, NOW).last_sweep

    assert found is not None
    assert found.run_id == names[-1] == "20260614T030000Z-11"


def test_a_link_left_by_a_kill_is_no_obstacle(tmp_path: Path) -> None:
    """latest is moved whatever lies around."""
    (tmp_path / ".latest.draft").symlink_to("nowhere")

    name = ended(tmp_path, NOW)

    assert (tmp_path / "latest").readlink() == Path(name)
