"""A recipe's compose files as facts: services, volumes, secrets, labels.

The files are read for what the sweep has to know.  What is deployed on a Swarm
is left to ``docker stack deploy``, which reads the same files itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Service:
    """One service: what runs, on which volumes (volume key by mount path)."""

    name: str
    image: str
    replicas: int
    mounts: Mapping[str, str]
    environment: Mapping[str, str]
    local: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Secret:
    """An external secret by its full name, and how long to make its value."""

    name: str
    length: int


@dataclass(frozen=True, slots=True)
class Compose:
    """The merged and interpolated compose files of one deployment.

    ``volumes`` maps each of the stack's own volumes to its full name;
    ``timeout`` is the ``timeout`` label in seconds, ``version`` the version label.
    """

    services: Mapping[str, Service]
    volumes: Mapping[str, str]
    secrets: tuple[Secret, ...]
    timeout: float | None
    version: str | None
    tree: Mapping[str, Any] = field(repr=False)


def parse(
    texts: Mapping[str, str], stack: str, env: Mapping[str, str], lengths: Mapping[str, int]
) -> Compose:
    """Read compose files (text by file name, later ones override) for one stack.

    ``lengths`` has the wanted length of a secret by its version variable.

    Raises:
        RecipeFault: a file is not YAML, not a compose file, or not safe to deploy.
    """
    tree: dict[str, Any] = {}
    for name, text in texts.items():
        tree = _merge(tree, _interpolated(_load(name, text), env, name))
    shown = " + ".join(texts)
    services = {name: _service(name, body, shown) for name, body in _table(tree, "services", shown)}
    if not services:
        raise RecipeFault(f"{shown} has no services")
    labels = _labels(tree)
    prefix = f"coop-cloud.{stack}."
    return Compose(
        services=services,
        volumes=_volumes(tree, stack, shown),
        secrets=_secrets(tree, stack, lengths, shown),
        timeout=_timeout(labels.get(f"{prefix}timeout")),
        version=labels.get(f"{prefix}version"),
        tree=tree,
    )


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
        raise RecipeFault(f"{where}: {name} is not set: {word or 'it is required'}")
    return word


def _load(name: str, text: str) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise RecipeFault(f"{name} is not YAML{line}: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeFault(f"{name} is not YAML: {error}") from error
    if not isinstance(tree, dict):
        raise RecipeFault(f"{name} is no compose file: it holds no table")
    return tree


def _interpolated(tree: dict[str, Any], env: Mapping[str, str], where: str) -> dict[str, Any]:
    # aliases can make a small file unfold without bound, or hold itself
    left = iter(range(MAX_NODES))

    def walk(node: Any, depth: int) -> Any:
        if depth > MAX_DEPTH or next(left, None) is None:
            raise RecipeFault(f"{where} unfolds to more than a compose file can be")
        if isinstance(node, str):
            return interpolate(node, env, where)
        if isinstance(node, dict):
            return {str(key): walk(value, depth + 1) for key, value in node.items()}
        if isinstance(node, list):
            return [walk(value, depth + 1) for value in node]
        return node

    result = walk(tree, 0)
    assert isinstance(result, dict)
    return result


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        before = merged.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[key] = _merge(before, value)
        elif isinstance(before, list) and isinstance(value, list) and key != "command":
            merged[key] = [*before, *value]
        else:
            merged[key] = value
    return merged


def _table(tree: Mapping[str, Any], key: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    table = tree.get(key) or {}
    if not isinstance(table, dict):
        raise RecipeFault(f"{where}: {key} is no table")
    kind = key.removesuffix("s")
    for name, body in table.items():
        problem = names.part_problem(name, kind)
        if problem:
            raise RecipeFault(f"{where}: {problem}")
        if not isinstance(body, dict | None):
            raise RecipeFault(f"{where}: {key}.{name} is no table")
        yield name, body or {}


def _service(name: str, body: Mapping[str, Any], where: str) -> Service:
    deploy = body.get("deploy") or {}
    local = body.get("x-canon-sweep") or {}
    image = body.get("image")
    if not isinstance(deploy, dict) or not isinstance(local, dict):
        raise RecipeFault(f"{where}: services.{name}: deploy and x-canon-sweep must be tables")
    if not isinstance(image, str) or not image:
        raise RecipeFault(f"{where}: services.{name} has no image")
    replicas = deploy.get("replicas", 1)
    try:
        count = int(replicas)
    except (TypeError, ValueError):
        raise RecipeFault(f"{where}: services.{name}: replicas is no number") from None
    return Service(
        name=name,
        image=image,
        replicas=count,
        mounts=dict(_mounts(body.get("volumes") or [])),
        environment=_pairs(body.get("environment")),
        local=local,
    )


def _mounts(entries: Any) -> Iterator[tuple[str, str]]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            if entry.get("type", "volume") == "volume" and entry.get("source"):
                yield str(entry.get("target")), str(entry["source"])
        elif isinstance(entry, str) and ":" in entry:
            source, target = entry.split(":")[:2]
            if source and source[0] not in "./~":
                yield target, source


def _pairs(entries: Any) -> dict[str, str]:
    """Labels and environments are written as a table or as a list of ``NAME=value``."""
    if isinstance(entries, dict):
        return {str(key): _scalar(value) for key, value in entries.items()}
    if isinstance(entries, list):
        split = (str(entry).partition("=") for entry in entries)
        return {name: value for name, _, value in split}
    return {}


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _labels(tree: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for body in tree["services"].values():
        deploy = (body or {}).get("deploy") or {}
        found |= _pairs((body or {}).get("labels")) | _pairs(deploy.get("labels"))
    return found


def _timeout(text: str | None) -> float | None:
    if text is None or not text.strip().isdecimal() or len(text) > 6:
        return None
    return float(text)


def _own(
    tree: Mapping[str, Any], key: str, where: str, keep: Callable[[dict[str, Any]], bool]
) -> Iterator[tuple[str, str | None]]:
    for name, body in _table(tree, key, where):
        if keep(body):
            given = body.get("name")
            yield name, None if given is None else str(given)


def _volumes(tree: Mapping[str, Any], stack: str, where: str) -> dict[str, str]:
    found = {}
    for key, given in _own(tree, "volumes", where, lambda body: not body.get("external")):
        full = given or f"{stack}_{key}"
        problem = names.part_problem(full, "volume")
        if problem:
            raise RecipeFault(f"{where}: {problem}")
        if not full.startswith(f"{stack}_"):
            # two deployments would share it: nothing could be cold, nothing kept apart
            raise RecipeFault(
                f"{where}: volume {key} is named {names.printable(full)}, outside its stack",
                do="name it ${STACK_NAME}_" + key,
            )
        found[key] = full
    return found


def _secrets(
    tree: Mapping[str, Any], stack: str, lengths: Mapping[str, int], where: str
) -> tuple[Secret, ...]:
    found = []
    for key, given in _own(tree, "secrets", where, lambda body: bool(body.get("external"))):
        full = given or key
        if full.startswith(f"{stack}_"):
            problem = names.part_problem(full, "secret")
            if problem or len(full) > 64:
                raise RecipeFault(
                    f"{where}: {problem or f'secret {full} is longer than 64 characters'}"
                )
            variable = f"SECRET_{key.upper().replace('-', '_')}_VERSION"
            found.append(Secret(full, lengths.get(variable, 32)))
    return tuple(found)
