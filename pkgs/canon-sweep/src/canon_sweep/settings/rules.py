"""What the settings say of some versions only, where it could be of none, or change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from canon_sweep.core.versionrule import rule_of
from canon_sweep.settings.probes import env_problems
from canon_sweep.settings.tables import key_of


def rule_problems(at: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Rules on versions that are none, and variables that no deployment could be given."""
    yield from env_problems(key_of(at, "upgradeEnv"), body.get("upgradeEnv"))
    for where, rule in _tables(key_of(at, "envRules"), body.get("envRules")):
        yield from _when_problems(where, rule)
        yield from env_problems(key_of(where, "env"), rule.get("env"))
        if rule.get("env") == {}:
            yield f"{key_of(where, 'env')}: has no variable"
    for where, overlay in _tables(key_of(at, "overlays"), body.get("overlays")):
        yield from _when_problems(where, overlay)


def _when_problems(at: str, body: Mapping[str, Any]) -> Iterator[str]:
    when = body.get("when")
    if isinstance(when, str) and when:
        try:
            rule_of(when)
        except ValueError as problem:
            yield f"{key_of(at, 'when')}: {problem}"


def _tables(at: str, given: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each table of a list, with its place; what is none is told by its type."""
    for number, body in enumerate(given if isinstance(given, list) else (), start=1):
        if isinstance(body, dict):
            yield f"{at}[{number}]", body
