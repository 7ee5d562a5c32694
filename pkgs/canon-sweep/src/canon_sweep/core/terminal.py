"""What a program says to a terminal, as a log has it."""

from __future__ import annotations

import re

# control sequences, those with a text of their own (a title, a link), and the short ones
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]?"
)


def shown(line: str) -> str:
    """A line without what steers a terminal; of one that was written over, the last version."""
    versions = [part for part in _ESCAPES.sub("", line).split("\r") if part]
    return versions[-1] if versions else ""
