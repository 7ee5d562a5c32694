"""What a registry's word means, as the engine passes it on.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

# the registry has no such image: everybody is told so, whoever asks
_GONE = re.compile(
    r"manifest unknown|name unknown|manifest for \S+ not found"
    # an engine with containerd's image store, which is the default from 29 on
    r'|failed to resolve reference "[^"]*": \S+: not found$',
    re.IGNORECASE,
)
# Docker Hub says the same of what is not there and of what is somebody's own
_LOGIN = re.compile(
    r"unauthorized|authentication required|no basic auth|\bdenied\b|docker login|403 forbidden"
    r"|incorrect username",
    re.IGNORECASE,
)
_NOT_FOR_US = re.compile(r"no matching manifest for", re.IGNORECASE)
_NO_NAME = re.compile(
    r"invalid (?:reference|tag) format|invalid repository name|repository name must", re.IGNORECASE
)


class Word(StrEnum):
    """What a pull that failed tells of an image."""

    GONE = "its registry does not have it"
    LOGIN = "its registry wants another login"
    NO_NAME = "it is no name of an image"
    NOT_FOR_US = "its registry has it for other machines only"
    NOTHING = "nothing"


def word(said: str) -> Word:
    """What the engine's sentence about a pull that failed tells of the image."""
    if _NO_NAME.search(said):
        return Word.NO_NAME
    if _LOGIN.search(said):
        return Word.LOGIN
    if _NOT_FOR_US.search(said):
        return Word.NOT_FOR_US
    return Word.GONE if _GONE.search(said) else Word.NOTHING


def digest_of(said: Iterable[str]) -> str:
    """The digest among the words of a pull that succeeded; empty if there is none."""
    found = [line.removeprefix("Digest: ") for line in said if line.startswith("Digest: ")]
    return found[-1] if found else ""
