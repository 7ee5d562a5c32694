"""Whose canonicals lie where ours are to be kept?"""

from __future__ import annotations

import os

from canon_sweep.errors import UsageFault
from canon_sweep.settings.records import Settings
from canon_sweep.state.foreign import foreign_in


def check_layout(settings: Settings) -> None:
    """See that no record of ours would be written among those of another tool.

    Beside an old ``last_good`` and snapshot it would let that tool put a new version on old
    data, without a word.

    Raises:
        UsageFault: ``canonicalsDir`` has another tool's canonicals, and nothing in the settings
            says that they are to be read and not written.
        StateFault: the folder cannot be read.
    """
    folder = settings.canonicals_dir
    if folder is None or settings.harness_promotes:
        return
    found = foreign_in(folder)
    if found:
        raise UsageFault(
            f"canonicalsDir {folder} has another tool's canonicals ({found}), and ours would be"
            " written among them",
            do="remove canonicalsDir, so that ours are kept in stateDir; or let the harness that"
            " made them test and promote: harness.command, harness.promotes = true",
        )


UNMADE = "see that it is the harness's folder; with its first promotion it makes it"
"""The step where a harness's canonicals have no folder: a test may be what makes it."""


def unmade(settings: Settings) -> str:
    """That a harness which promotes by itself has no folder there; empty if it has, or is none."""
    folder = settings.canonicals_dir
    if folder is None or not settings.harness_promotes or os.path.lexists(folder):
        return ""
    return f"canonicalsDir: {folder} is not there; {UNMADE}"
