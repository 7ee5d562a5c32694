"""What an expression of a settings file stands for.

Values are Python's own (text, numbers, lists, tables), and beside them the records here.
"""

from __future__ import annotations

import ast

import msgspec


class Undecided(msgspec.Struct, frozen=True):
    """What nobody can tell without running the file: where, and why."""

    line: int
    why: str


class UndecidedError(Exception):
    """An expression has no value that can be told; carries what is `Undecided`."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.undecided = Undecided(line, why)


class Domain(msgspec.Struct, frozen=True):
    """A test's own domain, which is another in each."""


class Template(msgspec.Struct, frozen=True):
    """A text in which the domain of a test is to be put in."""

    parts: tuple[str | Domain, ...]

    def __add__(self, other: Template) -> Template:
        return Template(self.parts + other.parts)

    @property
    def is_domain(self) -> bool:
        """Whether it is the domain and nothing else."""
        return [part for part in self.parts if part != ""] == [Domain()]

    @property
    def written(self) -> str:
        """The text as our settings have it, with ``{domain}``."""
        return "".join("{domain}" if isinstance(p, Domain) else p for p in self.parts)

    @property
    def plain(self) -> str:
        """What of it is the same in each test."""
        return " ".join(part for part in self.parts if isinstance(part, str))

    def __len__(self) -> int:
        return sum(len(part) if isinstance(part, str) else 1 for part in self.parts)


class Table(dict[object, object]):
    """A table, and of each of its keys the line in which it got its value."""

    def __init__(self, lines: dict[object, int], values: dict[object, object]) -> None:
        super().__init__(values)
        self.lines = lines

    def merged(self, other: Table) -> Table:
        """The other's values on top."""
        return Table({**self.lines, **other.lines}, {**self, **other})


class Hook(msgspec.Struct, frozen=True):
    """A function of one argument that does nothing but return an expression."""

    line: int
    parameter: str
    body: ast.expr
