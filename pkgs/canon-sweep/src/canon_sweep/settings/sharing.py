"""What a recipe's settings let it share, where that could match nothing in any compose file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from canon_sweep.core import names
from canon_sweep.core.declared import is_path, spelled
from canon_sweep.settings.tables import key_of


def sharing_problems(at: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Host paths, external secrets and configs, and stacks, that no recipe could have."""
    paths = body.get("hostPaths")
    yield from _path_problems(key_of(at, "hostPaths"), paths)
    if body.get("stateless") is True and not paths:
        yield f"{at}.stateless: says something of hostPaths, and there are none"
    yield from _stack_problems(key_of(at, "needs"), body.get("needs"))
    for key, kind in (("externalSecrets", "secret"), ("externalConfigs", "config")):
        yield from _name_problems(key_of(at, key), kind, body.get(key))


def _path_problems(at: str, paths: object) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name, reason in paths.items() if isinstance(paths, dict) else ():
        where = key_of(at, name)
        if isinstance(reason, str) and not reason.strip():
            yield f"{where}: needs a reason"
        if is_path(name):
            # compose files separate a mount's parts by colons
            if not name.isprintable() or ":" in name or "$" in name:
                yield f"{where}: is no path that can be mounted, as it is once variables are filled"
        elif names.part_problem(name, "volume"):
            yield f"{where}: is neither a path (/…, ./…) nor the key of a volume"
        twin = seen.setdefault(spelled(name), name)
        if twin != name:
            yield f"{where}: is the same as {names.printable(twin)}"


def _stack_problems(at: str, given: object) -> Iterator[str]:
    for number, name in enumerate(given if isinstance(given, list) else [], start=1):
        # a stack of others may be called as it likes: as long as docker calls it so
        if isinstance(name, str) and name and names.part_problem(name, "stack"):
            told = names.printable(name)
            yield f"{at}[{number}]: {told} is no stack name, as `docker stack ls` has them"


def _name_problems(at: str, kind: str, given: object) -> Iterator[str]:
    for number, name in enumerate(given if isinstance(given, list) else [], start=1):
        if not isinstance(name, str) or not name:
            continue  # told by its type
        problem = names.part_problem(name, kind)
        if problem:
            yield f"{at}[{number}]: {problem}"
        elif len(name) > names.LONGEST_SECRET:
            longest = names.LONGEST_SECRET
            yield f"{at}[{number}]: longer than {longest} characters, as no {kind} can be"
