"""The table as a drawing: for each row the sweep and the loop, in floors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from wire.figures import Row
from wire.goals import FLOORS

WIDTH = 760
LEFT = 190
RIGHT = 60
HEAD = 64
FOOT = 30
STEP = 40
BAR = 13
# middle tones first, for whoever shows it without saying whether it is night
STYLE = """
    text { font: 12px system-ui, sans-serif; fill: #6b7280 }
    .title { font-size: 14px; font-weight: 600 }
    .end { text-anchor: end }
    .sweep { fill: #2f81f7 }
    .loop { fill: #9aa4b2 }
    .line { stroke: #9aa4b2; stroke-opacity: .35 }
    .goal { stroke: #d97706; stroke-dasharray: 4 3 }
    .wanted { fill: #d97706 }
    @media (prefers-color-scheme: light) { text { fill: #374151 } .wanted { fill: #b45309 } }
    @media (prefers-color-scheme: dark) { text { fill: #c9d1d9 } .wanted { fill: #f0a040 } }
"""


def drawing(rows: Sequence[Row]) -> str:
    """An SVG; the same numbers give the same bytes."""
    height = HEAD + STEP * len(rows) + FOOT
    most = math.ceil(max(max(_sweep(row), _loop(row)) for row in rows))
    scale = (WIDTH - LEFT - RIGHT) / most
    body = [*_head(), *_grid(most, scale, height)]
    for number, row in enumerate(rows):
        body += _bars(row, HEAD + STEP * number, scale)
    body += _line("goal", LEFT + FLOORS * scale, height)
    body += _text(LEFT + FLOORS * scale + 4, height - 8, f"goal: {FLOORS}", "wanted")
    lines = "".join(f"  {line}\n" for line in body)
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>\n'
        "  <title>A sweep that has nothing to do, in floors</title>\n"
        f"  <style>{STYLE}  </style>\n{lines}</svg>\n"
    )


def _head() -> Iterator[str]:
    yield from _text(0, 16, "A sweep that has nothing to do, as so many floors", "title")
    yield f'<rect class="sweep" x="0" y="28" width="{BAR}" height="{BAR}"/>'
    yield from _text(BAR + 6, 39, "canon-sweep run, start-up included")
    yield f'<rect class="loop" x="260" y="28" width="{BAR}" height="{BAR}"/>'
    yield from _text(260 + BAR + 6, 39, "git ls-remote in a loop")


def _grid(most: int, scale: float, height: int) -> Iterator[str]:
    step = max(1, round(most / 8))
    for number in range(0, most + 1, step):
        yield from _line("line", LEFT + number * scale, height)
        yield from _text(LEFT + number * scale, HEAD - 8, f"{number}")


def _bars(row: Row, top: int, scale: float) -> Iterator[str]:
    label = f"{row.recipes} recipes, {row.scheme}, {row.latency} ms"
    yield from _text(LEFT - 10, top + BAR + 6, label, "end")
    for number, (kind, floors) in enumerate((("sweep", _sweep(row)), ("loop", _loop(row)))):
        y, width = top + 2 + number * (BAR + 2), floors * scale
        yield f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}"/>'
        yield from _text(LEFT + width + 5, y + BAR - 2, f"{floors:.1f}")


def _sweep(row: Row) -> float:
    return round(row.over_floor.middle, 2)


def _loop(row: Row) -> float:
    return round(median(row.loop) / median(row.floor), 1)


def _line(kind: str, x: float, height: int) -> Iterator[str]:
    yield f'<line class="{kind}" x1="{x:.1f}" y1="{HEAD - 4}" x2="{x:.1f}" y2="{height - FOOT}"/>'


def _text(x: float, y: float, text: str, kind: str = "") -> Iterator[str]:
    named = f' class="{kind}"' if kind else ""
    yield f'<text{named} x="{x:.1f}" y="{y}">{text}</text>'
