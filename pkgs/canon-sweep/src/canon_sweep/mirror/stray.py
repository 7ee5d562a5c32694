"""Tags whose names no release has, and which could do harm: known, shown, and left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pygit2

from canon_sweep.core.names import plain
from canon_sweep.core.release import Tag

_TAGS = "refs/tags/"
_LONGEST_SHOWN = 80


def usable(ref: str) -> bool:
    """Whether a ref's name may be written, asked for and shown."""
    # pygit2 cannot look at bytes that are no text, and those are not printable
    return ref.isprintable() and pygit2.reference_is_valid_name(ref)


def problem(ref: str) -> str | None:
    """Why a tag's ref is never written, pushed or deleted; None for every other ref."""
    if not ref.startswith(_TAGS):
        return None
    if not ref.isprintable():
        return "its name has a character that cannot be shown"
    return None if usable(ref) else "git forbids its name"


def shown(ref: str) -> str:
    """The tag's name for a line of text: bytes that are no text, and what steers, are escaped."""
    name = ref.removeprefix(_TAGS).encode("utf-8", "surrogateescape")
    text = plain(name.decode("utf-8", "backslashreplace"))
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def records(upstream: Mapping[str, str], mirror: Mapping[str, str], wanted: set[str]) -> list[Tag]:
    """The strays of both sides as tags that are no releases; ``wanted`` has upstream's true refs.

    All arguments are by full ref name.
    """
    found = [
        Tag(shown(ref), object_id, None, on_main=False, problem=problem(ref) or "")
        for ref, object_id in sorted(upstream.items())
    ]
    for ref, object_id in sorted(mirror.items()):
        if ref in upstream:
            continue
        why = f"only the mirror has it, and {problem(ref)}"
        if in_its_place := in_the_way(ref, wanted):
            why += f"; {shown(in_its_place[0])} cannot be pushed beside it: remove it there"
        found.append(Tag(shown(ref), object_id, None, on_main=False, problem=why))
    return found


def in_the_way(stray: str, refs: Iterable[str]) -> list[str]:
    """Which refs a remote that has ``stray`` cannot take: a folder where it is a file, or so."""
    return sorted(ref for ref in refs if ref.startswith(stray + "/") or stray.startswith(ref + "/"))
