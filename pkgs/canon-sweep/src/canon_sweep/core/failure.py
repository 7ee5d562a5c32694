"""Whether a test failed in the way in which it had failed before."""

from __future__ import annotations

import re

# names of throw-away stacks and what is made of them, then whatever else counts or is an id
_LABEL = r"(?<![a-z0-9])[a-z0-9]{1,4}-[0-9a-f]{6}(?![a-z0-9])"
_ID = r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{7,64}\b"
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"


def is_same(first: str, other: str) -> bool:
    """Whether two reasons, each with its tier in front, tell of one failure.

    What an app said last has times and ids in it, and each test has names of its own: only
    the cause before it counts, and of its numbers the exit codes alone.
    """
    return _cause(first) == _cause(other)


def _cause(reason: str) -> str:
    text = re.sub(_LABEL, "STACK", reason.partition("; ")[0])
    parts = re.split(r"(exit code -?[0-9]+|answered [0-9]{3})", text)
    # every other part is what the numbers of count
    return "".join(
        part if number % 2 else re.sub(_NUMBER, "N", re.sub(_ID, "ID", part))
        for number, part in enumerate(parts)
    )
