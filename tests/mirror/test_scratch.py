"""Temporary folders that a kill left are told from those in use, and removed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from canon_sweep.mirror import scratch
from child import in_child


def left_by_a_kill(below: Path) -> Path:
    """The folder of a process that was killed in the middle of a conversation."""

    def dies() -> None:
        with scratch.scratch(below) as folder:
            (folder / "pack").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(dies) < 0
    (left,) = (entry for entry in below.iterdir() if entry.name.startswith("run-"))
    return left


def test_a_dead_ones_folder_is_told_and_removed_and_a_living_ones_is_not(tmp_path: Path) -> None:
    """Whoever looks while somebody is at work takes nothing from him."""
    below = tmp_path / "tmp"
    left = left_by_a_kill(below)
    (below / "mine").mkdir()
    assert scratch.dead(below) == (left,)

    assert scratch.clear(below) == ""
    with scratch.scratch(below) as folder:
        assert scratch.dead(below) == ()
        assert scratch.clear(below) == ""
        assert folder.is_dir()

    assert sorted(entry.name for entry in below.iterdir()) == ["lock", "mine"]


def test_where_there_was_never_a_conversation_there_is_nothing(tmp_path: Path) -> None:
    """Nor is anything made there by looking."""
    below = tmp_path / "tmp"

    assert scratch.dead(below) == ()
    assert scratch.clear(below) == ""
    assert not below.exists()
