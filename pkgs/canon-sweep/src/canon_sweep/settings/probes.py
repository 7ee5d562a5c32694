"""Probes and variables that could never do what they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from canon_sweep.core import names
from canon_sweep.settings.placeholders import (
    placeholder_problems,
    unseeded_problems,
    variable_problems,
)
from canon_sweep.settings.tables import key_of

_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_HEADER = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEADER_VALUE = r"(?:[!-~\xa1-\xff][ -~\t\xa0-\xff]*)?"

# these have another value in every deployment
_OURS = ("DOMAIN", "STACK_NAME", "TYPE")
_WITHOUT_BODY = (204, 304)


def env_problems(at: str, env: object) -> Iterator[str]:
    """The variables that no compose file can read, or no program can be given."""
    if not isinstance(env, dict):
        return
    for name, value in env.items():
        if not re.fullmatch(_VARIABLE, name):
            yield f"{key_of(at, name)}: is no variable's name"
        elif name in _OURS:
            yield f"{key_of(at, name)}: would never be used: every deployment has its own"
        if isinstance(value, str) and "\0" in value:
            yield f"{key_of(at, name)}: has a NUL character"
        if isinstance(value, str):
            yield from variable_problems(key_of(at, name), value)


def probe_problems(at: str, body: Mapping[str, Any], longest: int) -> Iterator[str]:
    """The probes of one recipe's table that no app could ever pass.

    ``longest`` is how many characters the settings' domain leaves for a service's name.
    """
    data = body.get("data")
    tables = [(at, body, ("probes", "checks"))]
    if isinstance(data, dict):
        tables.append((key_of(at, "data"), data, ("seed", "check")))
    for where, table, keys in tables:
        for key in keys:
            probes = table.get(key)
            for number, probe in enumerate(probes if isinstance(probes, list) else [], start=1):
                if isinstance(probe, dict):
                    yield from _problems(f"{key_of(where, key)}[{number}]", probe, longest)
    if isinstance(data, dict):
        yield from unseeded_problems(key_of(at, "data"), data)


def _problems(at: str, probe: Mapping[str, Any], longest: int) -> Iterator[str]:
    service = probe.get("service")
    # an empty one is told already
    problem = names.part_problem(service, "service") if isinstance(service, str) else None
    if service and problem:
        yield f"{at}.service: {problem}"
    elif isinstance(service, str) and len(service) > longest:
        yield (
            f"{at}.service: longer than the {longest} characters that domain leaves for it;"
            " choose a shorter domain"
        )
    yield from command_problems(f"{at}.command", probe.get("command"))
    yield from _header_problems(f"{at}.headers", probe.get("headers"))
    if "status" in probe and "statuses" in probe:
        yield f"{at}.statuses: there is a status too; say one of the two"
    given = probe.get("statuses")
    passing = given if isinstance(given, list) and given else [probe.get("status")]
    bodyless = probe.get("method") == "HEAD" or all(each in _WITHOUT_BODY for each in passing)
    if probe.get("type") == "http" and bodyless and probe.get("contains"):
        yield f"{at}.contains: an answer to HEAD, a 204 and a 304 have no text"
    yield from placeholder_problems(at, probe)


def command_problems(at: str, command: object) -> Iterator[str]:
    """A command that can never be run."""
    if not isinstance(command, list) or not command:
        return
    if command[0] == "":
        yield f"{at}: the program's name is empty"
    if any(isinstance(word, str) and "\0" in word for word in command):
        yield f"{at}: has a NUL character"


def program_problems(at: str, command: object) -> Iterator[str]:
    """As `command_problems`, of a command that is run on this host, in a recipe's folder."""
    yield from command_problems(at, command)
    first = command[0] if isinstance(command, list) and command else None
    if isinstance(first, str) and "/" in first and not first.startswith("/"):
        yield f"{at}: expected a program's name or its absolute path: no file of a recipe is run"


def _header_problems(at: str, headers: object) -> Iterator[str]:
    if not isinstance(headers, dict):
        return
    for name, value in headers.items():
        if not re.fullmatch(_HEADER, name):
            yield f"{key_of(at, name)}: is no header's name"
        if isinstance(value, str) and not re.fullmatch(_HEADER_VALUE, value):
            yield f"{key_of(at, name)}: has characters that no header can have"
