"""The variables that a stack's files take from whoever deploys them.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from canon_sweep.core import interpolation
from canon_sweep.core.compose import Compose
from canon_sweep.core.composefile import SECTIONS
from canon_sweep.core.service import pairs


def mentioned(compose: Compose) -> frozenset[str]:
    """The variables that the docker command looks up for these compose files.

    As they are written they name variables to fill in; with these filled in, an
    ``environment`` can have a name alone, which takes its value along.
    """
    filled_in = (
        name
        for tree in compose.written
        for text in _texts(tree)
        for name in interpolation.variables(text)
    )
    return frozenset({*filled_in, *_handed_on(compose.parts)})


def _texts(tree: Mapping[str, Any]) -> Iterator[str]:
    """Every text that docker fills in."""
    left = [tree.get(section) for section in SECTIONS]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value


def _handed_on(parts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        for service in (part.get("services") or {}).values():
            said = pairs((service or {}).get("environment"), "environment")
            yield from (name for name, value in said.items() if value is None)
