"""Listings that can be read, wide and narrow."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from canon_sweep.report.table import listing

ROWS = [
    (("notes", "1.1.0+1"), "a reason of many words " * 8),
    (("a-long-recipe-name", ""), ""),
]


def shown(width: int) -> list[str]:
    """The lines of a listing on a terminal of this width."""
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        console.print(listing(("recipe", "canonical"), ROWS))
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 119, 120, 200])
def test_names_and_reasons_are_whole_at_any_width(width: int) -> None:
    """What is long goes below its row where there is no room beside it."""
    lines = shown(width)

    assert max(map(len, lines)) <= width
    assert any(line.startswith("a-long-recipe-name") for line in lines)
    assert any("1.1.0+1" in line for line in lines)
    assert " ".join(" ".join(lines).split()).count("reason") == 8
    assert len(lines) < 12


def test_no_text_steers_the_terminal() -> None:
    """An escape in a name or a reason is shown, not obeyed."""
    console = Console(file=io.StringIO(), width=200)
    with console.capture() as captured:
        console.print(listing(("recipe",), [(("no\x1b[31mtes\nX",), "bad\x07\x1b[2J")]))

    assert "\x1b" not in captured.get()
    assert "\x07" not in captured.get()
    assert "no\\x1b[31mtes\\nX" in captured.get()
