"""Variables in compose files, filled in just as the docker command does it.

Docker's rules differ from a shell's: a default is the text up to the first ``}``, with
nothing filled in again, and it needs no braces (``$NAME-a default``).  Tried with
``docker stack config`` of Docker 26.1; a test holds this module to that command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain

from canon_sweep.core import names
from canon_sweep.errors import RecipeFault

_WORD = r"[_a-z][_a-z0-9]*(?::?[-?][^}]*)?"
_VARIABLE = rf"(?i)\$(?:(?P<escaped>\$)|(?P<named>{_WORD})|\{{(?P<braced>{_WORD})\}}|(?P<invalid>))"
# behind the last ``}`` of a text: nothing is looked for there that would never come
_UNCLOSED = _VARIABLE.replace(r"\{(?P<braced>", "(?!)(?P<braced>")
# in the order in which docker looks for them, wherever in the word they stand
_OPERATORS = (":-", "-", ":?", "?")


def interpolate(text: str, env: Mapping[str, str], where: str) -> str:
    """Fill in ``$NAME``, ``${NAME}`` and ``${NAME:-default}``.

    Raises:
        RecipeFault: a lone ``$``, or a required variable (``:?``) that is not set.
    """
    if "$" not in text:
        return text
    problem: RecipeFault | None = None
    # made once: a text may hold half a million of them
    lone = RecipeFault(f"{where}: lone '$' in {names.printable(text)}", do="write '$$'")

    def replace(match: re.Match[str]) -> str:
        nonlocal problem
        if match["escaped"]:
            return "$"
        # docker forgets a mistake when a variable comes after it
        problem = None
        word = match["named"] or match["braced"]
        if not word:
            problem = lone
            return ""
        try:
            return _value(word, env, where)
        except RecipeFault as fault:
            problem = fault
            return ""

    closed, rest = _parted(text)
    filled = re.sub(_VARIABLE, replace, closed) + re.sub(_UNCLOSED, replace, rest)
    if problem is not None:
        raise problem
    return filled


def variables(text: str) -> Mapping[str, bool]:
    """The variables that a text names, in order, each with whether it can do without a value."""
    found: dict[str, bool] = {}
    closed, rest = _parted(text)
    for match in chain(re.finditer(_VARIABLE, closed), re.finditer(_UNCLOSED, rest)):
        word = match["named"] or match["braced"]
        if word:
            name, operator, _ = _split(word)
            found[name] = found.get(name, True) and operator in (":-", "-")
    return found


def _parted(text: str) -> tuple[str, str]:
    """A text up to its last ``}``, and what is behind it."""
    end = text.rfind("}") + 1
    return text[:end], text[end:]


def _split(word: str) -> tuple[str, str, str]:
    """What docker takes for the name, the operator (empty: none), and what follows it."""
    for operator in _OPERATORS:
        name, found, rest = word.partition(operator)
        if found:
            return name, operator, rest
    return word, "", ""


def _value(word: str, env: Mapping[str, str], where: str) -> str:
    name, operator, rest = _split(word)
    value = env.get(name)
    is_set = bool(value) if operator.startswith(":") else value is not None
    if is_set or not operator:
        return value or ""
    if operator.endswith("?"):
        told = names.plain(rest[:200]) or "it is required"
        raise RecipeFault(f"{where}: {names.plain(name)} is not set: {told}")
    return rest
