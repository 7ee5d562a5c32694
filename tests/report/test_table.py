"""Listings that can be read, wide and narrow."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.report.records import Entry, Results, totals_of
from canon_sweep.report.table import Listing, Row, line, listing, plain_line, totals_line

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


TEXTS = st.text(st.sampled_from("ab .:+\n\x1bé漢"), max_size=30)
REMARKS = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)


@given(st.lists(st.tuples(TEXTS, TEXTS, REMARKS), max_size=4))
def test_a_pipe_has_what_a_terminal_without_colours_would_show(
    rows: list[tuple[str, str, tuple[str, ...]]],
) -> None:
    """It is only made faster, where a sweep of a thousand recipes waits for it."""
    made = Listing(("recipe", "canonical"), tuple(Row((a, b), what) for a, b, what in rows))
    console = Console(file=io.StringIO(), width=160)
    with console.capture() as captured:
        console.print(made, highlight=False, soft_wrap=True)

    assert made.plain(160) in (None, captured.get())


def test_an_ordinary_listing_needs_no_terminal() -> None:
    """Else nothing would be faster."""
    made = listing(("recipe", "canonical"), [(("notes", "1.1.0+1"), "it is the canonical")])

    text = made.plain(160)

    assert text is not None
    assert text.splitlines()[1] == "notes   1.1.0+1    it is the canonical"
    assert made.plain(40) is None


def test_a_line_without_colours_is_the_same_line() -> None:
    """Also where a name would steer."""
    entry = Entry(recipe="no\x1btes", code=Code.HELD, sentence="held: \x07", tag="1.0.0+1")

    assert plain_line(entry) == line(entry).plain


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


def test_a_test_that_was_not_begun_is_none() -> None:
    """Without an engine nothing was tested, and the run was no no-op either."""
    due = Entry(recipe="notes", code=Code.NEW_RELEASE, sentence="new", outcome=Outcome.INFRA)
    begun = msgspec.structs.replace(due, attempts=2)

    assert "1 recipe: 0 tested, 1 not begun, 0 deploys" in summed_up("run", due)
    assert "1 recipe: 1 tested, 0 deploys" in summed_up("run", begun)
