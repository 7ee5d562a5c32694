"""How much is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

ROUNDS = 3  # where none are named
MANY = 100_000


@dataclass(frozen=True)
class Plan:
    """The numbers of recipes, each with its rounds, and over which wires.

    ``weighed`` is where memory is looked at, ``growth`` of which two the times are compared.
    One new tag is among ``new_tag`` recipes, over the first ``new_tag_wires``, and very many are
    on one of ``many``.  What is of a number that is not measured is left out.
    """

    rounds: dict[int, int]
    wires: tuple[tuple[str, int], ...]
    weighed: int
    growth: tuple[int, int]
    new_tag: int
    new_tag_wires: int
    many: int

    def only(self, sizes: Sequence[int]) -> Plan:
        """The same for these numbers of recipes alone."""
        return replace(self, rounds={size: self.rounds.get(size, ROUNDS) for size in sizes})


WHOLE = Plan(
    rounds={21: 7, 100: 5, 200: 5, 1000: 3},
    wires=(("git", 0), ("git", 20), ("http", 0), ("http", 20)),
    weighed=1000,
    growth=(100, 1000),
    new_tag=200,
    new_tag_wires=2,
    many=21,
)
QUICK = Plan(
    rounds={21: 3, 100: 2},
    wires=(("git", 0), ("git", 20)),
    weighed=100,
    growth=(21, 100),
    new_tag=100,
    new_tag_wires=1,
    many=0,
)
