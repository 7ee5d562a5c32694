"""YAML as the docker command reads it: 1.1, but for numbers, dates and unknown tags.

Tried with ``docker stack config`` of Docker 26.1; a test holds this module to that command.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_BOOL = "tag:yaml.org,2002:bool"
_TIME = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"

_WHOLE = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[1-9][0-9_]*|0)")
_DECIMAL = re.compile(
    r"(?:\.[0-9]+|[-+]\.[0-9_]+|[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9_]+)?"
)
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# the bounds of a whole number; what is beyond is a float
_MOST, _LEAST = 2**64 - 1, -(2**63)


class _Loader(yaml.SafeLoader):
    """Reads what it is told to ignore (``!reset``) as if nothing had been said."""

    # 12:30 and 2001-01-01 are text to docker, and so is a lone =
    yaml_implicit_resolvers = {  # noqa: RUF012  # as in the library
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":bool", ":null"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _ignoring(loader: _Loader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


def _number(loader: _Loader, node: yaml.ScalarNode) -> int | float | str:
    text = str(loader.construct_scalar(node))
    plain = text.replace("_", "")
    if _SPECIAL.fullmatch(plain):
        return float(plain.replace(".", ""))
    whole = _whole(plain) if _WHOLE.fullmatch(text) else None
    if whole is not None and _LEAST <= whole <= _MOST:
        return whole
    try:
        value = float(plain)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def _whole(plain: str) -> int | None:
    digits = plain.lstrip("+-")
    octal = len(digits) > 1 and digits.isdigit() and digits[0] == "0"
    try:
        return int(plain, 8 if octal else 0)
    except ValueError:
        return None


def _bool(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in ("y", "yes", "on", "true")


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_multi_constructor("!", _ignoring)
_Loader.add_constructor(_BOOL, _bool)
_Loader.add_constructor(_INT, _number)
_Loader.add_constructor(_FLOAT, _number)
_Loader.add_implicit_resolver(_INT, re.compile(f"(?:{_WHOLE.pattern})$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    _FLOAT, re.compile(f"(?:{_DECIMAL.pattern}|{_SPECIAL.pattern})$"), list("-+0123456789.")
)
_Loader.add_constructor(_TIME, _text)
_Loader.add_constructor(_MERGE, _text)  # it joins tables only where it is a key
_Loader.add_implicit_resolver(_BOOL, re.compile("[yYnN]$"), list("yYnN"))
_Loader.add_implicit_resolver(_MERGE, re.compile("<<$"), ["<"])


def first_document(text: str) -> Any:
    """A YAML text's first document, the only one that docker reads; None if there is none.

    Raises:
        yaml.YAMLError: it is not YAML.
    """
    return next(yaml.load_all(text, _Loader), None)  # a SafeLoader
