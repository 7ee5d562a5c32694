"""The names of refs that a sync looks at."""

from __future__ import annotations

from collections.abc import Mapping

HEADS = "refs/heads/"
MAIN = HEADS + "main"
TAGS = "refs/tags/"


def named_tags(refs: Mapping[str, str]) -> dict[str, str]:
    """Object ids by the name of the tag, of those among refs by full name that are tags."""
    return {ref.removeprefix(TAGS): oid for ref, oid in refs.items() if ref.startswith(TAGS)}
