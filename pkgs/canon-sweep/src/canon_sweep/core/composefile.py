"""One compose file as a tree: YAML, its variables filled in, put together with others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from canon_sweep.core import names
from canon_sweep.errors import RecipeFault

MAX_NODES = 20_000
MAX_DEPTH = 40

_VARIABLE = re.compile(
    r"\$(?:"
    r"(?P<escaped>\$)"
    r"|(?P<plain>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<operator>:?[-?+])(?P<word>[^}]*))?\}"
    r"|(?P<invalid>)"
    r")",
    re.ASCII,
)
# what can be written as a table and as a list of NAME=value
_PAIRS = ("labels", "environment")
# YAML can write halves of characters, which no file and no terminal can hold
_HALF = re.compile("[\ud800-\udfff]")


def variables(text: str) -> Mapping[str, bool]:
    """The variables that a text names, in order, each with whether it can do without a value."""
    found: dict[str, bool] = {}
    for match in _VARIABLE.finditer(text):
        name = match["plain"] or match["braced"]
        if name:
            found[name] = found.get(name, True) and bool(match["operator"])
    return found


def interpolate(text: str, env: Mapping[str, str], where: str) -> str:
    """Replace ``$NAME`` and ``${NAME…}`` by the rules of compose files.

    Raises:
        RecipeFault: a lone ``$``, or a required variable (``:?``) that is not set.
    """

    def replace(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        if match["invalid"] is not None:
            raise RecipeFault(f"{where}: lone '$' in {names.printable(text)}", do="write '$$'")
        return _value(match, env, where)

    return _VARIABLE.sub(replace, text)


def _value(match: re.Match[str], env: Mapping[str, str], where: str) -> str:
    name = match["plain"] or match["braced"]
    operator, word = match["operator"] or "", match["word"] or ""
    value = env.get(name)
    is_set = bool(value) if operator.startswith(":") else value is not None
    if operator.endswith("+"):
        return word if is_set else ""
    if is_set or not operator:
        return value or ""
    if operator.endswith("?"):
        told = names.plain(word[:200]) or "it is required"
        raise RecipeFault(f"{where}: {name} is not set: {told}")
    return word


def first_document(text: str) -> Any:
    """A YAML text's first document, the only one that docker reads; None if there is none.

    Raises:
        yaml.YAMLError: it is not YAML.
    """
    return next(yaml.safe_load_all(text), None)


def load(name: str, text: str) -> dict[str, Any]:
    """A compose file's tree as it is written.

    Raises:
        RecipeFault: it is not YAML, or no table.
    """
    try:
        tree = first_document(text)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        told = names.plain(str(error.problem or error.context))
        raise RecipeFault(f"{name} is not YAML{line}: {told}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        told = names.plain(" ".join(str(error)[:200].split()))
        raise RecipeFault(f"{name} is not YAML: {told}") from error
    if not isinstance(tree, dict):
        raise RecipeFault(f"{name} is no compose file: it holds no table")
    return tree


def filled(tree: Mapping[str, Any], env: Mapping[str, str], where: str) -> dict[str, Any]:
    """A compose file's tree with its variables filled in.

    Raises:
        RecipeFault: a variable is missing, or it unfolds to more than it can be.
    """
    # aliases can make a small file unfold without bound, or hold itself
    left = iter(range(MAX_NODES))

    def walk(node: Any, depth: int) -> Any:
        if depth > MAX_DEPTH or next(left, None) is None:
            raise RecipeFault(f"{where} unfolds to more than a compose file can be")
        if isinstance(node, str):
            return interpolate(_whole(node, where), env, where)
        if isinstance(node, dict):
            return {_whole(str(k), where): walk(value, depth + 1) for k, value in node.items()}
        if isinstance(node, list):
            return [walk(value, depth + 1) for value in node]
        return node

    result = walk(tree, 0)
    assert isinstance(result, dict)
    return result


def _whole(text: str, where: str) -> str:
    if _HALF.search(text):
        raise RecipeFault(f"{where}: {names.printable(text)} has half a character")
    return text


def is_external(body: Mapping[str, Any]) -> bool:
    """Whether a volume, network, config or secret is said to be there already."""
    return body.get("external") not in (None, False)


def given_name(body: Mapping[str, Any]) -> str | None:
    """The full name that a volume, network, config or secret is given, or None."""
    external = body.get("external")
    # older compose files write external: {name: ...}
    inner = external.get("name") if isinstance(external, dict) else None
    given = inner or body.get("name")
    return None if given is None else str(given)


def _table(pairs: Any) -> Any:
    if not isinstance(pairs, list):
        return pairs
    split = (str(entry).partition("=") for entry in pairs)
    return {name: value if is_set else None for name, is_set, value in split}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two trees as one: tables are joined, lists go on, anything else is the later one's.

    Labels and environments are tables whichever way each tree writes them.
    """
    both = dict(base)
    for key, after in over.items():
        before, value = both.get(key), after
        if key in _PAIRS and {type(before), type(value)} == {list, dict}:
            before, value = _table(before), _table(value)
        if isinstance(before, dict) and isinstance(value, dict):
            both[key] = merged(before, value)
        elif isinstance(before, list) and isinstance(value, list) and key != "command":
            both[key] = [*before, *value]
        else:
            both[key] = value
    return both
