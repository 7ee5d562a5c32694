"""A stack's folder on the local engine, and the copy of its recipe in it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from canon_sweep import tree
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
    """Copy a recipe's checkout, without its repository; OSError with one reason if it cannot."""
    with suppress(OSError):  # what stays is told by the copy
        tree.remove(goal)
    # links stay links: what they point to is not ours to copy
    try:
        shutil.copytree(origin, goal, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    except shutil.Error as error:
        # every file with its own reason; they are all the same where a disk is full
        source, _, why = error.args[0][0]
        raise OSError(f"{source} cannot be copied: {why}") from error
    return goal


def replace(fresh: Path, goal: Path) -> None:
    """Put a fresh copy in the place of an older one."""
    tree.remove(goal)
    fresh.rename(goal)
