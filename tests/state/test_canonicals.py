"""Records and their history: unknown ones are left, and a canonical can be taken back."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canon_sweep.core.canonical import Canonical
from canon_sweep.errors import StateFault
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.history import Forgotten
from child import in_child
from state.killed import killed_at

NOW = datetime(2026, 6, 14, 3, tzinfo=UTC)
RECORD = Canonical(
    recipe="notes", version="1.0.0+1", commit="a" * 40, tag="1.0.0+1", stack="note-aaaaaa_ci"
)
NEXT = msgspec.structs.replace(RECORD, version="1.1.0+1", tag="1.1.0+1", stack="note-bbbbbb_ci")
FOREIGN = {"recipe": "notes", "version": "1.0.0+1", "commit": "a" * 40}


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"schema": 99, "volumes_are_encrypted": True}, "has schema 99"),
        ({"schema": 0}, "has schema 0"),
        ({"schema": "1"}, "no canonical's record"),
        ({"status": "testing"}, "has status 'testing'"),
        ({"retained": "tape"}, "no canonical's record"),
        # an engine would be asked by these, and would remove by them
        ({"stack": "../x"}, "'../x' is no stack name"),
        ({"volumes": [{"name": "-v", "bytes": 1}]}, "'-v' is no volume name"),
        # it would make room in the budget that there is not
        ({"volumes": [{"name": "v", "bytes": -1}]}, "Expected `int` >= 0"),
        ({"secrets": ["a b"]}, "'a b' is no secret name"),
    ],
)
def test_a_record_of_an_unknown_kind_is_named_and_never_replaced(
    tmp_path: Path, changed: dict[str, Any], cause: str
) -> None:
    """What a later version keeps is not this one's to throw away."""
    path = tmp_path / "notes" / "canonical.json"
    path.parent.mkdir()
    path.write_text(json.dumps(FOREIGN | changed))
    before = path.read_bytes()

    with pytest.raises(StateFault, match=cause) as fault:
        Canonicals(tmp_path).read("notes")
    with pytest.raises(StateFault):
        Canonicals(tmp_path).write(NEXT)
    with pytest.raises(StateFault):
        Canonicals(tmp_path).forget("notes", "why", NOW)

    assert "notes/canonical.json" in fault.value.what
    assert fault.value.do
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_a_broken_record_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    """It may name volumes that nothing else names."""
    path = tmp_path / "notes" / "canonical.json"
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(StateFault, match=r"notes/canonical\.json"):
        Canonicals(tmp_path).write(RECORD)

    assert path.read_bytes() == content


def test_one_bad_record_does_not_hide_the_others(tmp_path: Path) -> None:
    """All that can be read, and of the rest what is wrong."""
    canonicals = Canonicals(tmp_path)
    canonicals.write(RECORD)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "canonical.json").write_text("{")
    (tmp_path / "No Name").mkdir()
    (tmp_path / "No Name" / "canonical.json").write_text("{}")
    (tmp_path / "empty").mkdir()

    records, problems = canonicals.read_all()

    assert records == {"notes": RECORD}
    assert sorted(problems) == ["No Name", "site"]
    assert "site/canonical.json" in problems["site"]
    assert Canonicals(tmp_path / "nowhere").read_all() == ({}, {})


def test_records_that_nobody_can_list_are_not_none(tmp_path: Path) -> None:
    """'No record names this volume' must be known, not guessed."""
    (tmp_path / "canonicals").write_text("")

    with pytest.raises(StateFault, match="canonicals cannot be read"):
        Canonicals(tmp_path / "canonicals").recipes()


def test_a_broken_line_of_a_history_stays_and_is_told(tmp_path: Path) -> None:
    """It keeps no promotion from being noted, and no other line from being read."""
    canonicals = Canonicals(tmp_path)
    canonicals.note_promotion(RECORD)
    path = tmp_path / "notes" / "history.jsonl"
    with path.open("ab") as file:
        file.write(b'\n{"recipe": \xff\n{"type": "later"}\n')

    canonicals.note_promotion(NEXT)
    canonicals.note_promotion(RECORD)

    assert canonicals.history("notes") == (RECORD, NEXT)
    broken, later = canonicals.history_problems("notes")
    assert f"{path}: line 3 is no promotion" in broken
    assert f"{path}: line 4 is no promotion: its type is 'later'" in later
    assert b'{"recipe": \xff\n' in path.read_bytes()


