"""A document whose blocks are steps: what is typed, what is written, what is changed.

- in a block ``console`` a line after ``$ `` is typed; what follows it is what comes out;
- a block ``toml`` is written into the file that its first line names, as a comment;
- a block ``diff`` changes the file that it names: what has no ``+`` before it is there, once
  and in one piece, and what has no ``-`` takes its place; ``@@`` begins another piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

ANYTHING = "…"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"# (\S+)\n")
_CHANGED = re.compile(r"--- (\S+)\n\+\+\+ (\S+)\n")


@dataclass(frozen=True, slots=True)
class Typed:
    """A command, and what the document shows of its output."""

    command: str
    shown: str


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is new, or another than before."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Pieces of a file, each as it was and as it is to be."""

    path: str
    pieces: tuple[tuple[str, str], ...]

    def apply(self, text: str) -> str:
        """The changed text.

        Raises:
            ValueError: a piece is not there exactly once.
        """
        for old, new in self.pieces:
            if text.count(old) != 1:
                raise ValueError(f"{self.path} has this {text.count(old)} times:\n{old}")
            text = text.replace(old, new)
        return text


Step = Typed | Written | Changed


def steps(text: str) -> Iterator[Step]:
    """The steps in their order; other blocks are none."""
    for kind, content in _BLOCK.findall(text):
        match kind:
            case "console":
                yield from _typed(content)
            case "toml":
                yield Written(_group(_NAMED.match(content)), content)
            case "diff":
                yield _changed(content)


def same(shown: str, came: str) -> bool:
    """Whether what came out is what is shown, wherever lines are broken.

    An ellipsis stands for one word or a part of it (a time, a commit, the name of a run), and
    on a line of its own for any lines.
    """
    lines = (
        r".*" if line.strip() == ANYTHING else r"\s+".join(map(_word, line.split()))
        for line in shown.splitlines()
    )
    pattern = r"\s*".join(lines)
    return re.fullmatch(rf"\s*{pattern}\s*", came, re.DOTALL) is not None


def _word(word: str) -> str:
    return r"\S+".join(map(re.escape, word.split(ANYTHING)))


def _typed(content: str) -> Iterator[Typed]:
    for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
        command, _, shown = part.replace("\\\n", "").partition("\n")
        yield Typed(command, shown)


def _changed(content: str) -> Changed:
    named = _CHANGED.match(content)
    path = _group(named)
    _, *pieces = re.split(r"^@@.*\n", content[len(named[0]) if named else 0 :], flags=re.MULTILINE)
    return Changed(path, tuple((_kept(piece, "-"), _kept(piece, "+")) for piece in pieces))


def _kept(piece: str, sign: str) -> str:
    lines = piece.splitlines(keepends=True)
    return "".join(line[1:] for line in lines if line[0] in (" ", sign))


def _group(found: re.Match[str] | None) -> str:
    if found is None:
        raise ValueError("a block names no file")
    return found[1]
