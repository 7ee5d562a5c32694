"""What stands in braces in a probe: ``{token}``, and nothing else is ever filled in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from canon_sweep.core import names
from canon_sweep.settings.tables import key_of

TOKEN = "{token}"  # noqa: S105 - no secret

# `${x}`, `%{x}` and `{{x}}` are a shell's, curl's and a template's
_BRACES = re.compile(r"(?<![$%#{])\{\s*([A-Za-z0-9_.-]+)\s*\}(?!\})", re.ASCII)
# compose.yml has these, under x-canon-sweep
_OF_COMPOSE = re.compile(r"python|source|(?:volumes?|ports?|secrets?)\.[A-Za-z0-9_.-]+", re.ASCII)
_ALIKE = 0.75

_TEXTS = ("path", "body", "contains")


def placeholder_problems(at: str, probe: Mapping[str, Any]) -> Iterator[str]:
    """The placeholders of one probe that nothing would be put in for.

    Braces are found in programs and JSON too: only what was clearly meant is a mistake.
    In a path none has another meaning.
    """
    for key, text in _texts(at, probe):
        for found in _BRACES.finditer(text):
            if found[0] != TOKEN and (key == f"{at}.path" or _is_meant(found[1])):
                told = names.printable(found[0])
                yield f"{key}: {told} stands for nothing: {TOKEN} is all that is filled in"


def unseeded_problems(at: str, data: Mapping[str, Any]) -> Iterator[str]:
    """The checks of a ``data`` table that look for a token that no seed has put in."""
    if any(TOKEN in text for _, text in _of(at, data, "seed")):
        return
    for key, text in _of(at, data, "check"):
        if TOKEN in text:
            yield (
                f"{key}: {TOKEN} is looked for, and no probe of data.seed puts it in:"
                f" write one with {TOKEN} in it"
            )


def _is_meant(word: str) -> bool:
    alike = difflib.get_close_matches(word.lower(), ["token"], cutoff=_ALIKE)
    return bool(alike) or _OF_COMPOSE.fullmatch(word) is not None


def _of(at: str, data: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    probes = data.get(kind)
    for number, probe in enumerate(probes if isinstance(probes, list) else [], start=1):
        if isinstance(probe, dict):
            yield from _texts(f"{key_of(at, kind)}[{number}]", probe)


def _texts(at: str, probe: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text of a probe that ``{token}`` is filled into, by its key."""
    command, headers = probe.get("command"), probe.get("headers")
    found = [(f"{at}.{key}", probe.get(key)) for key in _TEXTS]
    found += [(f"{at}.command", word) for word in command] if isinstance(command, list) else []
    if isinstance(headers, dict):
        found += [(key_of(f"{at}.headers", name), text) for name, text in headers.items()]
    yield from ((key, text) for key, text in found if isinstance(text, str))
