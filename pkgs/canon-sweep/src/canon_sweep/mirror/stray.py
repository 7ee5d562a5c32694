"""Tags whose names no release has, and which could do harm: known, shown, and left alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import pygit2

from canon_sweep.core.names import cut, plain
from canon_sweep.core.release import Tag

_TAGS = "refs/tags/"
_LONGEST_SHOWN = 80
# What the file system of any mirror takes, beside the ending of a lock.
_LONGEST_PART = 240
_MOST_PARTS = 12
# as almost every tag's: in no way odd, and found out at once where there are many
_ORDINARY = re.compile(
    r"refs/tags/[0-9A-Za-z+_-]{1,50}(?:\.[0-9A-Za-z+_-]{1,40}){0,4}(?<!\.lock)", re.ASCII
)


def usable(ref: str) -> bool:
    """Whether a ref's name may be written, asked for and shown."""
    # pygit2 cannot look at bytes that are no text, and those are not printable
    return ref.isprintable() and pygit2.reference_is_valid_name(ref)


def problem(ref: str) -> str | None:
    """Why a tag's ref is never written, pushed or deleted; None for every other ref."""
    if _ORDINARY.fullmatch(ref) or not ref.startswith(_TAGS):
        return None
    if not ref.isprintable():
        return "its name has a character that cannot be shown"
    if not usable(ref):
        return "git forbids its name"
    parts = ref.encode().split(b"/")
    if max(map(len, parts)) > _LONGEST_PART or len(parts) > _MOST_PARTS:
        return "its name is too long"
    return None


def shown(ref: str) -> str:
    """The tag's name for a line of text: bytes that are no text, and what steers, are escaped."""
    name = ref.removeprefix(_TAGS).encode("utf-8", "surrogateescape")
    text = plain(name.decode("utf-8", "backslashreplace"))
    return cut(text, _LONGEST_SHOWN)


def records(
    upstream: Mapping[str, str], mirror: Mapping[str, str], blocked: Mapping[str, str]
) -> list[Tag]:
    """The strays of both sides, by full ref name, as tags that are no releases.

    ``blocked`` is as `in_the_way` gives it.
    """
    beside = {stray: ref for ref, stray in blocked.items()}
    found = []
    for ref, object_id in sorted((dict(mirror) | dict(upstream)).items()):
        why = ("" if ref in upstream else "only the mirror has it, and ") + (problem(ref) or "")
        if ref in beside:
            why += f"; {shown(beside[ref])} cannot be pushed beside it: remove it from the mirror"
        found.append(Tag(shown(ref), object_id, None, on_main=False, problem=why))
    return found


def in_the_way(strays: Iterable[str], refs: Iterable[str]) -> dict[str, str]:
    """The refs that a remote with these strays cannot take, and which stray it is.

    One name cannot be both a folder and a file.
    """
    known = set(strays)
    if not known:
        return {}
    folders = {folder: stray for stray in known for folder in _folders(stray)}
    found = {}
    for ref in refs:
        stray = folders.get(ref) or next((f for f in _folders(ref) if f in known), None)
        if stray:
            found[ref] = stray
    return found


def _folders(ref: str) -> Iterator[str]:
    parts = ref.split("/", _MOST_PARTS)
    return ("/".join(parts[:count]) for count in range(3, len(parts)))
