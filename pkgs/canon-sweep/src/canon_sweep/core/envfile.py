"""A recipe's ``.env.sample`` and ``abra.sh`` as values; neither is ever executed."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from dotenv import dotenv_values

_EXPORT = re.compile(r"^export\s+([A-Za-z_][A-Za-z0-9_]*)=(\S*)\s*$", re.MULTILINE | re.ASCII)
_LENGTH = re.compile(
    r"^(SECRET_[A-Z0-9_]+_VERSION)=.*#.*\blength=([0-9]{1,3})\b", re.MULTILINE | re.ASCII
)


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
    """
    values = dict(_EXPORT.findall(abra_sh))
    # without interpolation: a sample must not be able to read our environment
    parsed = dotenv_values(stream=io.StringIO(sample), interpolate=False)
    values |= {name: value or "" for name, value in parsed.items()}
    values |= operator
    values |= {"TYPE": recipe, "DOMAIN": domain, "STACK_NAME": stack}
    lengths = {name: int(length) for name, length in _LENGTH.findall(sample)}
    return AppEnv(values, lengths)


def compose_files(values: Mapping[str, str]) -> tuple[str, ...]:
    """The compose files to deploy, in order (``COMPOSE_FILE``, colon-separated)."""
    chain = values.get("COMPOSE_FILE") or "compose.yml"
    chain = chain.replace("$COMPOSE_FILE", "compose.yml")
    return tuple(part for part in chain.split(":") if part)
