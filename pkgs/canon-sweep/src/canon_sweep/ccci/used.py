"""The list of used recipes, a page of markdown: whom it names, and what cannot be told."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from canon_sweep.core import names

_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?(.*)")
_FENCE = re.compile(r"\s*(?:```|~~~)")
# [name](link), `name`, **name**, or the name alone before whatever sets the rest apart
_MARKED = re.compile(r"(?:\*\*|__|\*|_)?(?:\[`?([^\]`]+)`?\]|`([^`]+)`|\*\*([^*]+)\*\*)")
_ALONE = re.compile(r"([a-z0-9][a-z0-9._-]*)(?=$|:|,|\s+[(\u2013\u2014|:=>#-]|\s*$)")
_COLUMNS = ("recipe", "name", "app")


class Used(msgspec.Struct, frozen=True):
    """A recipe that the list names, and the line; with ``name`` empty, a line nobody can tell."""

    name: str
    line: int
    text: str = ""


def read(page: str) -> tuple[Used, ...]:
    """The recipes of a page's bullets and tables, each once, and the lines without one."""
    seen: dict[str, Used] = {}
    strange: list[Used] = []
    for line, text in _entries(page.splitlines()):
        name = _name_of(text)
        if name:
            seen.setdefault(name, Used(name, line))
        else:
            strange.append(Used("", line, text))
    return (*seen.values(), *strange)


def _entries(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The texts that may begin with a recipe's name: of each bullet, of each table's row."""
    fenced, column = False, None
    for number, line in enumerate(lines, start=1):
        if _FENCE.match(line):
            fenced = not fenced
        bullet = None if fenced else _BULLET.fullmatch(line)
        if "|" not in line or fenced:
            column = None
        elif number < len(lines) and "|" in lines[number] and _is_rule(lines[number]):
            column = _column(line)
            continue
        if column is not None and not _is_rule(line):
            cells = _cells(line)
            yield number, cells[column] if column < len(cells) else ""
        elif bullet:
            yield number, bullet[1]


def _is_rule(line: str) -> bool:
    """Whether it is what parts a table's head from its rows."""
    return "-" in line and set(line) <= set(" \t|:-")


def _column(header: str) -> int:
    titles = [re.sub(r"[*_`]", "", cell).strip().lower() for cell in _cells(header)]
    found = (titles.index(title) for title in _COLUMNS if title in titles)
    return next(found, 0)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _name_of(text: str) -> str:
    marked, alone = _MARKED.match(text), _ALONE.match(text)
    found = next(filter(None, marked.groups()), "") if marked else (alone[1] if alone else "")
    found = found.strip().strip("`*_")
    return found if names.recipe_problem(found) is None else ""
