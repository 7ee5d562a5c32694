"""A recipe's settings as lines of a file: keys in their order, lists put together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import msgspec

from canon_sweep.ccci.fleet import Fleet
from canon_sweep.ccci.found import Imported, Origin, Plain, Setting
from canon_sweep.core import names
from canon_sweep.core.count import counted


class Line(msgspec.Struct, frozen=True):
    """A key with one value, or with a list of values of which each has a place it comes from."""

    path: tuple[str, ...]
    values: tuple[tuple[Plain, Origin], ...]
    listed: bool


def lines_of(recipe: Imported) -> Iterator[Line]:
    """The lines of a recipe: where it is before how it is tested."""
    first = ("upstream", "mirror")
    settings = sorted(
        recipe.settings,
        key=lambda item: (first.index(item.path[0]) if item.path[0] in first else 2, item.path),
    )
    for path, group in groupby(settings, key=lambda item: item.path):
        found: list[Setting] = list(group)
        values = tuple((item.value, item.origin) for item in found)
        # a key that is said twice has the value that was said last
        yield Line(path, values if found[0].listed else values[-1:], found[0].listed)


def heading(fleet: Fleet, tree: str) -> Iterator[str]:
    """What stands above the settings: where they come from, and what is to be decided."""
    yield f"Made by `canon-sweep import-cc-ci` of {names.plain(tree)}."
    questions = fleet.all_questions
    still_open = [question for question in questions if question.open]
    left = [question for question in questions if not question.open]
    groups = (
        ("could not be read", [f"{each.file}: {each.why}" for each in fleet.unread]),
        ("to decide", [f"{each.origin}: {each.text}" for each in still_open]),
        ("left out", [f"{each.origin}: {each.text}" for each in left]),
    )
    for title, lines in groups:
        if lines:
            yield ""
            yield f"{counted(len(lines), 'thing')} {title}:"
            yield from (f"  {names.plain(line)}" for line in lines)
