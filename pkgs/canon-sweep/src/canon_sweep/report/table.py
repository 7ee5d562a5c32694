"""Results for people: listings and lines, on a terminal in colours.

What renders them for a terminal is imported there: a timer's job has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from canon_sweep.core.count import counted
from canon_sweep.core.decision import Code
from canon_sweep.core.names import plain
from canon_sweep.report.records import Entry, Results, tested_again

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table
    from rich.text import Text

WIDE = 120
_GAP = 2
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
    "fail": "bold red",
    "warn": "yellow",
    "unknown": "magenta",
}


class Row(msgspec.Struct, frozen=True):
    """One line of a listing: short cells, and what is to be said at length."""

    cells: tuple[str, ...]
    remarks: tuple[str, ...] = ()


class Listing(msgspec.Struct, frozen=True):
    """Rows under a heading: beside the cells, or on a narrow terminal below them,
    stands what is to be said of each.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def plain(self, width: int) -> str | None:
        """What a terminal of this width without colours would show; None if only it can say.

        Where everything has room beside each other, it is as wide as it is.
        """
        cells = [(*self.columns, "what")]
        for row in self.rows:
            first, *below = "\n".join(map(plain, row.remarks)).split("\n")
            cells.append((*map(plain, row.cells), first))
            cells += [(*("" for _ in row.cells), remark) for remark in below]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        if not all(_is_simple(cell) for line in cells for cell in line):
            return None
        if width < WIDE or sum(widths) + _GAP * (len(widths) - 1) > width:
            return None
        gap = " " * _GAP
        return "".join(
            gap.join(cell.ljust(size) for cell, size in zip(line, widths, strict=True)) + "\n"
            for line in cells
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As rich wants it."""
        if options.max_width >= WIDE:
            yield self._wide()
        else:
            yield from self._narrow()

    def _wide(self) -> Table:
        from rich.table import Table  # noqa: PLC0415 - start-up
        from rich.text import Text  # noqa: PLC0415 - start-up

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in self.columns:
            table.add_column(column, no_wrap=True)
        table.add_column("what", overflow="fold")
        for row in self.rows:
            what = Text("\n".join(map(plain, row.remarks)))
            table.add_row(*map(coded, row.cells), what)
        return table

    def _narrow(self) -> RenderResult:
        from rich.padding import Padding  # noqa: PLC0415 - start-up
        from rich.text import Text  # noqa: PLC0415 - start-up

        every = (self.columns, *(row.cells for row in self.rows))
        widths = [max(len(plain(cell)) for cell in column) for column in zip(*every, strict=True)]
        yield _line(self.columns, widths, "bold")
        for row in self.rows:
            yield _line(row.cells, widths)
            for remark in row.remarks:
                if remark:
                    yield Padding(Text(plain(remark)), (0, 0, 0, 4))


def results_listing(results: Results) -> Listing:
    """One row for each recipe, and what follows from it."""
    rows = [
        Row(
            (
                entry.recipe,
                entry.verdict + (" (flaky)" if entry.flaky else ""),
                entry.tag,
                f"{entry.canonical}{' (adopted)' * entry.adopted}",
                f"{entry.seconds:.1f} s",
            ),
            (entry.why, *_remarks(entry)),
        )
        for entry in results.entries
    ]
    return Listing(("recipe", "verdict", "release", "canonical", "time"), tuple(rows))


def totals_line(results: Results) -> str:
    """Everything that the run did to the world, or would do, in one line."""
    totals = results.totals
    count = counted(len(results.entries), "recipe")
    if results.command == "plan":
        end = f"{sum(e.code.startswith('test/') for e in results.entries)} to be tested"
    elif results.noop:
        end = "nothing was done: a no-op"
    else:
        unbegun = f" {totals.unbegun} not begun," if totals.unbegun else ""
        end = (
            f"{totals.tested} tested,{unbegun} {counted(totals.deploys, 'deploy')},"
            f" {counted(totals.pushed_refs, 'ref')} pushed,"
            f" {counted(totals.canonical_writes, 'canonical')} written"
        )
        pulls = counted(totals.closed_pulls, "pull request")
        end += f", {pulls} closed" if totals.closed_pulls else ""
        end += f", {totals.recovered} cleaned up after an earlier run" if totals.recovered else ""
    problems = [f"error: {problem}" for problem in results.problems]
    problems += [f"error: {recipe} has no line" for recipe in results.missing]
    if results.hollow:
        steps = "; ".join(_ways_in(results.entries))
        problems.append(f"error: hollow: no recipe takes part ({results.hollow}); {steps}")
    problems += tested_again(results)
    return "\n".join([f"{count}: {end}", *map(plain, problems)])


def _ways_in(entries: Iterable[Entry]) -> Iterator[str]:
    """How recipes that stay out would take part again."""
    entries = list(entries)
    held = [entry.recipe for entry in entries if entry.code is Code.HELD]
    excepted = [entry.recipe for entry in entries if entry.code is Code.EXCEPTED]
    if held:
        yield f"end a hold: canon-sweep unhold {held[0] if len(held) == 1 else 'RECIPE'}"
    if excepted:
        whose = excepted[0] if len(excepted) == 1 else "the excepted ones"
        yield f"enrol {whose}: enroll = true in the configuration, without the exception"


def line(entry: Entry) -> Text:
    """A recipe's line while the run goes on."""
    from rich.text import Text  # noqa: PLC0415 - start-up

    what, verdict, why = _words(entry)
    return Text.assemble((plain(what) + " ", "bold"), coded(verdict), f" {plain(why)}")


def plain_line(entry: Entry) -> str:
    """The same without colours."""
    return " ".join(map(plain, _words(entry)))


def _words(entry: Entry) -> tuple[str, str, str]:
    return f"{entry.recipe} {entry.tag}".rstrip(), entry.verdict, entry.why


def _is_simple(cell: str) -> bool:
    """Whether a text is as wide as it has letters, wherever it is shown."""
    return cell.isascii() and not cell.endswith(" ")


def listing(columns: Sequence[str], rows: Iterable[tuple[Sequence[str], str]]) -> Listing:
    """A listing of plain texts: the cells, and one remark each."""
    return Listing(tuple(columns), tuple(Row(tuple(cells), (what,)) for cells, what in rows))


def coded(code: str) -> Text:
    """A text, in its colour if it is a code."""
    from rich.text import Text  # noqa: PLC0415 - start-up

    return Text(plain(code), style=_style(code))


def _style(code: str) -> str:
    return _STYLES.get(code.partition(" ")[0].partition("/")[0], "")


def _line(cells: Sequence[str], widths: Sequence[int], style: str = "") -> Text:
    from rich.text import Text  # noqa: PLC0415 - start-up

    line = Text(no_wrap=True, overflow="ellipsis")
    for cell, width in zip(cells, widths, strict=True):
        line.append(plain(cell).ljust(width + 1), style=style or _style(cell))
    return line


def _remarks(entry: Entry) -> list[str]:
    remarks = [entry.again] if entry.again else []
    remarks += [f"repeat it: {entry.repeat}"] if entry.repeat else []
    remarks += [f"{note.code}: {note.text}" for note in entry.notes]
    remarks += [f"broken-base {broken.tag}: {broken.reason}" for broken in entry.broken_bases]
    if entry.sync is not None:
        remarks += [f"deleted tag {tag} ({was[:12]})" for tag, was in entry.sync.deleted.items()]
        remarks += [f"closed #{number}: {why}" for number, why in entry.sync.closed.items()]
        remarks += [f"would close #{number}: {why}" for number, why in entry.sync.merged.items()]
        remarks += ["the mirror was made"] if entry.sync.made else []
        if entry.sync.differs:
            remarks.append(f"the mirror differs in {counted(len(entry.sync.differs), 'ref')}")
    return remarks
