"""Texts with placeholders in braces: ``{recipe}`` is filled in, ``{{`` is a brace."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from canon_sweep.core.names import printable

_PART = r"\{\{|\}\}|\{([^{}]*)\}|[{}]"
_BRACES = {"{{": "{", "}}": "}"}


def problem(text: str, known: Collection[str]) -> str | None:
    """What cannot be filled into a text, or None; quoted, for one line."""
    for part in re.finditer(_PART, text):
        if part[0] in _BRACES:
            continue
        if part[1] is None:
            return f"has a lone {part[0]}; a brace that is meant is written twice"
        if part[1] not in known:
            there = ", ".join(f"{{{name}}}" for name in known)
            return f"{printable(part[0])} stands for nothing: there is {there}"
    return None


def names_in(text: str) -> frozenset[str]:
    """The placeholders of a text, by their names."""
    return frozenset(part[1] for part in re.finditer(_PART, text) if part[1] is not None)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders' values, which are never looked at for further ones.

    Raises:
        KeyError: one of them has none, see `problem`.
    """

    def value(part: re.Match[str]) -> str:
        return _BRACES.get(part[0]) or values[part[1]]

    return re.sub(_PART, value, text)
