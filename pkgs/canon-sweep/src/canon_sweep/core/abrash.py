"""What ``abra.sh`` exports, as a shell would that reads it; nothing of it is run.

Only plain assignments are followed, in the order in which they stand.  What is in a
function is not read: a shell would not run it either.  An export that depends on
anything (a condition, an expansion, a command) is told, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from canon_sweep.core.names import plain
from canon_sweep.core.shellwords import OpenError, Token, Word, tokens
from canon_sweep.core.unread import Unread

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.ASCII | re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_CLOSES = {"if": "fi", "case": "esac", "do": "done", "{": "}"}
# after these a command begins again
_LEADS = frozenset(
    ("if", "then", "elif", "else", "while", "until", "do", "{", "!", "time", "fi", "done", "}")
)
_REDIRECTS = re.compile(r"[0-9]*[<>].*|&>>?")
_FUNCTION = Word("function", literal=True, bare=True)


class Exports(msgspec.Struct, frozen=True):
    """The variables that are exported, and what could not be followed."""

    values: Mapping[str, str]
    unread: tuple[Unread, ...]


def read(name: str, text: str) -> Exports:
    """The exports of a script, called ``name`` in what is told of it."""
    reader = _Reader(name)
    line = 0
    try:
        for token in tokens(text):
            line = token.line
            reader.take(token)
    except OpenError as error:
        reader.tell(error.line, f"{error}, so nothing from there on is read")
    else:
        reader.end(line)
    return Exports(reader.exported, tuple(reader.unread))


class _Reader(msgspec.Struct):
    name: str
    exported: dict[str, str] = msgspec.field(default_factory=dict)
    unread: list[Unread] = msgspec.field(default_factory=list)
    _known: dict[str, str] = msgspec.field(default_factory=dict)
    _words: list[Word] = msgspec.field(default_factory=list)
    _line: int = 0
    _before: str = "\n"
    # whether it is redirected, and whether the next word is where to
    _is_bent: bool = False
    _names_file: bool = False
    # what closes each open bracket or reserved word, its line, whether a function's body
    _open: list[tuple[str, int, bool]] = msgspec.field(default_factory=list)
    _functions: int = 0
    _names_function: bool = False

    def take(self, token: Token) -> None:
        """Follow one token of the script."""
        names_file, self._names_file = self._names_file, False
        if token.word is not None:
            if not names_file:
                self._take_word(token.word, token.line)
        elif token.operator == "(":
            self._take_bracket(token.line)
        elif _REDIRECTS.fullmatch(token.operator):
            self._is_bent = self._names_file = True
        else:
            self._finish(token.operator)
            if token.operator == ")":
                self._close(")", token.line)

    def end(self, line: int) -> None:
        """The script is over, after this line."""
        self._finish("\n")
        if self._open:
            closes, began, _ = self._open[-1]
            self.tell(began, f"what should end with {closes!r} does not, up to line {line}")

    def tell(self, line: int, cause: str) -> None:
        """Remember what cannot be followed."""
        self.unread.append(Unread(self.name, line, cause))

    def _take_word(self, word: Word, line: int) -> None:
        if self._words[:1] == [_FUNCTION] and word.text == "{":
            self._words.clear()
            self._names_function = True
        if self._words or not word.bare or not self._is_reserved(word.text):
            if not self._words:
                self._line = line
            self._words.append(word)
            return
        text = word.text
        if text in _CLOSES:
            self._push(_CLOSES[text], line)
        elif text in ("fi", "done", "esac", "}"):
            self._close(text, line)
        if text == "case":
            # its word, `in` and the patterns up to ')' are no commands of their own
            self._words.append(word)
            self._line = line

    def _is_reserved(self, text: str) -> bool:
        return text in _LEADS or text in ("case", "esac")

    def _take_bracket(self, line: int) -> None:
        count = len(self._words)
        is_name = count == 1 or (count == 2 and self._words[0] == _FUNCTION)
        if is_name and not _assigns(self._words[-1]):
            # NAME ( ): its body is what comes next
            self._words.clear()
            self._open.append((")", line, False))
            self._names_function = True
            return
        if self._words:
            self._is_bent = True
        else:
            self._before = "\n"
        self._push(")", line)

    def _push(self, closes: str, line: int) -> None:
        self._open.append((closes, line, self._names_function))
        self._functions += self._names_function
        self._names_function = False

    def _close(self, closes: str, line: int) -> None:
        if closes == ")" and self._open and self._open[-1][0] == "esac":
            return  # the end of a pattern
        if self._open and self._open[-1][0] == closes:
            _, _, is_function = self._open.pop()
            self._functions -= is_function
            return
        self.tell(line, f"{closes!r} closes nothing that is open")

    def _finish(self, operator: str) -> None:
        """The simple command before this operator is whole."""
        words, before, is_bent = self._words, self._before, self._is_bent
        self._words, self._is_bent = [], False
        if operator != "\n" or words:
            self._before = operator
        if words[:1] == [_FUNCTION]:
            self._names_function = True
        if not words or self._functions:
            return
        joined = before in ("&&", "||", "|", "|&") or operator in ("&", "|", "|&")
        self._follow(words, is_plain=not (is_bent or joined or self._open))

    def _follow(self, words: Sequence[Word], *, is_plain: bool) -> None:
        count = next((n for n, word in enumerate(words) if not _assigns(word)), len(words))
        rest = words[count:]
        if not rest:
            for word in words:
                self._assign(word, is_plain=is_plain)
        elif rest[0].text == "export" or _declares_export(rest):
            has_option = any(word.text.startswith("-") for word in rest)
            for word in rest[1:]:
                if not word.text.startswith("-"):
                    self._export(word, is_plain=is_plain and count == 0 and not has_option)

    def _assign(self, word: Word, *, is_plain: bool) -> None:
        match = _ASSIGNMENT.fullmatch(word.text)
        assert match is not None
        if match[1] in self.exported:
            self._set(match[1], match[2], word, is_plain=is_plain)
        elif is_plain and _is_literal(word, match[2]):
            self._known[match[1]] = match[2]
        else:
            self._known.pop(match[1], None)

    def _export(self, word: Word, *, is_plain: bool) -> None:
        match = _ASSIGNMENT.fullmatch(word.text)
        if match is not None:
            self._set(match[1], match[2], word, is_plain=is_plain)
        elif _NAME.fullmatch(word.text) and word.text in self.exported:
            return
        elif _NAME.fullmatch(word.text) and word.text in self._known and is_plain:
            self.exported[word.text] = self._known[word.text]
        else:
            self._tell_export(word.text)

    def _set(self, name: str, value: str, word: Word, *, is_plain: bool) -> None:
        if is_plain and _is_literal(word, value):
            self.exported[name] = value
        else:
            self._tell_export(name)

    def _tell_export(self, name: str) -> None:
        shown = plain(name[:40])
        self.tell(
            self._line, f"the export of {shown} is no plain assignment, so {shown} is not read"
        )


def _declares_export(words: Sequence[Word]) -> bool:
    options = (word.text for word in words if word.text.startswith("-"))
    return words[0].text in ("declare", "typeset") and any("x" in option for option in options)


def _assigns(word: Word) -> bool:
    return _ASSIGNMENT.fullmatch(word.text) is not None


def _is_literal(word: Word, value: str) -> bool:
    return word.literal and not (word.bare and value.startswith("~"))
