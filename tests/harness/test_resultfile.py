"""The file in which an outside harness says what it found."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.errors import HostFault
from canon_sweep.harness import resultfile
from canon_sweep.harness.resultfile import ResultFile

RUNGS = dict.fromkeys(["install", "upgrade", "backup", "restore", "custom"], "pass")


def write(path: Path, **changes: Any) -> Path:
    """A result of cc-ci's form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {"schema": 2, "recipe": "notes", "run_id": path.parent.name, "rungs": RUNGS}
    path.write_text(json.dumps(result | changes))
    return path


def expected(pattern: Path) -> ResultFile:
    return ResultFile.expected(pattern, "cc-ci-2", "notes")


def began() -> datetime:
    return datetime.now(UTC)


def test_a_file_that_is_written_is_read(tmp_path: Path) -> None:
    """Once it is there."""
    file, started = expected(tmp_path / "results.json"), began()
    why = f"the harness ended with exit code 3, and wrote no result to {tmp_path / 'results.json'}"
    with pytest.raises(HostFault) as caught:
        file.read(started, 3, "see one.log")
    assert str(caught.value) == f"{why}; see one.log"

    write(tmp_path / "results.json")

    path, told = file.read(started)
    assert path == tmp_path / "results.json"
    assert told.recipe == "notes"
    assert [text for _, text in file.texts(started)] == [path.read_text()]


def test_one_that_was_there_before_is_another_tests(tmp_path: Path) -> None:
    """Until it is written anew."""
    path = write(tmp_path / "results.json")
    file, started = expected(path), began()
    with pytest.raises(HostFault, match="wrote no result"):
        file.read(started)

    write(path, recipe="notes", level=5)

    assert file.read(started)[0] == path


def test_one_that_is_older_than_the_test_is_none(tmp_path: Path) -> None:
    """A copy of another's, put in place with its time."""
    file, started = expected(tmp_path / "results.json"), began()
    path = write(tmp_path / "results.json")
    old = (started - timedelta(minutes=1)).timestamp()
    os.utime(path, (old, old))

    with pytest.raises(HostFault, match="wrote no result"):
        file.read(started)


def test_a_folder_of_any_name_has_to_be_new(tmp_path: Path) -> None:
    """A run that was on already is somebody else's, and others' recipes are not ours."""
    (tmp_path / "old").mkdir()
    file, started = expected(tmp_path / "*" / "results.json"), began()
    write(tmp_path / "old" / "results.json")
    write(tmp_path / "other" / "results.json", recipe="site")
    own = write(tmp_path / "own" / "results.json")

    assert file.read(started)[0] == own
    assert file.named_by(own) == {"own"}


def test_only_a_folder_of_any_name_names_a_run(tmp_path: Path) -> None:
    """Wherever in the path it is; any other folder is no run's."""
    deeper = expected(tmp_path / "*" / "out" / "results.json")

    assert deeper.named_by(tmp_path / "12" / "out" / "results.json") == {"12"}
    assert expected(tmp_path / "results.json").named_by(tmp_path / "results.json") == set()


def test_a_result_of_another_recipe_alone_is_read_to_be_told(tmp_path: Path) -> None:
    """It says more than that there is none."""
    file, started = expected(tmp_path / "*" / "results.json"), began()
    write(tmp_path / "other" / "results.json", recipe="site")

    assert file.read(started)[1].recipe == "site"


def test_two_of_one_recipe_are_a_doubt(tmp_path: Path) -> None:
    """One of them is another's."""
    file, started = expected(tmp_path / "*" / "results.json"), began()
    for name in ("one", "two"):
        write(tmp_path / name / "results.json")

    with pytest.raises(HostFault, match=r"more than one result of notes is new: .*one.*two"):
        file.read(started)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not of the format cc-ci-2"),
        (b"{}", "schema: expected 2"),
        (b"\xff\xfe", "not of the format"),
        (b"[" * 100_000, "not of the format"),
        (b"1" * 5000, "not of the format"),
    ],
    ids=range(5),
)
def test_what_cannot_be_read_is_the_hosts_fault(tmp_path: Path, content: bytes, why: str) -> None:
    """By its path, in one line."""
    file, started = expected(tmp_path / "results.json"), began()
    (tmp_path / "results.json").write_bytes(content)

    with pytest.raises(HostFault, match=why) as caught:
        file.read(started)

    assert str(tmp_path) in caught.value.what
    assert len(str(caught.value)) < 600


def test_a_huge_file_and_a_pipe_are_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor waited for."""
    monkeypatch.setattr(resultfile, "MOST", 100)
    file, started = expected(tmp_path / "results.json"), began()
    write(tmp_path / "results.json", skips={"custom": "x" * 200})
    with pytest.raises(HostFault, match="more than 100 bytes"):
        file.read(started)

    (tmp_path / "results.json").unlink()
    os.mkfifo(tmp_path / "results.json")

    with pytest.raises(HostFault, match="no plain file"):
        file.read(started)
