"""What a registry's word means, as the engine passes it on.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

# the registry has no such image: everybody is told so, whoever asks
_GONE = (
    r"manifest unknown|name unknown|manifest for \S+ not found"
    # an engine with containerd's image store, which is the default from 29 on
    r'|failed to resolve reference "[^"]*": \S+: not found$'
)
# Docker Hub says the same of what is not there and of what is somebody's own
_LOGIN = (
    r"unauthorized|authentication required|no basic auth|\bdenied\b|docker login|403 forbidden"
    r"|incorrect username"
)
_NOT_FOR_US = r"no matching manifest for"
_NO_NAME = r"invalid (?:reference|tag) format|invalid repository name|repository name must"


class Word(StrEnum):
    """What a pull that failed tells of an image."""

    GONE = "its registry does not have it"
    LOGIN = "its registry wants another login"
    NO_NAME = "it is no name of an image"
    NOT_FOR_US = "its registry has it for other machines only"
    NOTHING = "nothing"


def word(said: str) -> Word:
    """What the engine's sentence about a pull that failed tells of the image."""
    if _has(_NO_NAME, said):
        return Word.NO_NAME
    if _has(_LOGIN, said):
        return Word.LOGIN
    if _has(_NOT_FOR_US, said):
        return Word.NOT_FOR_US
    return Word.GONE if _has(_GONE, said) else Word.NOTHING


def digest_of(said: Iterable[str]) -> str:
    """The digest among the words of a pull that succeeded; empty if there is none."""
    found = [line.removeprefix("Digest: ") for line in said if line.startswith("Digest: ")]
    return found[-1] if found else ""


def _has(words: str, said: str) -> bool:
    return re.search(words, said, re.IGNORECASE) is not None
