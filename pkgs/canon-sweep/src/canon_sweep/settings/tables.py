"""A table of the configuration, checked key by key against its record."""

from __future__ import annotations

import datetime
import functools
import os
import re
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from canon_sweep.core import names
from canon_sweep.settings.duration import seconds
from canon_sweep.settings.size import size
from canon_sweep.settings.table import Table
from canon_sweep.settings.values import Bytes, Seconds, SecretFile, Until

# a service's credentials are there; elsewhere the variable's name says what is missing
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
# the module writes a host's port behind a plus, and parts of a name behind an equals sign
_CREDENTIAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+=-]{0,254}", re.ASCII)
# a key that is shown as it is
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")


def convert(value: Any, wanted: Any) -> Any:
    """Turn a parsed value into what the records want, as msgspec does.

    Raises:
        msgspec.ValidationError: it is something else.
    """
    return msgspec.convert(value, wanted, dec_hook=_decode)


def _decode(wanted: type, value: object) -> object:
    if wanted is Seconds:
        return seconds(value)
    if wanted is Bytes:
        return size(value)
    if wanted is Until:
        return _until(value)
    if wanted is SecretFile and isinstance(value, str) and _CREDENTIAL.fullmatch(value):
        return SecretFile(os.environ.get(_CREDENTIALS, f"${_CREDENTIALS}"), value)
    if wanted in (Path, SecretFile):
        if not (isinstance(value, str) and value.startswith("/")):
            name = ", or a credential's name" if wanted is SecretFile else ""
            raise ValueError(f"expected an absolute path{name}")
        if "\0" in value:
            raise ValueError("a path has no NUL character")
        return wanted(value)
    raise ValueError(f"expected a {wanted.__name__}")


def _until(value: object) -> Until:
    # TOML has days of its own; a moment is none
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return Until(value.isoformat())
    if isinstance(value, str) and value:
        return Until(value)
    raise ValueError('expected a day such as "2027-01-31", or a release\'s tag')


def table_problems(table: type[Table], tree: object, at: str) -> Iterator[str]:
    """Check a table key by key, so that one mistake does not hide the next.

    A key of its own that lies in one of its tables is said to be in the wrong place.
    """
    return _value_problems(table, tree, at, _fields(table))


_Fields = Mapping[str, msgspec.structs.FieldInfo]


def _key_problems(table: type[Table], tree: object, at: str, top: _Fields) -> Iterator[str]:
    if not isinstance(tree, dict):
        yield f"{at}: expected a table"
        return
    fields = _fields(table)
    tag = table.__struct_config__.tag_field
    for key in tree:
        if key not in fields and key != tag:
            other = _misplaced(key, tree[key], top) or _suggestion(key, fields)
            yield f"{key_of(at, key)}: unknown key{other}"
    for key, field in fields.items():
        if key in tree:
            yield from _value_problems(field.type, tree[key], key_of(at, key), top)
        elif field.required:
            yield f"{key_of(at, key)}: missing"


_UNIONS = (types.UnionType, typing.Union)


@functools.cache
def _fields(table: type[Table]) -> _Fields:
    # msgspec works them out anew whenever it is asked, and there may be hundreds of recipes
    return {field.encode_name: field for field in msgspec.structs.fields(table)}


def _value_problems(wanted: Any, value: object, at: str, top: _Fields) -> Iterator[str]:
    # of most there is nothing to tell, and msgspec knows that of a whole table at once
    try:
        convert(value, wanted)
    except msgspec.ValidationError as error:
        yield from _told(wanted, value, at, str(error), top)


def _told(wanted: Any, value: object, at: str, error: str, top: _Fields) -> Iterator[str]:
    """What is wrong with a value of which msgspec says ``error``, as near to the key as can be."""
    kind, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    tables = [each for each in arguments if _is_table(each)]
    if isinstance(value, dict) and kind in _UNIONS and len(tables) == 1:
        yield from _key_problems(tables[0], value, at, top)
    elif isinstance(wanted, type) and issubclass(wanted, Table):
        yield from _key_problems(wanted, value, at, top)
    elif kind is dict and isinstance(value, dict):
        for name, body in value.items():
            if _is_table(arguments[1]) and not isinstance(body, dict):
                yield f"{key_of(at, name)}: expected a table{_misplaced(name, body, top)}"
                continue
            yield from _value_problems(arguments[1], body, key_of(at, name), top)
    elif kind is tuple and isinstance(value, list) and _is_of_tables(arguments[0]):
        problems = _key_problems if _is_table(arguments[0]) else _probe_problems
        for number, body in enumerate(value, start=1):
            yield from problems(arguments[0], body, f"{at}[{number}]", top)
    elif kind in _UNIONS and tables and str in map(_plain_type, arguments):
        # msgspec calls a table an object, and says nothing of its keys
        yield f"{at}: expected a text, or a table with {', '.join(_fields(tables[0]))}"
    else:
        # for a mistake alone: start-up
        from canon_sweep.settings.words import place, said  # noqa: PLC0415

        yield f"{at}{place(error)}: {said(error, wanted)}"


def _plain_type(wanted: Any) -> Any:
    """A type without what is said of its values."""
    return typing.get_args(wanted)[0] if typing.get_origin(wanted) is Annotated else wanted


def _probe_problems(wanted: Any, body: object, at: str, top: _Fields) -> Iterator[str]:
    kinds = {str(kind.__struct_config__.tag): kind for kind in typing.get_args(wanted)}
    if not isinstance(body, dict):
        yield f"{at}: expected a table"
    elif not (isinstance(body.get("type"), str) and body["type"] in kinds):
        yield f"{key_of(at, 'type')}: expected one of {', '.join(sorted(kinds))}"
    else:
        yield from _key_problems(kinds[body["type"]], body, at, top)


def _is_table(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, Table)


def _is_of_tables(wanted: Any) -> bool:
    """Whether it is a table, or one of several kinds of probes."""
    kinds = typing.get_args(wanted) if isinstance(wanted, types.UnionType) else (wanted,)
    return all(map(_is_table, kinds))


def key_of(at: str, key: str) -> str:
    """The dotted name of a key of the table ``at``, hostile or not."""
    shown = key if _PLAIN_KEY.fullmatch(key) else names.printable(key)
    return f"{at}.{shown}" if at else shown


def _misplaced(key: str, value: object, top: _Fields) -> str:
    """Where a key of the top belongs: TOML takes what stands behind a table's name for its own."""
    if key not in top:
        return ""
    where = f"as [{key}]" if isinstance(value, dict) else "above the first [table]"
    return f" here; {key} belongs to the top, {where}"


def _suggestion(key: str, known: Mapping[str, object]) -> str:
    import difflib  # noqa: PLC0415 - start-up: for a mistake alone

    close = difflib.get_close_matches(key, known, n=1)
    return f", did you mean {close[0]}?" if close else ""
