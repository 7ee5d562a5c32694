"""Imported settings as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from canon_sweep.ccci.fleet import Fleet
from canon_sweep.ccci.found import Imported, Origin, Plain
from canon_sweep.ccci.line import Line, heading, lines_of

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def toml(fleet: Fleet, tree: str) -> str:
    """The settings of every recipe, below the list of what is to be decided."""
    parts = ["\n".join(f"# {line}".rstrip() for line in heading(fleet, tree))]
    parts += ["\n".join(_recipe(recipe)) for recipe in fleet.recipes]
    return "\n\n".join(parts) + "\n"


def _recipe(recipe: Imported) -> Iterator[str]:
    yield f"[recipes.{_key(recipe.recipe)}]"
    for line in lines_of(recipe):
        yield from _line(line)


def _line(line: Line) -> Iterator[str]:
    key = ".".join(map(_key, line.path))
    if not line.listed:
        ((value, origin),) = line.values
        yield f"{key} = {_value(value)}{_remark(origin)}"
        return
    yield f"{key} = ["
    for value, origin in line.values:
        yield f"  {_value(value)},{_remark(origin)}"
    yield "]"


def _remark(origin: Origin) -> str:
    return f"  # {origin}" if origin.file else ""


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Plain) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            inner = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case _:
            return repr(value)


def _text(text: str) -> str:
    # a text of JSON is one of TOML, but for the one character that TOML wants escaped besides
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
