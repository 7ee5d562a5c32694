"""What an outside harness says, line by line, in the recipe's log: bounded, and as it comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from canon_sweep.core import terminal

MOST = 16 * 1024 * 1024
"""Bytes that go to the log as they come; of what is said after them the end is kept."""
_LAST = 200
_LONGEST_LINE = 8 * 1024


class Transcript:
    """Takes bytes, and says lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._rest = b""
        self._said = 0
        self._left_out = 0
        self._last: deque[str] = deque(maxlen=_LAST)

    def hear(self, part: bytes) -> None:
        """More of it."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        self._write(lines)

    def close(self) -> None:
        """It has ended: a last line without its end, and the end of what was left out."""
        self._write([self._rest] if self._rest else [])
        self._rest = b""
        if self._left_out:
            more = self._left_out - len(self._last)
            self._say(f"(it said {self._left_out} more lines; {more} are left out)")
            self._say("\n".join(self._last))

    def _write(self, lines: list[bytes]) -> None:
        shown = []
        for line in lines:
            text = terminal.shown(line[:_LONGEST_LINE].decode("utf-8", "replace"))
            self._said += len(line) + 1
            if self._said <= MOST:
                shown.append(text)
            else:
                self._left_out += 1
                self._last.append(text)
        if shown:
            self._say("\n".join(f"| {line}" for line in shown))
