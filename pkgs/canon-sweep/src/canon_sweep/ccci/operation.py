"""What operators make of numbers and texts, within bounds."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard

from canon_sweep.ccci.value import Template, UndecidedError

MAX_TEXT = 4096
"""Characters of any one text."""
MAX_NUMBER = 2**63
MAX_POWER = 64

_NUMBERS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_FORMAT = re.compile(r"%(.?)", re.DOTALL)
_NO_MORE = object()


def formatted(line: int, form: object, values: object) -> str | Template:
    """``form % values``, with ``%s``, ``%d`` and ``%%`` alone.

    Raises:
        UndecidedError: it has anything else in it, or too few values or too many.
    """
    given = iter(values if isinstance(values, tuple) else (values,))
    if not isinstance(form, str):
        raise UndecidedError(line, "a format has to be a plain text")
    parts: list[str | Template] = []
    end = 0
    for match in _FORMAT.finditer(form):
        parts.append(form[end : match.start()])
        parts.append("%" if match[1] == "%" else _filled(line, match[1], given))
        end = match.end()
    if next(given, _NO_MORE) is not _NO_MORE:
        raise UndecidedError(line, "has more values than places")
    return joined((*parts, form[end:]))


def _filled(line: int, kind: str, given: Iterator[object]) -> str | Template:
    value = next(given, _NO_MORE)
    if kind not in ("s", "d") or value is _NO_MORE:
        raise UndecidedError(line, "is formatted in a way that is not followed")
    if kind == "d" and not (is_number(value) and isinstance(value, int)):
        raise UndecidedError(line, "%d is for whole numbers")
    return spelled(line, value)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number; yes and no are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_text(value: object) -> TypeGuard[str | Template]:
    """Whether it is a text, or one with the domain in it."""
    return isinstance(value, str | Template)


def number(line: int, value: float) -> float:
    """A number that our settings can have.

    Raises:
        UndecidedError: it is another.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise UndecidedError(line, "is no number that can be written")
    if not -MAX_NUMBER < value < MAX_NUMBER:
        raise UndecidedError(line, "is too large a number")
    return value


def reckoned(line: int, how: ast.operator, left: object, right: object) -> object:
    """Arithmetic.

    Raises:
        UndecidedError: it cannot be reckoned out, or the result is no number for settings.
    """
    reckon = _NUMBERS.get(type(how))
    if reckon is None:
        raise UndecidedError(line, "is no arithmetic that is followed")
    if isinstance(how, ast.Pow) and not (isinstance(right, int) and 0 <= right <= MAX_POWER):
        raise UndecidedError(line, f"is no power between 0 and {MAX_POWER}")
    try:
        return number(line, reckon(left, right))
    except (ZeroDivisionError, OverflowError):
        raise UndecidedError(line, "cannot be reckoned out") from None


def repeated(line: int, left: object, right: object) -> str | Template:
    """A text so many times.

    Raises:
        UndecidedError: it is something else, or too long.
    """
    text, times = (right, left) if is_number(left) else (left, right)
    if not (isinstance(text, str) and is_number(times) and isinstance(times, int)):
        raise UndecidedError(line, "puts together what is neither numbers nor texts")
    if len(text) * times > MAX_TEXT:
        raise UndecidedError(line, f"is a text of more than {MAX_TEXT} characters")
    return text * times


def spelled(line: int, value: object) -> str | Template:
    """A value as a text has it.

    Raises:
        UndecidedError: it is no text and no number.
    """
    if isinstance(value, str | Template):
        return value
    if value is None or isinstance(value, int | float):
        return str(value)
    raise UndecidedError(line, "puts what is no text into a text")


def joined(parts: Iterable[str | Template]) -> str | Template:
    """Texts one behind the other."""
    pieces = list(parts)
    plain = [piece for piece in pieces if isinstance(piece, str)]
    if len(plain) == len(pieces):
        return "".join(plain)
    whole = Template(())
    for piece in pieces:
        whole += piece if isinstance(piece, Template) else Template((piece,))
    return whole
