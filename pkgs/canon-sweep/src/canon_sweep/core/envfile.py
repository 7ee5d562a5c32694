"""The format of ``.env.sample``: read as godotenv reads it, which abra does it with.

Lines are expanded one after the other over what is known by then, and over nothing
else: never over our own environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from canon_sweep.core.names import printable
from canon_sweep.core.unread import Unread
from canon_sweep.errors import RecipeFault

# of all values together, after their variables are replaced
MAX_EXPANDED = 2 * 1024 * 1024

# the text is a stranger's: every pattern here takes time in proportion to what it reads
_BLANK = "[\t\v\f\r \x85\xa0]"
_SPACE = "[\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_BETWEEN = re.compile(rf"(?:{_SPACE}+|#[^\n]*)*")
_KEY = re.compile(rf"(?:export{_BLANK}+)?([A-Za-z0-9_.]+){_BLANK}*[=:]{_BLANK}*")
_LINE = re.compile(r"[^\n]*")
_PLAIN = re.compile(r"[^\r\n]*")
_CLOSED = {"'": re.compile(r"(?<!\\)'"), '"': re.compile(r'(?<!\\)"')}
_COMMENT = re.compile(rf"(.*{_BLANK})#(.*)", re.DOTALL)
_COMMENT_AFTER = re.compile(rf"{_BLANK}*#([^\n]*)")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = re.compile(r"\\([^$])")
_VARIABLE = re.compile(r"(\\)?\$\(?\{?([A-Z0-9_]+)?\}?")
_BREAKS = {"n": "\n", "r": "\r"}


class Comment(msgspec.Struct, frozen=True):
    """What stands behind a variable's value, and where."""

    file: str
    line: int
    text: str


class EnvFile(msgspec.Struct, frozen=True):
    """The variables that a file sets, the comments behind them, and what was not read."""

    values: Mapping[str, str]
    comments: Mapping[str, Comment]
    unread: tuple[Unread, ...]


def read(name: str, text: str, *, fixed: Mapping[str, str], initial: Mapping[str, str]) -> EnvFile:
    """Read a file, called ``name`` in what is told of it.

    ``fixed`` are variables that the file can use and not set; ``initial`` those that
    it can use before it sets them.

    Raises:
        RecipeFault: its values grow without bound.
    """
    reader = _Reader(name, text.replace("\r\n", "\n"), fixed, initial)
    while reader.has_next():
        reader.step()
    return EnvFile(reader.values, reader.comments, tuple(reader.unread))


class _Reader(msgspec.Struct):
    name: str
    text: str
    fixed: Mapping[str, str]
    initial: Mapping[str, str]
    values: dict[str, str] = msgspec.field(default_factory=dict)
    comments: dict[str, Comment] = msgspec.field(default_factory=dict)
    unread: list[Unread] = msgspec.field(default_factory=list)
    _position: int = 0
    _line: int = 1
    _left: int = MAX_EXPANDED

    def has_next(self) -> bool:
        """Go to the next statement, and say whether there is one."""
        self._go(_end(_BETWEEN, self.text, self._position))
        return self._position < len(self.text)

    def step(self) -> None:
        """Read one statement; of one that cannot be read, its line is left out."""
        key = _KEY.match(self.text, self._position)
        if key is None:
            self._skip("is not NAME=value")
            return
        start = key.end()
        quote = self.text[start : start + 1]
        if quote not in _CLOSED:
            self._take_plain(key[1], start)
            return
        closed = _CLOSED[quote].search(self.text, start + 1)
        if closed is None:
            self._skip("its quote is not closed")
            return
        # all of its kind at both ends are taken for the quotes
        value = self.text[start : closed.start()].strip(quote)
        if quote == '"':
            value = self._expanded(_unescaped(value))
        comment = _COMMENT_AFTER.match(self.text, closed.end())
        self._set(key[1], value, comment[1] if comment else "")
        self._go(closed.end())

    def _take_plain(self, key: str, start: int) -> None:
        end = _end(_PLAIN, self.text, start)
        line = self.text[start:end]
        comment = _COMMENT.fullmatch(line)
        written = (comment[1] if comment else line).strip("\t\v\f\r \x85\xa0")
        self._go(start)
        if written.startswith("#") or re.search(rf"{_BLANK}#", written):
            self._tell(
                f"the value of {key} is {printable(written)}:"
                " only the last ' #' of a line, behind a value, begins a comment"
            )
        self._set(key, self._expanded(written), comment[2] if comment else "")
        self._go(end)

    def _set(self, key: str, value: str, comment: str) -> None:
        if key not in self.fixed:
            self.values[key] = value
        self.comments[key] = Comment(self.name, self._line, comment)

    def _expanded(self, value: str) -> str:
        parts: list[str] = []
        done = 0
        for match in _VARIABLE.finditer(value):
            parts += [value[done : match.start()], self._replaced(match)]
            done = match.end()
            self._spend(parts[-1])
        return "".join([*parts, value[done:]])

    def _replaced(self, match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        if not match[2]:
            return match[0]
        for known in (self.fixed, self.values, self.initial):
            if match[2] in known:
                return known[match[2]]
        return ""

    def _spend(self, part: str) -> None:
        self._left -= len(part)
        if self._left < 0:
            raise RecipeFault(f"the values of {self.name} unfold to more than 2 MiB")

    def _skip(self, why: str) -> None:
        end = _end(_LINE, self.text, self._position)
        self._tell(f"{printable(self.text[self._position : end])} cannot be read: it {why}")
        self._go(end)

    def _tell(self, cause: str) -> None:
        self.unread.append(Unread(self.name, self._line, cause))

    def _go(self, position: int) -> None:
        self._line += self.text.count("\n", self._position, position)
        self._position = position


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    assert match is not None  # each of them matches also nothing
    return match.end()


def _unescaped(value: str) -> str:
    broken = _ESCAPE.sub(lambda match: _BREAKS.get(match[1], match[0]), value)
    return _ESCAPED.sub(r"\1", broken)
