"""Variables of a recipe whose values are secret: each in a file, and nowhere else to be read.

A value goes into the app's environment when it is deployed.  No command line, log or result
has it: what is told is told with the variable's name in its place.  ``{domain}`` and
``{stack}`` are filled in as in ``env``.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any
from urllib.parse import quote

from canon_sweep.core import placeholder
from canon_sweep.errors import Fault, HostFault
from canon_sweep.settings.probes import env_problems
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.tables import key_of
from canon_sweep.settings.values import SecretFile

MAX_FILE = 64 * 1024
STAND_IN = "secret"
"""What stands for each value where nothing is deployed and nobody may read the files."""
# shorter ones would be hidden in every other word
_SHORTEST = 4
# what was cut in a message is known by its beginning or its end
_HEAD = 8
_LONGEST_HEAD = 64


@dataclass(frozen=True, slots=True)
class SecretEnv:
    """The values of a recipe's ``envFiles``, or the ``problem`` why there are none.

    ``filled`` are the values, each with its variable, as deployments have them.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    problem: str = ""
    filled: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def checked(self) -> Mapping[str, str]:
        """The values.

        Raises:
            HostFault: one could not be read: that is no fault of the recipe's.
        """
        if self.problem:
            raise HostFault(self.problem, do="mend the file, or name another in envFiles")
        return self.values

    def at(self, stack: str, domain: str) -> SecretEnv:
        """The same where an app of these names has them: its own spelling is hidden as well."""
        names = {"stack": stack, "domain": domain}
        own = {name: placeholder.filled(value, names) for name, value in self.values.items()}
        new = [pair for pair in own.items() if pair not in {*self.values.items(), *self.filled}]
        return replace(self, filled=(*self.filled, *new)) if new else self

    def hide(self, text: str) -> str:
        """A text without the values, also where one was cut or escaped on its way into it."""
        for name, value in (*self.filled, *self.values.items()):
            for spelled in _spellings(value):
                mark = f"[{name}]"
                text = _without(text, spelled, mark)
                # last words begin where they were cut
                text = _without(text[::-1], spelled[::-1], mark[::-1])[::-1]
        return text

    def hide_in(self, fault: Fault) -> None:
        """Take the values out of what a fault says."""
        fault.what, fault.do = self.hide(fault.what), self.hide(fault.do)
        fault.args = (fault.what,)


def secret_env(settings: RecipeSettings) -> SecretEnv:
    """Read a recipe's secret variables, as they are now."""
    values = {}
    for name, path in settings.env_files.items():
        try:
            values[name] = _value(path)
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            return SecretEnv(problem=f"envFiles.{name}: {path.origin}: {why}")
    return SecretEnv(values)


def secret_problems(at: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Secret variables that no deployment can be given, or that have another value besides."""
    files = body.get("envFiles")
    if not isinstance(files, dict):
        return
    where = key_of(at, "envFiles")
    yield from env_problems(where, dict.fromkeys(files, ""))
    for key, table in _open_variables(body):
        for name in table if isinstance(table, dict) else ():
            if name in files:
                yield f"{key_of(where, name)}: is in {key} too; say it once"


def _open_variables(body: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield from ((key, body.get(key)) for key in ("env", "upgradeEnv"))
    rules = body.get("envRules")
    for number, rule in enumerate(rules if isinstance(rules, list) else (), start=1):
        if isinstance(rule, dict):
            yield f"envRules[{number}]", rule.get("env")


def stand_ins(settings: RecipeSettings) -> dict[str, str]:
    """A value for each secret variable, for whoever only reads the recipe's files."""
    return dict.fromkeys(settings.env_files, STAND_IN)


def _value(path: SecretFile) -> str:
    """A file's text, without the line ends behind it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is nothing for a variable.
    """
    # a pipe is not waited for
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is no regular file")
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise ValueError(f"is larger than {MAX_FILE // 1024} KiB")
    try:
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    if not text or "\0" in text:
        raise ValueError("has a NUL character" if text else "is empty")
    return text


def _spellings(value: str) -> Iterator[str]:
    """A value as it may stand in a text, whole first; of several lines also each by itself."""
    lines = [line.strip() for line in value.splitlines()]
    for part in (value, *(line for line in lines if len(line) >= _HEAD and line != value)):
        if len(part) >= _SHORTEST:
            escaped = (repr(part)[1:-1], json.dumps(part)[1:-1], quote(part, safe=""))
            yield from dict.fromkeys((part, *escaped))


def _without(text: str, value: str, mark: str) -> str:
    head = value[: min(max(_HEAD, len(value) // 2), _LONGEST_HEAD)]
    parts, end = [], 0
    while (at := text.find(head, end)) >= 0:
        parts.append(text[end:at])
        pairs = zip(text[at:], value, strict=False)
        end = at + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return mark.join((*parts, text[end:]))
