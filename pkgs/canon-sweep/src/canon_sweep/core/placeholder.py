"""Placeholders in braces: which was meant, where one stands for nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

# what compose.yml has under x-canon-sweep, alone and with a name after a dot
WORDS = ("python", "source")
FAMILIES = ("volumes", "ports", "secrets")
# what an operator's variable may have of the deployment that it goes to
DEPLOYMENT = ("domain", "stack")

# `${x}`, `%{x}` and `{{x}}` are a shell's, curl's and a template's
_BRACES = re.compile(r"(?<![$%#{])\{\s*([A-Za-z0-9_-]+)(\.[A-Za-z0-9_.-]+)?\s*\}(?!\})", re.ASCII)
_ALIKE = 0.81
_FAMILY_ALIKE = 0.75


def all_of(text: str) -> Iterator[str]:
    """Everything that has the form of a placeholder, with its braces."""
    return (found[0] for found in _BRACES.finditer(text))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with each ``{name}`` of ``values`` filled in; every other brace stays as it is."""
    return _BRACES.sub(lambda found: values.get(found[0][1:-1], found[0]), text)


def meant(text: str, words: Collection[str], families: Collection[str]) -> Iterator[str]:
    """What a person meant for one of these placeholders, with its braces; right ones too.

    Programs and JSON have braces of their own: a word that is not almost one of
    ``words``, or has no family before its dot, is none of ours.
    """
    for found in _BRACES.finditer(text):
        if found[2] is None:
            is_meant = _is_like(found[1], words, _ALIKE)
        else:
            is_meant = _is_like(found[1], families, _FAMILY_ALIKE)
        if is_meant:
            yield found[0]


def _is_like(word: str, known: Collection[str], alike: float) -> bool:
    if word in known:
        return True  # as nearly every one, and it costs nothing
    near = [other for other in known if abs(len(other) - len(word)) <= 1]
    import difflib  # noqa: PLC0415 - start-up: for what may be a mistake alone

    return bool(difflib.get_close_matches(word.lower(), near, n=1, cutoff=alike))
