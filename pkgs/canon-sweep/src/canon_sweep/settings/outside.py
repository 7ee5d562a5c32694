"""What the configuration says of an outside harness, and could never work."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from canon_sweep.core import names, template
from canon_sweep.settings.harness import IN_CHECKOUT, IN_RESULT, PLACEHOLDERS
from canon_sweep.settings.probes import command_problems
from canon_sweep.settings.records import Settings
from canon_sweep.settings.tables import key_of

_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_ANY = "*"


def harness_problems(harness: Mapping[str, Any], tree: Mapping[str, Any]) -> Iterator[str]:
    """The mistakes of the table ``harness`` of a whole configuration."""
    yield from command_problems("harness.command", harness.get("command"))
    yield from _command_problems(harness.get("command"))
    for at, table in _environments(harness):
        yield from _environment_problems(at, table)
    yield from _passed_problems(harness.get("passEnvironment"))
    yield from _path_problems("harness.checkout", harness.get("checkout"), IN_CHECKOUT)
    yield from _checkout_problems(harness.get("checkout"), tree)
    result = harness.get("result")
    path = result.get("path") if isinstance(result, dict) else None
    yield from _path_problems("harness.result.path", path, IN_RESULT)
    yield from _star_problems(path, is_told=_is_told_result(harness))
    if path is None and not _is_told_result(harness):
        yield (
            "harness.result.path: nothing tells the harness where its result is looked for: name"
            " the file here, or hand {result} over in harness.environment"
        )


def _environments(harness: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every table of variables, by its key."""
    at = ("harness", "harness.quick", "harness.ref")
    for key, table in zip(at, (harness, harness.get("quick"), harness.get("ref")), strict=True):
        environment = table.get("environment") if isinstance(table, Mapping) else None
        if isinstance(environment, Mapping):
            yield f"{key}.environment", environment


def _is_told_result(harness: Mapping[str, Any]) -> bool:
    values = [value for _, table in _environments(harness) for value in table.values()]
    return any("result" in template.names_in(value) for value in values if isinstance(value, str))


def _command_problems(command: object) -> Iterator[str]:
    for number, word in enumerate(command if isinstance(command, list) else (), start=1):
        meant = [f"{{{name}}}" for name in PLACEHOLDERS if f"{{{name}}}" in str(word)]
        if meant:
            yield (
                f"harness.command[{number}]: {meant[0]} is not filled in here, where every user of"
                " the host could read it: hand it over in harness.environment"
            )


def _environment_problems(at: str, environment: Mapping[str, Any]) -> Iterator[str]:
    for name, value in environment.items():
        key = key_of(at, name)
        if not re.fullmatch(_VARIABLE, name):
            yield f"{key}: is no variable's name"
        elif name == "PATH":
            yield f"{key}: is harness.path's to say"
        if isinstance(value, str) and "\0" in value:
            yield f"{key}: has a NUL character"
        problem = template.problem(value, PLACEHOLDERS) if isinstance(value, str) else None
        if problem:
            yield f"{key}: {problem}"


def _passed_problems(given: object) -> Iterator[str]:
    for number, name in enumerate(given if isinstance(given, list) else (), start=1):
        at = f"harness.passEnvironment[{number}]"
        if isinstance(name, str) and name and not re.fullmatch(_VARIABLE, name):
            yield f"{at}: {names.printable(name)} is no variable's name"
        elif name == "PATH":
            yield f"{at}: PATH is harness.path's to say"


def _path_problems(key: str, path: object, known: Collection[str]) -> Iterator[str]:
    if not isinstance(path, str):
        return
    problem = template.problem(path, known)
    if problem:
        yield f"{key}: {problem}"
    if ".." in path.split("/"):
        yield f"{key}: has a .. in it; write the folder's own name"


def _checkout_problems(path: object, tree: Mapping[str, Any]) -> Iterator[str]:
    """A work tree is anybody's to look at, and of one recipe alone."""
    if not isinstance(path, str) or not path.startswith("/") or "\0" in path:
        return
    last = path.rstrip("/").rpartition("/")[2]
    if "{recipe}" not in path:
        yield "harness.checkout: is the same for every recipe: put {recipe} into it"
    elif "{recipe}" not in last:
        yield "harness.checkout: its last folder has to have {recipe} in its name"
    defaults = Settings()
    for name, ours in (("stateDir", defaults.state_dir), ("cacheDir", defaults.cache_dir)):
        folder = tree.get(name, str(ours))
        if isinstance(folder, str) and folder.startswith("/") and "\0" not in folder:
            own, outer = os.path.normpath(path), os.path.normpath(folder)
            if os.path.commonpath([own, outer]) == outer:
                yield f"harness.checkout: lies in {name}, from which we delete; choose another"


def _star_problems(path: object, *, is_told: bool) -> Iterator[str]:
    parts = path.split("/") if isinstance(path, str) else []
    starred = [part for part in parts if _ANY in part]
    if len(starred) > 1 or any(part != _ANY for part in starred) or parts[-1:] == [_ANY]:
        yield (
            "harness.result.path: * stands for the name of one folder above the file, and for"
            " nothing else"
        )
    if starred and is_told:
        yield "harness.result.path: {result} cannot name a file whose folder is not known before"
