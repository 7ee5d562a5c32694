"""Results for people: tables and lines on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from canon_sweep.report.records import Entry, Results

_STYLES = {
    "promoted": "bold green",
    "passed": "bold green",
    "red": "bold red",
    "refused": "red",
    "promote-failed": "red",
    "infra": "magenta",
    "skip": "dim",
    "test": "cyan",
    "deferred": "yellow",
    "error": "bold red",
}


def results_table(results: Results) -> Table:
    """One line for each recipe, and what follows from it."""
    table = grid("recipe", "verdict", "release", "canonical", "why", "time")
    for entry in results.entries:
        table.add_row(
            Text(entry.recipe),
            coded(entry.verdict + (" (flaky)" if entry.flaky else "")),
            Text(entry.tag),
            Text(entry.canonical),
            Text("\n".join([entry.why, *_remarks(entry)])),
            Text(f"{entry.seconds:.1f} s", justify="right"),
        )
    return table


def totals_line(results: Results) -> str:
    """Everything that the run did to the world, in one line."""
    totals = results.totals
    end = (
        "nothing was done: a no-op"
        if results.noop
        else (
            f"{totals.tested} tested, {totals.deploys} deploys, {totals.pushed_refs} refs pushed,"
            f" {totals.canonical_writes} canonicals written"
        )
    )
    missing = f"; without a line: {', '.join(results.missing)}" if results.missing else ""
    count = "1 recipe" if len(results.entries) == 1 else f"{len(results.entries)} recipes"
    return f"{count}: {end}{missing}"


def line(entry: Entry) -> Text:
    """A recipe's line while the run goes on."""
    what = f" {entry.tag}" if entry.tag else ""
    return Text.assemble((f"{entry.recipe}{what} ", "bold"), coded(entry.verdict), f" {entry.why}")


def grid(*columns: str) -> Table:
    """An empty table with the project's look."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    for column in columns:
        # names and codes stay whole; the reason is what wraps
        table.add_column(column, no_wrap=column not in ("why", "what"), overflow="fold")
    return table


def rows(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> Table:
    """A table of plain texts."""
    table = grid(*columns)
    for cells in lines:
        table.add_row(*(Text(cell) for cell in cells))
    return table


def coded(code: str) -> Text:
    """A code in its colour."""
    return Text(code, style=_STYLES.get(code.partition(" ")[0].partition("/")[0], ""))


def _remarks(entry: Entry) -> list[str]:
    remarks = [f"{note.code}: {note.text}" for note in entry.notes]
    remarks += [f"broken-base {broken.tag}: {broken.reason}" for broken in entry.broken_bases]
    if entry.sync is not None:
        remarks += [f"deleted tag {tag} ({was[:12]})" for tag, was in entry.sync.deleted.items()]
    return remarks
