"""Listings that can be read, wide and narrow."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.report.records import Entry, Results, totals_of
from canon_sweep.report.table import listing, totals_line

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


def summed_up(command: str, *entries: Entry) -> str:
    """What is said below the listing of a run with these lines."""
    now = datetime(2026, 6, 14, 3, tzinfo=UTC)
    results = Results(
        run_id="r",
        command=command,
        engine="local",
        version="1",
        started=now,
        ended=now,
        exit_code=1,
        noop=False,
        totals=totals_of(entries),
        entries=entries,
    )
    return totals_line(results)


def test_what_the_next_run_does_is_said_of_a_run_only() -> None:
    """What was tested by hand may be the canonical already: the next run would skip it."""
    failed = Entry(
        recipe="notes", code=Code.NEW_RELEASE, sentence="asked for", outcome=Outcome.INFRA
    )

    assert "notes will be tested again" in summed_up("run", failed)
    assert "tested again" not in summed_up("test", failed)


def test_one_of_a_thing_is_not_several() -> None:
    """A summary is a sentence."""
    one = Entry(
        recipe="notes",
        code=Code.NEW_RELEASE,
        sentence="new",
        outcome=Outcome.PROMOTED,
        deploys=1,
        canonical_writes=1,
    )

    assert summed_up("run", one) == (
        "1 recipe: 1 tested, 1 deploy, 0 refs pushed, 1 canonical written"
    )
