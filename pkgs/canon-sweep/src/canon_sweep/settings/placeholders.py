"""What stands in braces: ``{token}`` in a probe, the deployment's names in a variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from canon_sweep.core import names, placeholder
from canon_sweep.settings.tables import key_of

TOKEN = "{token}"  # noqa: S105 - no secret

# a name after a dot is one of compose.yml, which are none here; a word alone may be a program's
_KNOWN = (("token",), placeholder.FAMILIES)
_TEXTS = ("path", "body", "contains")


def placeholder_problems(at: str, probe: Mapping[str, Any]) -> Iterator[str]:
    """The placeholders of one probe that nothing would be put in for.

    Braces are found in programs and JSON too: only what was clearly meant is a mistake.
    In a path none has another meaning.
    """
    for key, text in _texts(at, probe):
        is_path = key == f"{at}.path"
        words = placeholder.all_of(text) if is_path else placeholder.meant(text, *_KNOWN)
        for word in words:
            if word != TOKEN:
                told = names.printable(word)
                yield f"{key}: {told} stands for nothing: {TOKEN} is all that is filled in"


def variable_problems(at: str, text: str) -> Iterator[str]:
    """The placeholders of one variable's value that nothing would be put in for.

    As in a probe, only what was clearly meant is a mistake.
    """
    known = [f"{{{name}}}" for name in placeholder.DEPLOYMENT]
    all_of_them = " and ".join(known)
    for word in placeholder.meant(text, placeholder.DEPLOYMENT, ()):
        if word not in known:
            told = names.printable(word)
            yield f"{at}: {told} stands for nothing: {all_of_them} are all that is filled in"


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
