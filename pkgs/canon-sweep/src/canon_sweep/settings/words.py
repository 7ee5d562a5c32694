"""What is wrong with a value, in the words of whoever writes TOML.  Pure.

msgspec speaks of Python's and JSON's types: of an int, an array, an object, an enum.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from typing import Any, Literal

from canon_sweep.core import names

# of a sentence that quotes a value
LONGEST = 160

_WANTED = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
_GOT = _WANTED | {
    "int": "a number",
    "float": "a number that is not whole",
    "date": "a day without quotes",
    "datetime": "a moment without quotes",
    "time": "a time without quotes",
}
_RULES = {
    "": "",
    " of length >= 1": " that is not empty",
    " matching regex '^/'": " that begins with /",
}
_BOUND = re.compile(r" (>=|<=) (-?[0-9]+)")
_BOUNDS = {">=": ", {} or more", "<=": ", at most {}"}
_EXPECTED = re.compile(r"Expected `([^`]*)`([^,]*)(?:, got `([^`]*)`)?")
_ENUM = "Invalid enum value "
# its own path (`$...[...]`) is less exact than ours, but for the numbers of a list
_PATH = re.compile(r"\s*- at `\$[^`]*`$")
_NUMBERS = re.compile(r" - at `\$((?:\[[0-9]+\])+)`$")


def said(error: str, wanted: Any) -> str:
    """A sentence for what msgspec says of a value that is to be ``wanted``."""
    text = _PATH.sub("", error)
    choices = _choices(wanted)
    found = _EXPECTED.fullmatch(text)
    if choices and (found or text.startswith(_ENUM)):
        value = names.plain(names.cut(text.removeprefix(_ENUM), LONGEST))
        got = _named(found[3], _GOT) if found else value
        return f"expected one of {', '.join(choices)}{f', got {got}' if got else ''}"
    if found is None:
        return _as_it_is(text)
    kind, rule, got = _named(found[1], _WANTED), _rule(found[2]), _named(found[3], _GOT)
    if not kind or rule is None:
        return _as_it_is(text)
    return f"expected {kind}{rule}{f', got {got}' if got else ''}"


def place(error: str) -> str:
    """Which of a list's values msgspec means, counted from 1: ``[2]``; empty if it says none."""
    found = _NUMBERS.search(error)
    return re.sub("[0-9]+", lambda n: str(int(n[0]) + 1), found[1]) if found else ""


def _named(kinds: str | None, words: Mapping[str, str]) -> str:
    """The kinds of values, as ``int | null`` has them; TOML has no null.  Empty if not known."""
    told = [words.get(kind, "") for kind in (kinds or "").split(" | ") if kind != "null"]
    return " or ".join(told) if all(told) else ""


def _rule(text: str) -> str | None:
    """What has to be true of the value besides; None if there are no words for it."""
    bound = _BOUND.fullmatch(text)
    return _BOUNDS[bound[1]].format(bound[2]) if bound else _RULES.get(text)


def _choices(wanted: Any) -> tuple[str, ...]:
    """What can be chosen from, where it is that: a text, or none."""
    for kind in (wanted, *typing.get_args(wanted)):
        if typing.get_origin(kind) is Literal:
            return typing.get_args(kind)
    return ()


def _as_it_is(text: str) -> str:
    shown = names.plain(names.cut(text.replace("`", ""), LONGEST))
    return shown[:1].lower() + shown[1:]
