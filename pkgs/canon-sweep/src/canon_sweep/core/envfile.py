"""A recipe's ``.env.sample`` and ``abra.sh`` as values; neither is ever executed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dotenv import dotenv_values

from canon_sweep.errors import RecipeFault

# The text is a stranger's: each is matched once with a line, never searched for in a text.
_EXPORT = re.compile(r"export\s+([A-Za-z_][A-Za-z0-9_]*)=(\S*)\s*", re.ASCII)
_VERSION = re.compile(r"SECRET_[A-Z0-9_]+_VERSION", re.ASCII)
_LENGTH = re.compile(r"\blength=([0-9]{1,3})\b", re.ASCII)
# the library that reads the sample takes the square of such a run's length
_BLANKS = re.compile(r"[^\S\n]+")
MAX_BLANKS = 256


@dataclass(frozen=True, slots=True)
class AppEnv:
    """The variables of a deployment and the lengths asked for its secrets."""

    values: Mapping[str, str]
    lengths: Mapping[str, int]


def app_env(
    sample: str, abra_sh: str, operator: Mapping[str, str], *, recipe: str, stack: str, domain: str
) -> AppEnv:
    """The variables that the compose files of one deployment are read with.

    As abra does it: the exports of ``abra.sh`` (config versions), the sample's
    values, the operator's on top, then the names of this deployment.

    Raises:
        RecipeFault: the sample is made to be slow to read.
    """
    if any(len(run) > MAX_BLANKS for run in _BLANKS.findall(sample)):
        raise RecipeFault(f".env.sample has more than {MAX_BLANKS} blanks in a row")
    values = dict(_exports(abra_sh))
    # without interpolation: a sample must not be able to read our environment
    parsed = dotenv_values(stream=io.StringIO(sample), interpolate=False)
    values |= {name: value or "" for name, value in parsed.items()}
    values |= operator
    values |= {"TYPE": recipe, "DOMAIN": domain, "STACK_NAME": stack}
    return AppEnv(values, dict(_lengths(sample)))


def compose_files(values: Mapping[str, str]) -> tuple[str, ...]:
    """The compose files to deploy, in order (``COMPOSE_FILE``, colon-separated)."""
    chain = values.get("COMPOSE_FILE") or "compose.yml"
    chain = chain.replace("$COMPOSE_FILE", "compose.yml")
    return tuple(dict.fromkeys(part for part in chain.split(":") if part))


def _exports(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        match = _EXPORT.fullmatch(line)
        if match:
            yield match[1], match[2]


def _lengths(text: str) -> Iterator[tuple[str, int]]:
    for line in text.split("\n"):
        value, _, comment = line.partition("#")
        name, is_set, _ = value.partition("=")
        length = _LENGTH.search(comment)
        if is_set and length and _VERSION.fullmatch(name):
            yield name, int(length[1])
