"""A file of ours that goes on and on is a damaged file: named, and left as it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.hold import Hold
from canon_sweep.engine.local.engine import LocalEngine
from canon_sweep.errors import HostFault, StateFault
from canon_sweep.state import files
from canon_sweep.state.attempts import Ledger
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.holds import Holds
from canon_sweep.state.journal import Deployment, Journal

NOW = datetime(2026, 6, 14, 3, tzinfo=UTC)
RECORD = Canonical(recipe="notes", version="1.0.0+1", commit="a" * 40, stack="note-aaaaaa_ci")
LEFT = Deployment(recipe="notes", stack="note-aaaaaa_ci", engine="local")
NESTED = b'{"a": {"x": ' + b"[" * 2000 + b"]" * 2000 + b"}}"


@pytest.mark.parametrize(
    ("name", "replace"),
    [
        ("notes/canonical.json", lambda top: Canonicals(top).write(RECORD)),
        (
            "holds.json",
            lambda top: Holds(top / "holds.json").put(Hold(recipe="notes", reason="r", until=NOW)),
        ),
        ("journal.json", lambda top: Journal(top / "journal.json").put(LEFT)),
    ],
)
def test_what_is_nested_without_end_is_never_replaced(
    tmp_path: Path, name: str, replace: Callable[[Path], None]
) -> None:
    """Whoever would write it says what is wrong with it."""
    (tmp_path / "notes").mkdir()
    (tmp_path / name).write_bytes(NESTED)

    with pytest.raises(StateFault, match=name):
        replace(tmp_path)

    assert (tmp_path / name).read_bytes() == NESTED


def test_such_a_line_hides_no_other(tmp_path: Path) -> None:
    """Of the history and the ledger, whether or not the line ends."""
    for name in ("notes/history.jsonl", "attempts.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(NESTED)
    canonicals, ledger = Canonicals(tmp_path), Ledger(tmp_path / "attempts.jsonl")

    canonicals.note_promotion(RECORD)

    assert canonicals.history("notes") == (RECORD,)
    assert ["line 1" in text for text in canonicals.history_problems("notes")] == [True]
    assert ["line 1" in text for text in ledger.problems()] == [True]
    assert files.set_cut_line_aside(ledger.path) is False
    assert ledger.path.read_bytes() == NESTED + b"\n"


def test_an_engines_record_is_the_hosts_fault(tmp_path: Path) -> None:
    """The one that an app can reach."""
    folder = tmp_path / "stacks" / LEFT.stack
    folder.mkdir(parents=True)
    (folder / "state.json").write_bytes(NESTED)

    with pytest.raises(HostFault, match=r"state\.json cannot be read"):
        LocalEngine(tmp_path).undeploy(LEFT.stack)
