"""Imported settings as a Nix expression, as nixfmt would lay it out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from canon_sweep.ccci.fleet import Fleet
from canon_sweep.ccci.found import Imported, Origin, Plain
from canon_sweep.ccci.line import Line, heading, lines_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*", re.ASCII)
_KEYWORDS = ("assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with")
_STEP = "  "


def nix(fleet: Fleet, tree: str) -> str:
    """A table of recipes for ``services.canon-sweep.recipesFrom``, below what is to be decided."""
    lines = [f"# {line}".rstrip() for line in heading(fleet, tree)]
    lines.append("{")
    for recipe in fleet.recipes:
        lines += _recipe(recipe)
    lines.append("}")
    return "\n".join(lines) + "\n"


def _recipe(recipe: Imported) -> Iterator[str]:
    yield f"{_STEP}{_key(recipe.recipe)} = {{"
    for line in lines_of(recipe):
        yield from _line(line)
    yield f"{_STEP}}};"


def _line(line: Line) -> Iterator[str]:
    indent = _STEP * 2
    key = ".".join(map(_key, line.path))
    if not line.listed:
        ((value, origin),) = line.values
        yield from _remark(origin, indent)
        yield from _bound(key, value, indent)
        return
    yield f"{indent}{key} = ["
    for value, origin in line.values:
        yield from _remark(origin, indent + _STEP)
        yield from _laid_out(value, indent + _STEP)
    yield f"{indent}];"


def _remark(origin: Origin, indent: str) -> Iterator[str]:
    if origin.file:
        yield f"{indent}# {origin}"


def _bound(key: str, value: Plain, indent: str) -> Iterator[str]:
    first, *rest = _laid_out(value, indent)
    lines = [f"{indent}{key} = {first.removeprefix(indent)}", *rest]
    yield from lines[:-1]
    yield f"{lines[-1]};"


def _laid_out(value: Plain, indent: str) -> Iterator[str]:
    """A value from its own line on; what has several parts has a line for each."""
    inner = indent + _STEP
    match value:
        case dict() if value:
            yield f"{indent}{{"
            for key, each in value.items():
                yield from _bound(_key(key), each, inner)
            yield f"{indent}}}"
        case [str() | int() | float() as only]:
            yield f"{indent}[ {_scalar(only)} ]"
        case list() if value:
            yield f"{indent}["
            for each in value:
                yield from _laid_out(each, inner)
            yield f"{indent}]"
        case list():
            yield f"{indent}[ ]"
        case dict():
            yield f"{indent}{{ }}"
        case _:
            yield f"{indent}{_scalar(value)}"


def _scalar(value: str | float) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case _:
            return repr(value)


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) and name not in _KEYWORDS else _text(name)


def _text(text: str) -> str:
    """A text in which nothing stands for anything else."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("${", "\\${"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'.replace("\t", "\\t").replace("\r", "\\r")
