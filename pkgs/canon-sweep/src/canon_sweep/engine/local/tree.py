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


class _RefusedError(Exception):
    """A file that cannot be copied: the others need not be tried."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def copied(origin: Path, goal: Path) -> Path:
    """Copy a recipe's checkout, without its repository; OSError with one reason if it cannot."""
    with suppress(OSError):  # what stays is told by the copy
        tree.remove(goal)
    # links stay links: what they point to is not ours to copy
    without = shutil.ignore_patterns(".git")
    try:
        shutil.copytree(origin, goal, symlinks=True, ignore=without, copy_function=_copied)
    except _RefusedError as refused:
        raise refused.error from refused
    except shutil.Error as error:
        # the folders, each with its own reason, in Python's words
        source, _, why = error.args[0][0]
        raise OSError(f"{source} cannot be copied: {why}") from error
    return goal


def _copied(origin: str, goal: str) -> str:
    try:
        return str(shutil.copy2(origin, goal))
    except OSError as error:
        raise _RefusedError(error) from error


def replace(fresh: Path, goal: Path) -> None:
    """Put a fresh copy in the place of an older one."""
    tree.remove(goal)
    fresh.rename(goal)
