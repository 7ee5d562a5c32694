"""Files survive a kill at any step."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from canon_sweep.errors import StateFault
from canon_sweep.state import files
from host import small_files
from state.killed import killed_at


def lines(path: Path) -> list[bytes]:
    """The whole lines of a file."""
    return [line for _, line in files.lines_of(path)]


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
        assert lines(path) in ([b'{"n":1}'], [b'{"n":1}', b'{"n":3}'])
        step += 1

    assert lines(path) == [b'{"n":1}', b'{"n":3}']


def test_a_whole_last_line_counts_without_its_newline(tmp_path: Path) -> None:
    """As an editor leaves it; blank lines are none."""
    path = tmp_path / "attempts.jsonl"
    path.write_bytes(b'{"n":1}\n\n{"n":2}')

    files.append_line(path, b'{"n":3}')

    assert lines(path) == [b'{"n":1}', b'{"n":2}', b'{"n":3}']


def test_a_draft_left_behind_is_no_obstacle_and_is_cleared(tmp_path: Path) -> None:
    """Also the one name that all writers of earlier versions had; a file of others stays."""
    path = tmp_path / "x.json"
    (tmp_path / ".x.json.draft").write_bytes(b"half")
    (tmp_path / ".x.json.0123456789abcdef.draft").write_bytes(b"half of another")
    (tmp_path / "y.draft").write_bytes(b"theirs")

    files.write_atomically(path, b"whole")
    cleared = files.clear_drafts(tmp_path)

    assert path.read_bytes() == b"whole"
    assert cleared == 2
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["x.json", "y.draft"]


def test_the_draft_of_a_killed_writer_is_cleared_and_a_living_ones_is_not(tmp_path: Path) -> None:
    """One of them may hold a secret; the other becomes the file."""
    path = tmp_path / "secret"
    go, going = tmp_path / "go", tmp_path / "going"
    os.mkfifo(go)
    os.mkfifo(going)
    program = (
        "import os, sys; from pathlib import Path; from canon_sweep.state import files\n"
        "flush = os.fsync\n"
        "def slow(descriptor):\n"
        "    os.fsync = flush; open(sys.argv[3], 'w').close(); open(sys.argv[2]).close()\n"
        "os.fsync = slow\n"
        "files.write_atomically(Path(sys.argv[1]), b'value')"
    )
    command = [sys.executable, "-c", program, str(path), str(go), str(going)]
    writers = []
    for _ in range(2):
        writers.append(subprocess.Popen(command))
        going.read_bytes()  # it is in the middle of the write
    drafts = sorted(tmp_path.glob(".secret.*.draft"))

    writers[0].kill()
    writers[0].wait()
    cleared = files.clear_drafts(tmp_path)
    go.write_bytes(b"")
    assert writers[1].wait() == 0

    assert len(drafts) == 2
    assert cleared == 1
    assert path.read_bytes() == b"value"
    assert not list(tmp_path.glob(".secret.*.draft"))


def test_drafts_of_one_file_are_cleared_in_a_folder_of_others(tmp_path: Path) -> None:
    """Beside cc-ci's records its own tools may have drafts too."""
    (tmp_path / ".canonical.json.0123456789abcdef.draft").write_bytes(b"ours")
    (tmp_path / ".last_good.draft").write_bytes(b"theirs")

    assert files.clear_drafts(tmp_path, "canonical.json") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [".last_good.draft"]


def test_what_is_cut_short_is_set_aside_and_never_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a line may be more than what a crash of ours left; a line that ends stays."""
    path = tmp_path / "attempts.jsonl"
    path.write_bytes(b'{"n":1}\ngarbage \xff\n{"n":2, "text": "hal')

    files.append_line(path, b'{"n":3}')

    assert path.read_bytes() == b'{"n":1}\ngarbage \xff\n{"n":3}\n'
    assert (tmp_path / "attempts.jsonl.cut").read_bytes() == b'{"n":2, "text": "hal\n'
    assert "attempts.jsonl.cut" in caplog.text


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    """What could be written of it is taken back, so the next line is no victim."""
    path = tmp_path / "attempts.jsonl"
    path.write_bytes(b'{"n":1}\n')

    with small_files(12), pytest.raises(StateFault):
        files.append_line(path, b'{"n":2, "text": "long"}')

    assert path.read_bytes() == b'{"n":1}\n'


def test_what_is_written_is_for_nobody_else(tmp_path: Path) -> None:
    """Files and every folder that had to be made for them."""
    path = tmp_path / "state" / "deep" / "x.jsonl"

    files.append_line(path, b"{}")
    files.write_atomically(path.with_name("x.json"), b"{}")

    made = [path, path.with_name("x.json"), path.parent, path.parent.parent]
    assert [stat.S_IMODE(entry.stat().st_mode) for entry in made] == [0o600, 0o600, 0o700, 0o700]


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    """A first run has no files."""
    assert files.read(tmp_path / "no") is None


def test_a_link_to_nothing_is_not_nothing(tmp_path: Path) -> None:
    """Nor is it replaced by what would be written in its place."""
    (tmp_path / "holds.json").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StateFault, match=r"holds\.json is a link to nothing"):
        files.read(tmp_path / "holds.json")
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


@pytest.mark.parametrize("name", ["holds.json", "journal.json", "attempts.jsonl"])
def test_a_pipe_in_a_files_place_is_told_and_not_waited_for(tmp_path: Path, name: str) -> None:
    """Nobody writes into it: a run would hang, and no signal would end it."""
    path = tmp_path / name
    os.mkfifo(path)

    for act in (files.read, files.lines_of, files.set_cut_line_aside):
        with pytest.raises(StateFault, match=f"{name} is no file"):
            act(path)
    with pytest.raises(StateFault, match=f"{name} is no file"):
        files.append_line(path, b"{}")
