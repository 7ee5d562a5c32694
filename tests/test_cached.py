"""What tests keep between runs is whole or not there, and does not pile up."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import cached


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "canon-sweep"


def write(text: str, folder: Path) -> None:
    """Make a folder with one file."""
    folder.mkdir()
    (folder / "text").write_text(text)


def test_a_folder_is_made_once_for_what_it_is_made_from() -> None:
    """The same again is not made again; something else is."""
    first = cached.folder("root", "a", lambda draft: write("first", draft))
    again = cached.folder("root", "a", lambda draft: write("again", draft))
    other = cached.folder("root", "b", lambda draft: write("other", draft))

    assert again == first != other
    assert (first / "text").read_text() == "first"
    assert (other / "text").read_text() == "other"


def test_what_fails_half_way_leaves_nothing(home: Path) -> None:
    """Nobody finds half a folder, and the next try begins anew."""

    def half(draft: Path) -> None:
        write("half", draft)
        raise RuntimeError("no network")

    with pytest.raises(RuntimeError):
        cached.folder("root", "a", half)

    assert [path for path in home.iterdir() if path.is_dir()] == []
    whole = cached.folder("root", "a", lambda draft: write("whole", draft))
    assert (whole / "text").read_text() == "whole"


def test_what_nobody_has_used_for_weeks_goes_when_another_is_made() -> None:
    """Of its kind only, and not what has been used lately, however old it is."""
    old, used, kernel = (
        cached.folder(noun, made_from, lambda draft: write("old", draft))
        for noun, made_from in (("root", "a"), ("root", "b"), ("kernel", "a"))
    )
    for folder in (old, used, kernel):
        os.utime(folder, (0, time.time() - 30 * 86_400))
    cached.folder("root", "b", lambda draft: write("never", draft))

    cached.folder("root", "c", lambda draft: write("new", draft))

    assert not old.exists()
    assert used.exists()
    assert kernel.exists()
