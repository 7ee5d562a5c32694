"""A stack's own secrets: external ones that nobody else has, by the stack's name in theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from canon_sweep.core import interpolation, names
from canon_sweep.core.composefile import given_name
from canon_sweep.core.envfile import Comment
from canon_sweep.core.modifier import Making, making
from canon_sweep.core.unread import Unread
from canon_sweep.errors import RecipeFault


class Secret(msgspec.Struct, frozen=True):
    """An external secret by its full name, and of what to make its value."""

    name: str
    made: Making = msgspec.field(default_factory=Making)


def own(
    external: Iterable[tuple[str, str]],
    tree: Mapping[str, Any],
    written: Mapping[str, str],
    env: Mapping[str, str],
    *,
    stack: str,
    where: str,
) -> dict[str, str]:
    """Which external secrets (key, full name) are the stack's own.

    ``written`` has the names before their variables were filled in.  One without a
    version that no service is given is left out: nobody will miss it.

    Raises:
        RecipeFault: the name of one has no version, or is none.
    """
    used = set(_used(tree))
    found = {}
    for key, full in external:
        if not full.startswith(f"{stack}_"):
            continue
        missing = _unset(written.get(key, ""), env)
        if missing and key not in used:
            continue
        if missing:
            raise RecipeFault(
                f"{where}: secret {key} has no version: {' and '.join(missing)} is not set",
                do="set it in .env.sample, or in the recipe's env",
            )
        problem = names.part_problem(full, "secret")
        if problem:
            raise RecipeFault(f"{where}: {problem}")
        found[key] = full
    return found


def with_modifiers(
    found: Mapping[str, str], written: Mapping[str, str], comments: Mapping[str, Comment]
) -> tuple[tuple[Secret, ...], tuple[Unread, ...]]:
    """The secrets (full name by key) as the variables of their names ask for them."""
    secrets: list[Secret] = []
    unread: dict[Unread, None] = {}
    for key, full in found.items():
        made = Making()
        for variable in interpolation.variables(written.get(key, "")):
            if variable in comments:
                made, problems = making(made, variable, comments[variable])
                unread |= dict.fromkeys(problems)
        secrets.append(Secret(full, made))
    return tuple(secrets), tuple(unread)


def written(tree: Mapping[str, Any]) -> dict[str, str]:
    """The names of secrets in a compose file as it is written, by their keys."""
    table = tree.get("secrets")
    bodies = table.items() if isinstance(table, dict) else ()
    given = {str(key): given_name(body) for key, body in bodies if isinstance(body, dict)}
    return {key: name for key, name in given.items() if name is not None}


def _unset(text: str, env: Mapping[str, str]) -> tuple[str, ...]:
    variables = interpolation.variables(text)
    return tuple(name for name, spared in variables.items() if not spared and not env.get(name))


def _used(tree: Mapping[str, Any]) -> Iterator[str]:
    for body in (tree.get("services") or {}).values():
        entries = (body or {}).get("secrets")
        for entry in entries if isinstance(entries, list) else ():
            yield str(entry.get("source") if isinstance(entry, dict) else entry)
