"""The ledger in memory: read once, by recipe, and in step with the disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from canon_sweep.core.attempts import Attempt, AttemptKey, Outcome
from canon_sweep.state.attempts import Ledger

NOW = datetime(2026, 6, 14, 3, tzinfo=UTC)


def attempt(recipe: str, hours: int = 0) -> Attempt:
    """An attempt at a recipe that ended that many hours later."""
    key = AttemptKey(recipe=recipe, tag="1.0.0+1", commit="a" * 40, digest="d")
    ended = NOW + timedelta(hours=hours)
    return Attempt(key=key, outcome=Outcome.RED, ts=ended, run_id="r")


def test_attempts_are_found_by_recipe(tmp_path: Path) -> None:
    """Those of one recipe, the oldest first, whatever others did between."""
    ledger = Ledger(tmp_path / "attempts.jsonl")
    for made in (attempt("notes"), attempt("site"), attempt("notes", 1)):
        ledger.add(made)

    index = Ledger(ledger.path).index()

    assert index.of("notes") == (attempt("notes"), attempt("notes", 1))
    assert index.last_of("notes") == attempt("notes", 1)
    assert index.last_of("site") == attempt("site")
    assert index.of("none") == ()
    assert index.last_of("none") is None


def test_an_index_knows_what_is_added(tmp_path: Path) -> None:
    """The one that a run holds, without reading anything again."""
    ledger = Ledger(tmp_path / "attempts.jsonl")
    index = ledger.index()

    ledger.add(attempt("notes"))

    assert index.of("notes") == (attempt("notes"),)
    assert ledger.index() is index


def test_what_somebody_else_adds_is_seen(tmp_path: Path) -> None:
    """A file that has changed is read again."""
    ledger = Ledger(tmp_path / "attempts.jsonl")
    assert ledger.index().of("notes") == ()

    Ledger(ledger.path).add(attempt("notes"))

    assert ledger.index().of("notes") == (attempt("notes"),)


def test_lines_that_cannot_be_read_are_numbered_and_left(tmp_path: Path) -> None:
    """Garbage, a later version's outcome, a time that could be anywhere."""
    ledger = Ledger(tmp_path / "attempts.jsonl")
    ledger.add(attempt("notes"))
    line = msgspec.json.encode(attempt("notes", 1))
    strange = b"\n\xff\xfe\x00\n" + line.replace(b'"red"', b'"purple"')
    strange += b"\n" + line.replace(b"Z", b"") + b"\n"
    strange += msgspec.json.encode(
        msgspec.to_builtins(attempt("notes", 1)) | {"ts": "9999-12-31T23:59:59-23:59"}
    )
    strange += b"\n"
    with ledger.path.open("ab") as file:
        file.write(strange)

    ledger.add(attempt("notes", 2))

    assert ledger.index().of("notes") == (attempt("notes"), attempt("notes", 2))
    numbers = [problem.partition(": ")[2].split(" is")[0] for problem in ledger.problems()]
    assert numbers == ["line 3", "line 4", "line 5", "line 6"]
    assert "no time zone" in ledger.problems()[2]
    assert "beyond the calendar" in ledger.problems()[3]
    assert strange in ledger.path.read_bytes()