def test_records_without_a_stack_are_promotions_of_their_own(tmp_path: Path) -> None:
    """Those of other tools have none; two of them are not one."""
    canonicals = Canonicals(tmp_path)
    first = msgspec.structs.replace(RECORD, stack="")
    second = msgspec.structs.replace(NEXT, stack="")

    for record in (first, second, first):
        canonicals.note_promotion(record)

    assert canonicals.history("notes") == (first, second)


def test_a_forgotten_canonical_is_in_the_history_with_the_reason(tmp_path: Path) -> None:
    """It is no promotion; forgetting it twice is forgetting it once."""
    canonicals = Canonicals(tmp_path)
    canonicals.write(RECORD)
    canonicals.note_promotion(RECORD)

    assert canonicals.forget("notes", "never meant to be", NOW) == RECORD
    assert canonicals.forget("notes", "never meant to be", NOW) is None

    assert canonicals.read("notes") is None
    assert canonicals.recipes() == ()
    forgotten = Forgotten(at=NOW, reason="never meant to be", record=RECORD)
    assert canonicals.past("notes") == (RECORD, forgotten)
    assert canonicals.history("notes") == (RECORD,)


def test_a_canonical_may_be_promoted_again_after_it_was_forgotten(tmp_path: Path) -> None:
    """As a record that is adopted once more: the history says so."""
    canonicals = Canonicals(tmp_path)
    canonicals.write(RECORD)
    canonicals.note_promotion(RECORD)
    canonicals.forget("notes", "by mistake", NOW)

    canonicals.note_promotion(RECORD)
    canonicals.note_promotion(RECORD)

    assert canonicals.history("notes") == (RECORD, RECORD)


def test_a_time_beyond_the_calendar_is_a_line_that_cannot_be_read(tmp_path: Path) -> None:
    """It is named, and stays; the other lines are read."""
    canonicals = Canonicals(tmp_path)
    canonicals.note_promotion(RECORD)
    line = msgspec.to_builtins(Forgotten(at=NOW, reason="why", record=RECORD))
    with (tmp_path / "notes" / "history.jsonl").open("ab") as file:
        file.write(msgspec.json.encode(line | {"at": "9999-12-31T23:59:59-23:59"}) + b"\n")

    assert canonicals.past("notes") == (RECORD,)
    (problem,) = canonicals.history_problems("notes")
    assert "line 2 is no promotion: its time is beyond the calendar" in problem


def test_a_kill_while_a_canonical_is_forgotten_loses_nothing(tmp_path: Path) -> None:
    """At whatever step: the record is there, or the history has it; done again, it is done."""
    step, done = 1, False
    while not done:
        folder = tmp_path / str(step)
        canonicals = Canonicals(folder)
        canonicals.write(RECORD)
        done = killed_at(step, partial(canonicals.forget, "notes", "why", NOW))

        assert canonicals.read("notes") == RECORD or canonicals.past("notes")
        canonicals.forget("notes", "why", NOW)
        assert canonicals.read("notes") is None
        assert canonicals.past("notes") == (Forgotten(at=NOW, reason="why", record=RECORD),)
        step += 1

    assert step > 5


def test_folders_below_another_tools_are_as_open_as_its_own(tmp_path: Path) -> None:
    """Its users read the records there; that the folder is open is not ours to change."""
    theirs = tmp_path / "ci-warm"
    theirs.mkdir()
    theirs.chmod(0o755)

    Canonicals(theirs).write(RECORD)

    assert theirs.stat().st_mode & 0o777 == 0o755
    assert (theirs / "notes").stat().st_mode & 0o777 == 0o755
    assert (theirs / "notes" / "canonical.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="somebody else's folder is made by root only")
def test_the_root_folder_of_a_disk_may_hold_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lost+found is root's alone, and no recipe's record that cannot be read."""
    for name in ("lost+found", "notes"):
        (tmp_path / "disk" / name).mkdir(parents=True, mode=0o700)
    (tmp_path / "disk").chmod(0o755)
    # the folders above are not to be looked into either
    monkeypatch.chdir(tmp_path / "disk")

    def looks() -> None:
        os.seteuid(65534)
        # a recipe's folder that we may not look into is a doubt
        canonicals = Canonicals(Path())
        assert canonicals.recipes() == ("notes",)
        with pytest.raises(StateFault, match="notes"):
            canonicals.dead_drafts()

    def looks_again() -> None:
        os.seteuid(65534)
        assert Canonicals(Path()).dead_drafts() == ()
        assert Canonicals(Path()).clear_drafts() == 0

    assert in_child(looks) == 0
    (tmp_path / "disk/notes").chmod(0o755)
    assert in_child(looks_again) == 0
