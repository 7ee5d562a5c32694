"""The crash matrix: what each kill has left, as rows for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import pytest

PROPERTY = "crash"
HEADS = ("engine", "command", "struck", "record", "left over")


@dataclass(frozen=True, slots=True)
class Row:
    """One kill: where it struck, whether the record was then the old one or the new one.

    ``left`` counts what is still there after the next run and no record names.
    """

    engine: str
    command: str
    point: str
    record: str
    left: int


class Matrix:
    """The rows of one test; they go with its report, from whatever process it ran in."""

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties = properties

    def add(self, row: Row) -> None:
        """Remember a kill."""
        self._properties.append((PROPERTY, astuple(row)))


def rows(reports: Iterable[pytest.TestReport]) -> list[tuple[str, ...]]:
    """Every row of these reports, in the order of engines, commands and moments."""
    found = [
        tuple(map(str, value))
        for report in reports
        for name, value in report.user_properties
        if name == PROPERTY and isinstance(value, list | tuple)
    ]
    return sorted(found, key=lambda row: (row[0], row[1], int(row[2].split()[0])))


def table(found: list[tuple[str, ...]]) -> str:
    """The rows below one another."""
    every = [HEADS, *found]
    widths = [max(len(row[column]) for row in every) for column in range(len(HEADS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in every
    )
