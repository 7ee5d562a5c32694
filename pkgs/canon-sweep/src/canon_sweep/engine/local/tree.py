"""A stack's folder on the local engine, and the copy of its recipe in it."""

from __future__ import annotations

import shutil
from pathlib import Path

from canon_sweep.core import names


def is_ours(folder: Path) -> bool:
    """Whether a deploy made the folder, however early it ended."""
    if names.stack_problem(folder.name):
        return False
    try:
        found = {entry.name for entry in folder.iterdir()}
    except OSError:
        return False  # ours can be read by us
    return not found or not found.isdisjoint({"state.json", "source", "source.new", "logs"})


def copied(origin: Path, goal: Path) -> Path:
    """Copy a recipe's checkout, without its repository; OSError or shutil.Error if it cannot."""
    shutil.rmtree(goal, ignore_errors=True)
    # links stay links: what they point to is not ours to copy
    shutil.copytree(origin, goal, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    return goal


def replace(fresh: Path, goal: Path) -> None:
    """Put a fresh copy in the place of an older one."""
    if goal.exists():
        shutil.rmtree(goal)
    fresh.rename(goal)
