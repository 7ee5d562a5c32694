"""Reads a configuration file and reports every mistake in it at once."""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from canon_sweep.core import names
from canon_sweep.core.version import pattern_problem
from canon_sweep.errors import SettingsFault
from canon_sweep.settings.records import RecipeSettings, Seconds, Settings, Table

# a label of 11 characters and a dot come before it, and a stack's name may have 45
MAX_DOMAIN = 33

MAX_SECONDS = 30 * 365 * 86400

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|min|[smhdw])\s*", re.ASCII)


def load(path: Path) -> Settings:
    """Read a TOML file.

    Raises:
        SettingsFault: the file cannot be used; it names every problem by its key.
    """
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsFault(str(path), (f"it cannot be read: {error.strerror}",)) from None
    except UnicodeDecodeError:
        raise SettingsFault(str(path), ("it is not UTF-8 text",)) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsFault(str(path), (f"it is not TOML: {error}",)) from None
    return read(tree, str(path))


def read(tree: Mapping[str, Any], where: str) -> Settings:
    """Turn a parsed configuration into settings.

    Raises:
        SettingsFault: as for `load`.
    """
    problems = list(_table_problems(Settings, tree, ""))
    recipes = tree.get("recipes", {})
    if isinstance(recipes, dict):
        problems += _enrolment_problems(recipes)
        for name, body in recipes.items():
            if isinstance(body, dict):
                problems += _recipe_problems(_key("recipes", name), body)
    domain = tree.get("domain")
    if isinstance(domain, str) and domain and not names.is_domain(domain):
        problems.append(f"domain: {names.printable(domain)} is no domain name")
    if isinstance(domain, str) and len(domain) > MAX_DOMAIN:
        problems.append(f"domain: longer than {MAX_DOMAIN} characters, too long for a stack's name")
    if problems:
        raise SettingsFault(where, tuple(problems))
    return typing.cast(Settings, _convert(tree, Settings))


def seconds(value: object) -> Seconds:
    """Read a duration: a number of seconds, or text such as ``"1h 30m"``.

    Raises:
        ValueError: it is neither, or not positive.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        total = float(value)
    elif isinstance(value, str) and value and not _DURATION.sub("", value):
        total = sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(value))
    else:
        raise ValueError('expected a duration such as "90s", "5m", "1h 30m" or "6d"')
    if not 0 < total < MAX_SECONDS:
        raise ValueError("expected a duration longer than 0 and shorter than 30 years")
    return Seconds(total)


def _convert(value: Any, wanted: Any) -> Any:
    return msgspec.convert(value, wanted, dec_hook=_decode)


def _decode(wanted: type, value: object) -> object:
    if wanted is Seconds:
        return seconds(value)
    if wanted is Path and isinstance(value, str):
        if not value.startswith("/"):
            raise ValueError("expected an absolute path")
        return Path(value)
    raise ValueError(f"expected a {wanted.__name__}")


def _table_problems(table: type[Table], tree: object, at: str) -> Iterator[str]:
    """Check a table key by key, so that one mistake does not hide the next."""
    if not isinstance(tree, dict):
        yield f"{at}: expected a table"
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(table)}
    tag = table.__struct_config__.tag_field
    for key in tree:
        if key not in fields and key != tag:
            yield f"{_key(at, key)}: unknown key{_suggestion(key, fields)}"
    for key, field in fields.items():
        if key in tree:
            yield from _value_problems(field.type, tree[key], _key(at, key))
        elif field.required:
            yield f"{_key(at, key)}: missing"


def _value_problems(wanted: Any, value: object, at: str) -> Iterator[str]:
    kind, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if isinstance(wanted, type) and issubclass(wanted, Table):
        yield from _table_problems(wanted, value, at)
    elif kind is dict and isinstance(value, dict) and _is_table(arguments[1]):
        for name, body in value.items():
            yield from _table_problems(arguments[1], body, _key(at, name))
    elif kind is tuple and isinstance(value, list) and _is_probe(arguments[0]):
        for number, body in enumerate(value, start=1):
            yield from _probe_problems(arguments[0], body, f"{at}[{number}]")
    else:
        try:
            _convert(value, wanted)
        except msgspec.ValidationError as error:
            choices = f", expected one of {', '.join(arguments)}" if kind is Literal else ""
            yield f"{at}: {_plain(str(error))}{choices}"


def _probe_problems(wanted: Any, body: object, at: str) -> Iterator[str]:
    kinds = {str(kind.__struct_config__.tag): kind for kind in typing.get_args(wanted)}
    if not isinstance(body, dict):
        yield f"{at}: expected a table"
    elif body.get("type") not in kinds:
        yield f"{_key(at, 'type')}: expected one of {', '.join(sorted(kinds))}"
    else:
        yield from _table_problems(kinds[body["type"]], body, at)


def _is_table(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, Table)


def _is_probe(wanted: Any) -> bool:
    return isinstance(wanted, types.UnionType) and all(map(_is_table, typing.get_args(wanted)))


def _enrolment_problems(recipes: Mapping[str, Any]) -> Iterator[str]:
    tables = [body for body in recipes.values() if isinstance(body, dict)]
    if not any(body.get("enroll", True) is True for body in tables):
        yield (
            "recipes: no recipe takes part in the sweep: nothing would be tested, and every"
            " night would look green; enrol a recipe, or disable the timer"
        )


def _recipe_problems(at: str, body: Mapping[str, Any]) -> Iterator[str]:
    exception = body.get("exception", "")
    written = isinstance(exception, str) and bool(exception.strip())
    if body.get("enroll", True) is False and not written:
        yield f'{at}.exception: enroll = false needs a reason, e.g. "mail store without bound"'
    if body.get("enroll", True) is True and written:
        yield f"{at}.exception: a reason to stay out, but the recipe is enrolled"
    pattern = body.get("tagPattern")
    problem = pattern_problem(pattern) if isinstance(pattern, str) else None
    if problem:
        yield f"{at}.tagPattern: {problem}"
    branch = body.get("branch")
    problem = names.branch_problem(branch) if isinstance(branch, str) and branch else None
    if problem:
        yield f"{at}.branch: {problem}"
    if body.get("upstream") is not None and body.get("upstream") == body.get("mirror"):
        yield f"{at}.mirror: is the same as upstream"


def _key(at: str, key: str) -> str:
    shown = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else names.printable(key)
    return f"{at}.{shown}" if at else shown


def _suggestion(key: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f", did you mean {close[0]}?" if close else ""


def _plain(message: str) -> str:
    """msgspec's own path (``$...[...]``) is less exact than ours."""
    text = re.sub(r"\s*- at `\$[^`]*`$", "", message).replace("`", "")
    return text[:1].lower() + text[1:]


def digest_of(recipe: RecipeSettings, *context: str) -> str:
    """A short fingerprint of a recipe's settings and of whatever else decides its test."""
    body = msgspec.json.encode(recipe, order="deterministic", enc_hook=float)
    return hashlib.sha256(b"\0".join([body, *(c.encode() for c in context)])).hexdigest()[:16]
