"""The variables that cc-ci sets for a recipe's app."""

from __future__ import annotations

import re
from collections.abc import Iterator

from canon_sweep.ccci.found import Item, Origin, Question, Secret, Setting
from canon_sweep.ccci.secret import is_secret
from canon_sweep.ccci.value import Table, Template, Undecided
from canon_sweep.core import placeholder

OVERLAY = "compose.ccci.yml"
"""The operator's own compose file beside a recipe's settings."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# what our settings fill in, and around what they do not
_FILLED = ("domain", "stack")
_UNFILLED = re.compile(r"[$%#{]\{domain\}|\{domain\}\}", re.ASCII)
_OWN = ("DOMAIN", "STACK_NAME", "TYPE")
_CHAIN = "COMPOSE_FILE"
# a reference that the program follows itself: the recipe's own chain
_OF_CHAIN = re.compile(r"\$\{COMPOSE_FILE\}|\$COMPOSE_FILE(?![A-Za-z0-9_])", re.ASCII)


def variables(value: object, name: str, key: str, origin: Origin) -> Iterator[Item]:
    """The entries of a table of variables as those of ``key`` (``env``, ``upgradeEnv``)."""
    if not isinstance(value, Table):
        yield Question(origin, f"{name} is no table of variables; write it into {key}")
        return
    for variable, given in value.items():
        where = Origin(origin.file, value.lines[variable])
        yield from _variable(str(variable), given, name, key, where)


def _variable(variable: str, given: object, name: str, key: str, origin: Origin) -> Iterator[Item]:
    shown = variable if _VARIABLE.fullmatch(variable) else f"{variable[:80]!r}"
    at = f"{name}: {shown}"
    if isinstance(given, Undecided):
        where = Origin(origin.file, given.line)
        yield Question(where, f"{at}: {given.why}; write it into {key}, or a rule into envRules")
        return
    text = _text_of(given)
    if text is None:
        yield Question(origin, f"{at} is neither a text nor a number; write it into {key}")
    elif variable in _OWN:
        yield Question(origin, f"{at} is every deployment's own", open=False)
    elif not _VARIABLE.fullmatch(variable) or not _is_writable(text):
        yield Question(origin, f"{at} cannot be set; write it into {key} in another way")
    elif _is_misread(given, text):
        yield Question(origin, f"{at} has braces that would be taken for ours; write it into {key}")
    elif is_secret(variable, text):
        yield from _secret(variable, text, at, key, origin)
    else:
        yield from _plain(variable, text, at, key, origin)


def _plain(variable: str, text: str, at: str, key: str, origin: Origin) -> Iterator[Item]:
    if variable == _CHAIN and OVERLAY in text.split(":"):
        text = ":".join(part for part in text.split(":") if part != OVERLAY)
        told = f"{at} names {OVERLAY}, which is one of overlays here"
        alone = key == "upgradeEnv"
        more = ': set on = "target" there if it is for the upgrade alone' if alone else ""
        yield Question(origin, told + more, open=alone)
        if not text:
            return
    if "$" in (_OF_CHAIN.sub("", text) if variable == _CHAIN else text):
        yield Question(
            origin,
            f"{at} has a $, which abra's .env would put something in for, and nothing does"
            f" here; see {key}",
        )
    yield Setting((key, variable), text, origin)


def _secret(variable: str, text: str, at: str, key: str, origin: Origin) -> Iterator[Item]:
    if key != "env":
        yield Question(origin, f"{at} looks like a secret; name a file with it in envFiles")
    elif text.endswith("\n"):
        yield Question(
            origin, f"{at} looks like a secret, and ends with a line's end, which envFiles drops"
        )
    else:
        yield Secret(variable, origin, text)


def _text_of(given: object) -> str | None:
    if isinstance(given, Template):
        return given.written
    if isinstance(given, str):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)
    return None


def _is_misread(given: object, text: str) -> bool:
    """Whether what is the app's own would be filled in, or what is to be filled in would not."""
    own = given.plain if isinstance(given, Template) else text
    if next(placeholder.meant(own, _FILLED, ()), None):
        return True
    return isinstance(given, Template) and _UNFILLED.search(text) is not None


def _is_writable(text: str) -> bool:
    """Whether TOML, Nix and an environment can all have it."""
    return all(letter.isprintable() or letter in "\n\t" for letter in text)
