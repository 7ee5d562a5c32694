"""What the runs of the past tell of a recipe's bases, read from their results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from canon_sweep.core.pin import Seen
from canon_sweep.core.result import BrokenBase
from canon_sweep.errors import StateFault
from canon_sweep.state import files
from canon_sweep.state.runs import newest_first

_LOOKS_BACK = 500
"""How many runs are read at the most."""


class _Tier(msgspec.Struct, frozen=True):
    """A tier's line; its words may be those of another version of ours."""

    tier: str
    status: str


class _Line(msgspec.Struct, frozen=True):
    recipe: str
    tag: str = ""
    base: str | None = None
    broken_bases: tuple[BrokenBase, ...] = ()
    tiers: tuple[_Tier, ...] = ()
    without_pin: bool = False
    quick: bool = False

    @property
    def is_cold(self) -> bool:
        """Whether it is of a test from nothing, which installs; a quick one did not always say."""
        return not self.quick and any(each.tier == "install" for each in self.tiers)


class _Results(msgspec.Struct, frozen=True):
    schema: Literal[1]
    entries: tuple[_Line, ...] = ()


def seen(folder: Path) -> dict[str, tuple[Seen, ...]]:
    """What the runs in ``folder`` tell, by recipe, the newest first; unreadable ones tell nothing.

    Nor does one on the canonical's own data: that a base comes up from nothing is what counts.

    Raises:
        StateFault: the folder cannot be read.
    """
    found: dict[str, list[Seen]] = {}
    for path in newest_first(folder)[:_LOOKS_BACK]:
        for line in _lines(path):
            if line.is_cold:
                found.setdefault(line.recipe, []).append(_of(line, path.name))
    return {recipe: tuple(all_of_them) for recipe, all_of_them in found.items()}


def _lines(run: Path) -> Iterator[_Line]:
    try:
        content = files.read(run / "results.json")
        yield from msgspec.json.decode(content or b"", type=_Results).entries
    except (StateFault, *files.NOT_READ):
        return


def _of(line: _Line, run_id: str) -> Seen:
    return Seen(
        run_id=run_id,
        tag=line.tag,
        base=line.base or "",
        upgraded=any((each.tier, each.status) == ("upgrade", "pass") for each in line.tiers),
        broken=line.broken_bases,
        without_pin=line.without_pin,
    )
