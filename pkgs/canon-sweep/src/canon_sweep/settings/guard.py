"""What the configuration says of the guard, where it would see nothing, or never an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from canon_sweep.core import names
from canon_sweep.settings.server import url_problem
from canon_sweep.settings.tables import key_of

_SERVERS = ("drone", "woodpecker")
_OURS = ("canon-sweep.service", "canon-sweep-prune.service")
# of systemd, what is active while it waits for something to begin
_WAITS = ("automount", "path", "socket", "timer")
_KINDS = ("device", "mount", "scope", "service", "slice", "swap", "target", *_WAITS)
_WILD = "*?["


def guard_problems(guard: Mapping[str, Any], *, outside: bool = False) -> Iterator[str]:
    """Servers that are nowhere, and patterns that match nothing or whatever there is.

    With a harness from ``outside`` what is to be ignored is asked of what that leaves up, too.
    """
    for name in _SERVERS:
        server = guard.get(name)
        url = server.get("url") if isinstance(server, dict) else None
        given = url if isinstance(url, str) and url else None
        problem = given and url_problem(given, f"https://{name}.example.org")
        if problem:
            yield f"guard.{name}.url: {problem}"
    checks = {"units": _unit_problem, "processes": _process_problem, "lockFiles": _lock_problem}
    for key, check in checks.items():
        for at, text in _texts(guard, key):
            problem = check(text) if text.isprintable() else "has characters that nobody could see"
            if problem:
                yield f"{at}: {problem}"
    yield from _ignore_problems(guard, outside=outside)


def _unit_problem(unit: str) -> str | None:
    _, dot, kind = unit.rpartition(".")
    told = names.printable(unit)
    if not dot or kind not in _KINDS or unit.startswith("-") or "/" in unit or " " in unit:
        return f"{told} is no unit of systemd; name it with its kind, e.g. upgrade-all.service"
    if kind in _WAITS:
        return f"{told} is active while it waits; name the service that it starts"
    if any(fnmatchcase(own, unit) for own in _OURS):
        return f"{told} matches the sweep's own service, which would wait for itself"
    return None


def _process_problem(pattern: str) -> str | None:
    if not pattern.strip(f"{_WILD}] "):
        return f"{names.printable(pattern)} matches every process; say what is in its command line"
    return None


def _lock_problem(pattern: str) -> str | None:
    folder, _, name = pattern.rpartition("/")
    if not pattern.startswith("/") or not name:
        return "expected an absolute path of a file, whose name may be a pattern"
    if any(character in folder for character in _WILD):
        return "only the file's name may be a pattern, and no folder above it"
    return None


def _ignore_problems(guard: Mapping[str, Any], *, outside: bool) -> Iterator[str]:
    for at, stack in _texts(guard, "ignore"):
        if not all(character.isalnum() or character in "-_." for character in stack):
            yield f"{at}: {names.printable(stack)} is no stack name"
    if guard.get("ignore") and guard.get("stacks") is False and not outside:
        yield "guard.ignore: would never be used: no stack is waited for (stacks = false)"


def _texts(guard: Mapping[str, Any], key: str) -> Iterator[tuple[str, str]]:
    """Each text of a list, with its place; what is none is told by its type."""
    given = guard.get(key)
    for number, text in enumerate(given if isinstance(given, list) else (), start=1):
        if isinstance(text, str) and text:
            yield f"{key_of('guard', key)}[{number}]", text
