"""What an import finds: settings, secrets, and what a person has to decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain]"
"""What both TOML and Nix can say."""


class Origin(msgspec.Struct, frozen=True, order=True):
    """A place in cc-ci's tree: a file's path in it, and the line; 0 is the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Setting(msgspec.Struct, frozen=True):
    """A value of a recipe's settings by its path of keys, and where it comes from.

    ``listed`` is whether it is one of a list of such.
    """

    path: tuple[str, ...]
    value: Plain
    origin: Origin
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that belongs into no settings, and the variable that has it."""

    name: str
    origin: Origin
    value: str = field(repr=False)


class Question(msgspec.Struct, frozen=True):
    """What a person has to decide; or, if not ``open``, what is left out and why."""

    origin: Origin
    text: str
    open: bool = True

    def __str__(self) -> str:
        return f"{self.origin}: {'' if self.open else 'left out: '}{self.text}"


Item = Setting | Secret | Question


class Imported(msgspec.Struct, frozen=True):
    """A recipe's settings as far as they are told, in the order of their keys."""

    recipe: str
    settings: tuple[Setting, ...] = ()
    secrets: tuple[Secret, ...] = ()
    questions: tuple[Question, ...] = ()


def gathered(recipe: str, items: tuple[Item, ...]) -> Imported:
    """The items of a recipe by their kinds, each in its order."""
    settings = [item for item in items if isinstance(item, Setting)]
    return Imported(
        recipe,
        # what is one of a list keeps its place among them
        settings=tuple(sorted(settings, key=lambda item: item.path)),
        secrets=tuple(item for item in items if isinstance(item, Secret)),
        questions=tuple(
            sorted(
                (item for item in items if isinstance(item, Question)),
                key=lambda item: (item.origin, not item.open, item.text),
            )
        ),
    )
