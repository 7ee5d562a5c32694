"""What an expression is worth, as far as that can be told without running anything.

There are literals, arithmetic on numbers, texts put together, lists and tables of those, and
in a hook the domain of a test.  All of it is bounded: a file that is small must not become
large, and none takes long.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from canon_sweep.ccci.operation import (
    MAX_TEXT,
    formatted,
    is_number,
    is_text,
    joined,
    number,
    reckoned,
    repeated,
    spelled,
)
from canon_sweep.ccci.value import Domain, Hook, Table, Template, Undecided, UndecidedError

MAX_DEPTH = 100
"""Of expressions within each other."""
MAX_WORK = 200_000
"""Steps for one file: nodes read, and what they are made of counted again in each whole."""

_KINDS = {
    ast.Call: "a call",
    ast.IfExp: "a condition",
    ast.BoolOp: "a condition",
    ast.Compare: "a comparison",
    ast.Subscript: "a part of another value",
    ast.Attribute: "a part of another value",
    ast.Lambda: "a function within a value",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.NamedExpr: "an assignment within an expression",
}
_OF_CONTEXT = {
    "domain": Template((Domain(),)),
    "base_url": Template(("https://", Domain())),
}


class Work(msgspec.Struct):
    """How many steps are left for a file."""

    left: int = MAX_WORK

    def take(self, line: int, steps: int = 1) -> None:
        """Use some of it up.

        Raises:
            UndecidedError: there are none left.
        """
        self.left -= steps
        if self.left < 0:
            raise UndecidedError(line, "is too much to work out")


class Reader(msgspec.Struct):
    """Reads expressions; ``names`` has what the file has named before.

    ``parameter`` is what a hook calls its context; empty outside of one.
    """

    names: Mapping[str, object]
    work: Work
    parameter: str = ""
    _depth: int = 0

    def value(self, node: ast.expr) -> object:
        """What an expression stands for.

        Values of a table that cannot be told are in it as `Undecided`.

        Raises:
            UndecidedError: it cannot be told.
        """
        self.work.take(node.lineno)
        if self._depth >= MAX_DEPTH:
            raise UndecidedError(node.lineno, "is nested too deeply")
        read = _READERS.get(type(node))
        if read is None:
            what = _KINDS.get(type(node), "an expression of another kind")
            raise UndecidedError(node.lineno, f"{what} cannot be told without running it")
        self._depth += 1
        try:
            return read(self, node)
        finally:
            self._depth -= 1

    def _constant(self, node: ast.Constant) -> object:
        value = node.value
        if value is not None and not isinstance(value, str | int | float):
            raise UndecidedError(node.lineno, f"{type(value).__name__} is no value of a setting")
        if isinstance(value, str):
            return self._text(node.lineno, value)
        return value if value is None else number(node.lineno, value)

    def _text(self, line: int, text: str | Template) -> str | Template:
        self.work.take(line, len(text) // 64)
        if len(text) > MAX_TEXT:
            raise UndecidedError(line, f"is a text of more than {MAX_TEXT} characters")
        return text

    def _name(self, node: ast.Name) -> object:
        if node.id not in self.names or node.id == self.parameter:
            raise UndecidedError(node.lineno, f"{node.id} has no value that can be told")
        value = self.names[node.id]
        if isinstance(value, Undecided):
            raise UndecidedError(node.lineno, f"{node.id} cannot be told, see line {value.line}")
        if isinstance(value, Hook):
            raise UndecidedError(node.lineno, f"{node.id} is a function")
        self._count(node.lineno, value)
        return value

    def _attribute(self, node: ast.Attribute) -> object:
        of = node.value
        if not (self.parameter and isinstance(of, ast.Name) and of.id == self.parameter):
            raise UndecidedError(node.lineno, "a part of another value cannot be told")
        if node.attr not in _OF_CONTEXT:
            known = " and ".join(f".{name}" for name in _OF_CONTEXT)
            raise UndecidedError(
                node.lineno, f".{node.attr} of a hook's argument has no counterpart: {known} have"
            )
        return _OF_CONTEXT[node.attr]

    def _unary(self, node: ast.UnaryOp) -> object:
        value = self.value(node.operand)
        if not is_number(value) or not isinstance(node.op, ast.USub | ast.UAdd):
            raise UndecidedError(node.lineno, "is no sign before a number")
        return -value if isinstance(node.op, ast.USub) else value

    def _binary(self, node: ast.BinOp) -> object:
        left, right = self.value(node.left), self.value(node.right)
        line = node.lineno
        if is_number(left) and is_number(right):
            return reckoned(line, node.op, left, right)
        if isinstance(node.op, ast.Add) and is_text(left) and is_text(right):
            return self._text(line, joined((left, right)))
        if isinstance(node.op, ast.Mod) and is_text(left):
            return self._text(line, formatted(line, left, right))
        if isinstance(node.op, ast.Mult):
            return self._text(line, repeated(line, left, right))
        if isinstance(node.op, ast.BitOr) and isinstance(left, Table) and isinstance(right, Table):
            return self._counted(line, left.merged(right))
        if isinstance(node.op, ast.Add) and isinstance(left, list) and isinstance(right, list):
            return self._counted(line, left + right)
        raise UndecidedError(line, "puts together what is neither numbers nor texts")

    def _joined_text(self, node: ast.JoinedStr) -> object:
        parts: list[str | Template] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                if part.format_spec is not None or part.conversion not in (-1, ord("s")):
                    raise UndecidedError(part.lineno, "is formatted in a way that is not followed")
                parts.append(spelled(part.lineno, self.value(part.value)))
            else:
                parts.append(spelled(node.lineno, self.value(part)))
        return self._text(node.lineno, joined(parts))

    def _call(self, node: ast.Call) -> object:
        """``"sep".join([…])``, and nothing else that is called."""
        match node:
            case ast.Call(
                func=ast.Attribute(value=separator, attr="join"),
                args=[ast.List() | ast.Tuple() | ast.Name() as given],
                keywords=[],
            ):
                between, parts = self.value(separator), self.value(given)
            case _:
                raise UndecidedError(node.lineno, "a call cannot be told without running it")
        if not isinstance(between, str) or not isinstance(parts, list | tuple):
            raise UndecidedError(node.lineno, "a call cannot be told without running it")
        if not all(map(is_text, parts)):
            raise UndecidedError(node.lineno, "joins what is no text")
        pieces = [piece for part in parts for piece in (between, part)][1:]
        return self._text(node.lineno, joined(pieces))

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> object:
        found: list[object] = []
        for each in node.elts:
            if isinstance(each, ast.Starred):
                found += self._spread(each.value)
            else:
                found.append(self.value(each))
        self._count(node.lineno, found)
        kinds: dict[type[ast.expr], Callable[[list[object]], object]] = {
            ast.List: list,
            ast.Tuple: tuple,
            ast.Set: set,
        }
        try:
            return kinds[type(node)](found)
        except TypeError:
            raise UndecidedError(node.lineno, "a set has something that no set can have") from None

    def _spread(self, node: ast.expr) -> list[object]:
        value = self.value(node)
        if not isinstance(value, list | tuple):
            raise UndecidedError(node.lineno, "spreads what is no list")
        return list(value)

    def _table(self, node: ast.Dict) -> object:
        found = Table({}, {})
        for key, each in zip(node.keys, node.values, strict=True):
            if key is None:
                more = self.value(each)
                if not isinstance(more, Table):
                    raise UndecidedError(each.lineno, "merges what is no table")
                found = found.merged(more)
            else:
                name = self.value(key)
                if not isinstance(name, str | int | float | None):
                    raise UndecidedError(key.lineno, "has a key that is no plain text")
                found[name] = self._entry(each)
                found.lines[name] = key.lineno
        return self._counted(node.lineno, found)

    def _entry(self, node: ast.expr) -> object:
        try:
            return self.value(node)
        except UndecidedError as error:
            if self.work.left < 0:
                raise
            return error.undecided

    def _counted(self, line: int, value: object) -> object:
        self._count(line, value)
        return value

    def _count(self, line: int, value: object) -> None:
        """A whole is as much work as it has parts, however often one of them is in it."""
        todo = [value]
        while todo:
            self.work.take(line)
            each = todo.pop()
            if isinstance(each, dict):
                todo += each.values()
            elif isinstance(each, list | tuple | set):
                todo += each


_READERS: dict[type[ast.expr], Callable[[Reader, Any], object]] = {
    ast.Constant: Reader._constant,
    ast.Name: Reader._name,
    ast.Attribute: Reader._attribute,
    ast.UnaryOp: Reader._unary,
    ast.BinOp: Reader._binary,
    ast.JoinedStr: Reader._joined_text,
    ast.Call: Reader._call,
    ast.List: Reader._sequence,
    ast.Tuple: Reader._sequence,
    ast.Set: Reader._sequence,
    ast.Dict: Reader._table,
}
