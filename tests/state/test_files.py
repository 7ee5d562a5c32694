"""Files survive a kill at any step."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from canon_sweep.errors import StateFault
from canon_sweep.state import files


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Do the work in a forked child that dies at its n-th system-level step.

    Steps are audit events of file operations, counted as they happen: the open
    itself included, right after which the file exists and is empty.  True if the
    child came to its end before that step.
    """
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.WIFEXITED(status)
    seen = 0

    def watch(frame: object, event: str, argument: object) -> None:
        nonlocal seen
        if event == "c_return":
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)
    work()
    sys.setprofile(None)
    os._exit(0)


def test_an_atomic_write_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """Whatever the step at which the process dies, the file is whole."""
    path = tmp_path / "canonical.json"
    seen = set()
    step = 1
    done = False
    while not done:
        path.write_bytes(b"old")
        done = killed_at(step, lambda: files.write_atomically(path, b"new" * 1000))
        seen.add(path.read_bytes())
        step += 1

    assert seen == {b"old", b"new" * 1000}
    assert step > 5


def test_an_append_leaves_whole_lines(tmp_path: Path) -> None:
    """A line that a crash cut short is never read, and never joined to the next."""
    path = tmp_path / "attempts.jsonl"
    step = 1
    done = False
    while not done:
        path.write_bytes(b'{"n":1}\n{"n"')
        done = killed_at(step, lambda: files.append_line(path, b'{"n":3}'))
        assert files.lines_of(path) in ([b'{"n":1}'], [b'{"n":1}', b'{"n":3}'])
        step += 1

    assert files.lines_of(path) == [b'{"n":1}', b'{"n":3}']


def test_a_whole_last_line_counts_without_its_newline(tmp_path: Path) -> None:
    """As an editor leaves it; blank lines are none."""
    path = tmp_path / "attempts.jsonl"
    path.write_bytes(b'{"n":1}\n\n{"n":2}')

    files.append_line(path, b'{"n":3}')

    assert files.lines_of(path) == [b'{"n":1}', b'{"n":2}', b'{"n":3}']


def test_a_draft_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    """The next write takes the place of what a crash left."""
    path = tmp_path / "x.json"
    (tmp_path / ".x.json.draft").write_bytes(b"half")

    files.write_atomically(path, b"whole")

    assert path.read_bytes() == b"whole"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    """A first run has no files."""
    assert files.read(tmp_path / "no") is None
    assert files.lines_of(tmp_path / "no") == []


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A fault of the state folder says which file."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StateFault, match="file/x cannot be written"):
        files.write_atomically(tmp_path / "file" / "x", b"")
    with pytest.raises(StateFault, match="file/x cannot be written"):
        files.append_line(tmp_path / "file" / "x", b"")
    with pytest.raises(StateFault, match="cannot be read"):
        files.read(tmp_path)
