"""Holds and the journal: changed by one at a time, and never replaced unread."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canon_sweep.core.hold import Hold
from canon_sweep.errors import StateFault
from canon_sweep.state import lock
from canon_sweep.state.holds import Holds
from canon_sweep.state.journal import Deployment, Journal
from host import small_files

NOW = datetime(2026, 6, 14, 3, tzinfo=UTC)
HOLD = Hold(recipe="notes", reason="moving", until=NOW + timedelta(days=1))
# a slow disk: every writer has read before the first one has written
PUTS = """
import os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from canon_sweep.core.hold import Hold
from canon_sweep.state.holds import Holds
flush = os.fsync
os.fsync = lambda descriptor: (time.sleep(0.05), flush(descriptor))[1]
input()
until = datetime(2027, 1, 1, tzinfo=UTC)
Holds(Path(sys.argv[1])).put(Hold(recipe=sys.argv[2], reason="r", until=until))
"""


def test_no_hold_that_was_confirmed_is_lost(tmp_path: Path) -> None:
    """Several operators at the same moment, each in a process of its own."""
    path = tmp_path / "holds.json"
    recipes = [f"recipe{number}" for number in range(4)]
    writers = [
        subprocess.Popen([sys.executable, "-c", PUTS, str(path), recipe], stdin=subprocess.PIPE)
        for recipe in recipes
    ]

    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.flush()
    codes = [writer.wait() for writer in writers]

    assert codes == [0, 0, 0, 0]
    assert sorted(Holds(path).read()) == recipes


def test_a_hold_is_put_while_a_sweep_is_on(tmp_path: Path) -> None:
    """The run's lock is another one: nobody waits a night to say 'not this one'."""
    holds = Holds(tmp_path / "holds.json")

    with lock.held(tmp_path / "lock"):
        holds.put(HOLD)

    assert holds.read() == {"notes": HOLD}


def test_somebody_who_never_ends_a_change_is_told_of(tmp_path: Path) -> None:
    """Waiting has an end, and the file is named."""
    path = tmp_path / "holds.json"

    with (
        lock.changing(path),
        pytest.raises(StateFault, match=r"holds\.json is being changed by another process"),
        lock.changing(path, patience=0.03),
    ):
        pass


def test_who_is_killed_in_the_middle_of_a_change_holds_up_nobody(tmp_path: Path) -> None:
    """The lock goes with its holder, and the file is as it was."""
    holds = Holds(tmp_path / "holds.json")
    holds.put(HOLD)
    program = (
        "import sys; from pathlib import Path; from canon_sweep.state import lock\n"
        "with lock.changing(Path(sys.argv[1])): print(flush=True); input()"
    )
    command = [sys.executable, "-c", program, str(holds.path)]
    changer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert changer.stdout is not None
    changer.stdout.readline()

    changer.kill()
    changer.wait()

    assert holds.read() == {"notes": HOLD}
    assert holds.drop("notes")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "it is empty"),
        (b"\n", "it is empty"),
        (b'{"notes": {"recipe": "no', "truncated"),
        (b"\x00\xff\x00", "no list of holds"),
        (b"[]", "Expected `object`"),
        (b'{"schema": 2, "holds": []}', "no list of holds"),
        (b'{"notes": {"recipe": "site", "reason": "r", "until": "2027-01-01T00:00:00Z"}}', "site"),
        (b'{"notes": {"recipe": "notes", "reason": "r", "until": "2027-01-01T00:00:00"}}', "zone"),
        *(
            (b'{"notes": {"recipe": "notes", "reason": "r", "until": "%b"}}' % until, "calendar")
            for until in (b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59")
        ),
    ],
)
def test_holds_that_cannot_be_read_are_named_and_left(
    tmp_path: Path, content: bytes, cause: str
) -> None:
    """'Nothing is held' would be a guess, and a new hold would make it true."""
    holds = Holds(tmp_path / "holds.json")
    holds.path.write_bytes(content)

    with pytest.raises(StateFault, match=cause) as fault:
        holds.read()
    with pytest.raises(StateFault):
        holds.put(HOLD)
    with pytest.raises(StateFault):
        holds.drop("notes")

    assert "holds.json" in fault.value.what
    assert "remove it to hold nothing" in fault.value.do
    assert holds.path.read_bytes() == content


def test_a_change_leaves_what_it_does_not_know(tmp_path: Path) -> None:
    """A later version's hold has fields that this one cannot read."""
    holds = Holds(tmp_path / "holds.json")
    theirs = {"recipe": "site", "reason": "r", "until": "2027-01-01T00:00:00Z", "by": "ops"}
    holds.path.write_text(json.dumps({"site": theirs}))

    holds.put(HOLD)
    holds.drop("notes")

    assert json.loads(holds.path.read_text()) == {"site": theirs}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"a": {"type": "deployment"',
        b'{"a": {"type": "later", "recipe": "notes", "stack": "a"}}',
        b'{"a": {"type": "deployment", "recipe": "notes", "stack": "b"}}',
        b'{"../a": {"type": "deployment", "recipe": "notes", "stack": "../a"}}',
        b'{"a": {"type": "deployment", "recipe": "../notes", "stack": "a"}}',
        (
            b'{"a": {"type": "quick", "recipe": "notes", "stack": "a", "complete": true,'
            b' "snapshots": {"b_data": "snapshot.b_data"}}}'
        ),
        (
            b'{"a": {"type": "quick", "recipe": "notes", "stack": "a", "complete": true,'
            b' "snapshots": {"a_data": "b_data"}}}'
        ),
    ],
)
def test_a_journal_that_cannot_be_read_is_named_and_left(tmp_path: Path, content: bytes) -> None:
    """'Nothing to clean up' would leave a stack running beside every test."""
    journal = Journal(tmp_path / "journal.json")
    journal.path.write_bytes(content)

    with pytest.raises(StateFault, match=r"journal\.json is no journal") as fault:
        journal.entries()
    with pytest.raises(StateFault):
        journal.put(Deployment(recipe="notes", stack="c"))
    with pytest.raises(StateFault):
        journal.drop("a")

    assert "look for stacks" in fault.value.do
    assert journal.path.read_bytes() == content


def test_a_lock_that_cannot_be_written_is_the_states_fault(tmp_path: Path) -> None:
    """As on a full disk: one line that names the file, and the lock is free again."""
    with (
        small_files(0),
        pytest.raises(StateFault, match="lock cannot be written"),
        lock.held(tmp_path / "lock"),
    ):
        raise AssertionError("nobody holds it")

    with lock.held(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
