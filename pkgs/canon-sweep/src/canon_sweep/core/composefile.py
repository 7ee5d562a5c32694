"""One compose file as a tree: YAML, its variables filled in, put together with others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from canon_sweep.core import names
from canon_sweep.core.interpolation import interpolate
from canon_sweep.errors import RecipeFault

MAX_NODES = 20_000
MAX_DEPTH = 40

# where what has a name is put together by it
SECTIONS = ("services", "volumes", "networks", "secrets", "configs")
# what can be written as a table and as a list of NAME=value
_PAIRS = ("labels", "environment")
# lists that are not added to
_COMMANDS = ("command", "entrypoint")
_TRUE = ("y", "yes", "true", "on")
# YAML can write halves of characters, which no file and no terminal can hold
_HALF = "[\ud800-\udfff]"


def load(name: str, text: str) -> dict[str, Any]:
    """A compose file's tree as it is written.

    Raises:
        RecipeFault: it is not YAML, or no table.
    """
    import yaml  # noqa: PLC0415 - start-up

    try:
        tree = _document(text)
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


# a sweep reads a version's files at each of its deploys; nobody changes what they hold
@lru_cache(maxsize=32)
def _document(text: str) -> Any:
    from canon_sweep.core.yamltext import first_document  # noqa: PLC0415 - start-up

    return first_document(text)


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
    if re.search(_HALF, text):
        raise RecipeFault(f"{where}: {names.printable(text)} has half a character")
    return text


def is_external(body: Mapping[str, Any]) -> bool:
    """Whether a volume, network, config or secret is said to be there already."""
    said = body.get("external")
    # docker makes a truth of what a variable was filled in to
    return is_true(said) if isinstance(said, str) else said not in (None, False)


def is_true(value: Any) -> bool:
    """Whether docker takes a value for true, be it one or a word for it."""
    return value is True or (isinstance(value, str) and value.lower() in _TRUE)


def given_name(body: Mapping[str, Any]) -> str | None:
    """The full name that a volume, network, config or secret is given, or None."""
    external = body.get("external")
    # older compose files write external: {name: ...}
    inner = external.get("name") if isinstance(external, dict) else None
    given = inner or body.get("name")
    return None if given in (None, "") else str(given)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two files as one: services are joined, whatever else has the same name is the later's."""
    both = {**base, **over}
    for section in SECTIONS:
        before, after = base.get(section), over.get(section)
        if isinstance(before, dict) and isinstance(after, dict):
            if section == "services":
                after = {name: _joined(before.get(name), body) for name, body in after.items()}
            both[section] = {**before, **after}
    return both


def _joined(before: Any, after: Any, key: str = "") -> Any:
    """Tables are joined, lists go on, anything else is the later's; nothing changes nothing."""
    if key in _PAIRS and isinstance(before, list | dict) and isinstance(after, list | dict):
        return _pairs_joined(as_table(before), as_table(after), key)
    before, after = _listed(before, key), _listed(after, key)
    if _says_nothing(after, key):
        return before
    if isinstance(before, dict) and isinstance(after, dict):
        added = {name: value for name, value in after.items() if name not in before}
        return {
            name: _joined(value, after.get(name), name) for name, value in before.items()
        } | added
    if isinstance(before, list) and isinstance(after, list):
        return (after or before) if key in _COMMANDS else [*before, *after]
    return after


def _says_nothing(value: Any, key: str) -> bool:
    if key == "disable":
        return not is_true(value)
    # docker tells a zero from nothing in the number of replicas only
    return value in (None, "") or (key != "replicas" and value == 0)


def as_table(pairs: list[Any] | dict[str, Any]) -> dict[str, Any]:
    """Labels or an environment as a table, also where it is a list of ``NAME=value``.

    A name alone in a list has None, as one without a value in a table has.
    """
    if isinstance(pairs, dict):
        return pairs
    split = (str(entry).partition("=") for entry in pairs)
    return {name: text if is_set else None for name, is_set, text in split}


def _pairs_joined(before: Mapping[str, Any], after: Mapping[str, Any], key: str) -> dict[str, Any]:
    """By name, the later's; only a variable without a value leaves what was there."""
    kept = {
        name: value
        for name, value in before.items()
        if key == "environment" and after.get(name) in (None, "")
    }
    return {**before, **after, **kept}


def _listed(value: Any, key: str) -> Any:
    """What can be written as a text and as a list, in the way that can be joined."""
    if key == "test" and isinstance(value, str):
        return ["CMD-SHELL", value]
    if key in _COMMANDS and isinstance(value, str):
        return [value] if value else []
    return value
