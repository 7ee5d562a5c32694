"""A shell script as its simple commands, without any of it being run.

What is in a word is kept only where it stands there literally: quotes and backslashes
are taken away, and of a word with an expansion (``$X``, `````) only that is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from canon_sweep.core.names import printable

# Each alternative begins with another character, so that a text takes one pass.
_SKIPPED = re.compile(r"(?:[ \t\r]+|\\\n)+")
_REMARK = re.compile(r"#[^\n]*")
_OPERATOR = re.compile(
    r"<<<|<<-|<<|[0-9]*>>|[0-9]*>&|[0-9]*<&|[0-9]+[<>]|&>>|&>|>\||<>|;;&|;;|;&|&&|\|\||\|&|[;&|()<>\n]"
)
_LITERAL = re.compile(r"[^\s\\'\"$`;&|()<>]+|[^\S \t\r\n]+")
_QUOTED = re.compile(r"[^\\\"$`]+")
_INNER = re.compile(r"[^\\'\"$`(){}]+")
_EXPANDS = re.compile(r"\$(?=[A-Za-z0-9_{(@*#?$!'\"-]|\\\n)|`")
_EXPANDS_IN_QUOTES = re.compile(r"\$(?=[A-Za-z0-9_{(@*#?$!-]|\\\n)|`")
_ANSI = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)
_HEREDOC = ("<<", "<<-")


class Word(msgspec.Struct, frozen=True):
    """A word: its text without quotes, and whether it stands for just that text.

    ``bare`` is whether nothing of it was quoted, as of the shell's own words.
    """

    text: str
    literal: bool
    bare: bool


class Token(msgspec.Struct, frozen=True):
    """A word, or an operator (a line's end is one), and the line where it begins, from 1."""

    line: int
    word: Word | None = None
    operator: str = ""


class OpenError(ValueError):
    """Something is opened and never closed; ``line`` is where."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"{what} is not closed")
        self.line = line


def tokens(text: str) -> Iterator[Token]:
    """Split a script as a shell would.

    Raises:
        OpenError: a quote or an expansion is not closed.
    """
    return _Scanner(text.replace("\r\n", "\n")).tokens()


class _Scanner(msgspec.Struct):
    text: str
    position: int = 0
    line: int = 1
    # the ends of the texts that begin below this line, each with whether tabs are cut
    _awaited: list[tuple[str, bool]] = msgspec.field(default_factory=list)

    def tokens(self) -> Iterator[Token]:
        begins_heredoc: str | None = None
        while self._has_next():
            line = self.line
            operator = _OPERATOR.match(self.text, self.position)
            if operator is not None:
                self._go(operator.end())
                if operator[0] == "\n":
                    self._skip_heredocs()
                begins_heredoc = operator[0] if operator[0] in _HEREDOC else None
                yield Token(line, operator=operator[0])
                continue
            word = self._word()
            if begins_heredoc is not None:
                self._awaited.append((word.text, begins_heredoc == "<<-"))
                begins_heredoc = None
            yield Token(line, word=word)

    def _has_next(self) -> bool:
        for pattern in (_SKIPPED, _REMARK):
            match = pattern.match(self.text, self.position)
            if match is not None:
                self._go(match.end())
        return self.position < len(self.text)

    def _word(self) -> Word:
        parts: list[str] = []
        literal, bare = True, True
        while self.position < len(self.text):
            plain = _LITERAL.match(self.text, self.position)
            sign = self.text[self.position]
            if plain is not None:
                parts.append(plain[0])
                self._go(plain.end())
            elif sign == "\\":
                bare = False
                parts.append(self._escaped())
            elif sign == "'":
                bare = False
                parts.append(self._single())
            elif sign == '"':
                bare = False
                inner, expands = self._double()
                parts.append(inner)
                literal = literal and not expands
            elif sign in "$`":
                literal = self._dollar(_EXPANDS) and literal
                parts.append("$" if literal else "")
            else:
                break
        return Word("".join(parts), literal, bare)

    def _escaped(self) -> str:
        sign = self.text[self.position + 1 : self.position + 2]
        self._go(self.position + 1 + len(sign))
        return "" if sign == "\n" else sign

    def _single(self) -> str:
        start = self.position + 1
        end = self.text.find("'", start)
        if end < 0:
            raise OpenError(self.line, "a quote (')")
        self._go(end + 1)
        return self.text[start:end]

    def _double(self) -> tuple[str, bool]:
        """The text between double quotes, and whether anything in it is expanded."""
        parts: list[str] = []
        line, expands = self.line, False
        self._go(self.position + 1)
        while self.position < len(self.text):
            plain = _QUOTED.match(self.text, self.position)
            sign = self.text[self.position]
            if plain is not None:
                parts.append(plain[0])
                self._go(plain.end())
            elif sign == '"':
                self._go(self.position + 1)
                return "".join(parts), expands
            elif sign == "\\":
                parts.append(self._escaped_in_double())
            else:
                expands = not self._dollar(_EXPANDS_IN_QUOTES) or expands
                parts.append("" if expands else "$")
        raise OpenError(line, 'a quote (")')

    def _escaped_in_double(self) -> str:
        sign = self.text[self.position + 1 : self.position + 2]
        escaped = self._escaped()
        return escaped if sign in ('"', "\\", "$", "`", "\n") else f"\\{escaped}"

    def _dollar(self, expands: re.Pattern[str]) -> bool:
        """Go past a ``$`` or a backquote and what belongs to it; whether it means itself."""
        if not expands.match(self.text, self.position):
            self._go(self.position + 1)
            return True
        if self.text[self.position] == "`":
            self._skip_backquoted()
        elif self.text.startswith("$'", self.position):
            quoted = _ANSI.match(self.text, self.position)
            if quoted is None:
                raise OpenError(self.line, "a quote ($')")
            self._go(quoted.end())
        elif self.text[self.position + 1] in "({":
            self._skip_balanced()
        else:
            self._go(self.position + 1)
        return False

    def _skip_backquoted(self) -> None:
        line = self.line
        end = self.text.find("`", self.position + 1)
        if end < 0:
            raise OpenError(line, "a command (`)")
        self._go(end + 1)

    def _skip_balanced(self) -> None:
        """Go past ``$(…)`` or ``${…}``, with the quotes and brackets inside."""
        line = self.line
        self._go(self.position + 1)
        awaited: list[str] = []
        while self.position < len(self.text):
            sign = self.text[self.position]
            plain = _INNER.match(self.text, self.position)
            if plain is not None:
                self._go(plain.end())
            elif sign == "\\":
                self._escaped()
            elif sign == "'" and awaited[-1:] != ['"']:
                self._single()
            else:
                self._go(self.position + 1)
                self._follow(sign, awaited)
            if not awaited:
                return
        raise OpenError(line, "an expansion ($)")

    def _follow(self, sign: str, awaited: list[str]) -> None:
        in_quotes = awaited[-1:] == ['"']
        if awaited and sign == awaited[-1]:
            awaited.pop()
        elif sign == '"':
            awaited.append('"')
        elif sign in "({" and (not in_quotes or self.text[self.position - 2] == "$"):
            awaited.append(")" if sign == "(" else "}")

    def _skip_heredocs(self) -> None:
        line = self.line - 1
        for end, cuts_tabs in self._awaited:
            while self.position < len(self.text):
                stop = self.text.find("\n", self.position)
                stop = len(self.text) if stop < 0 else stop + 1
                found = self.text[self.position : stop].removesuffix("\n")
                self._go(stop)
                if (found.lstrip("\t") if cuts_tabs else found) == end:
                    break
            else:
                raise OpenError(line, f"a text that should end with {printable(end)}")
        self._awaited.clear()

    def _go(self, position: int) -> None:
        self.line += self.text.count("\n", self.position, position)
        self.position = position
