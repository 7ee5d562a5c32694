"""One service of a compose file: what runs, how often, on which volumes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from canon_sweep.core.composefile import as_table, is_true
from canon_sweep.errors import RecipeFault

MAX_REPLICAS = 100
# of a whole number that is written without an exponent, where it is a float
_MOST_DIGITS = 21


class Service(msgspec.Struct, frozen=True):
    """One service: what runs, on which volumes (volume key by mount path)."""

    name: str
    image: str
    replicas: int
    mounts: Mapping[str, str]
    environment: Mapping[str, str]
    local: Mapping[str, Any]


def service_of(name: str, body: Mapping[str, Any], env: Mapping[str, str], where: str) -> Service:
    """Read one service of a compose file whose variables are filled in.

    Raises:
        RecipeFault: it is none that could be deployed.
    """
    deploy = body.get("deploy") or {}
    local = body.get("x-canon-sweep") or {}
    image = body.get("image")
    if not isinstance(deploy, dict) or not isinstance(local, dict):
        raise RecipeFault(f"{where}: services.{name}: deploy and x-canon-sweep must be tables")
    if not isinstance(image, str) or not image:
        raise RecipeFault(f"{where}: services.{name} has no image")
    at = f"{where}: services.{name}"
    if not isinstance(body.get("networks"), list | dict | None):
        raise RecipeFault(f"{at}: networks is neither a list nor a table")
    return Service(
        name=name,
        image=image,
        replicas=_replicas(deploy.get("replicas", 1), at),
        mounts=_mounts(body.get("volumes"), at),
        environment=_environment(body.get("environment"), env, f"{at}: environment"),
        local=local,
    )


def has_check(body: Mapping[str, Any]) -> bool:
    """Whether a service has a health check, or says when it is ready without one."""
    check = body.get("healthcheck")
    if isinstance(check, dict) and not is_true(check.get("disable")):
        # without a test it is about the image's own
        return bool((check.get("test") or ["CMD"])[0] != "NONE")
    return bool((body.get("x-canon-sweep") or {}).get("ready"))


def _replicas(value: Any, at: str) -> int:
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    digits = value.strip().removeprefix("+") if isinstance(value, str) else ""
    is_digits = digits.isascii() and digits.isdecimal()
    if not is_whole and not is_digits:
        raise RecipeFault(f"{at}: replicas is no number")
    if isinstance(value, str) and len(value) > 9:
        value = MAX_REPLICAS + 1
    if not 0 <= int(value) <= MAX_REPLICAS:
        raise RecipeFault(f"{at}: replicas is not between 0 and {MAX_REPLICAS}")
    return int(value)


def _mounts(entries: Any, at: str) -> dict[str, str]:
    if not isinstance(entries, list | None):
        raise RecipeFault(f"{at}: volumes is no list")
    # at each place the last entry is the one that counts, whatever it mounts there
    found = dict(_mount(entry) for entry in entries or [])
    return {target: source for target, source in found.items() if source}


def _mount(entry: Any) -> tuple[str, str]:
    """The place in the container, and the volume there (empty: anything else)."""
    if isinstance(entry, dict):
        of_volume = entry.get("type", "volume") == "volume"
        return str(entry.get("target")), str(entry.get("source") or "") if of_volume else ""
    source, *rest = str(entry).split(":")
    if not rest:
        return source, ""
    return rest[0], source if source and source[0] not in "./~" else ""


def _environment(entries: Any, env: Mapping[str, str], at: str) -> dict[str, str]:
    """A name without a value is given the deployment's own, if that has one."""
    said = pairs(entries, at)
    values = {name: env.get(name) if value is None else value for name, value in said.items()}
    return {name: value for name, value in values.items() if value is not None}


def pairs(entries: Any, at: str) -> dict[str, str | None]:
    """Labels or an environment, written as a table or as a list of ``NAME=value``.

    Raises:
        RecipeFault: they are neither.
    """
    if not isinstance(entries, list | dict | None):
        raise RecipeFault(f"{at} is neither a list nor a table")
    return {str(key): _scalar(value) for key, value in as_table(entries or {}).items()}


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _shortest(value)
    return None if value is None else str(value)


def _shortest(value: float) -> str:
    """A float as docker writes it: 1.5, 100, 1e+06."""
    if not math.isfinite(value):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    number = Decimal(repr(value)).normalize()
    if value == 0 or -4 <= number.adjusted() < _MOST_DIGITS:
        return f"{number:f}"
    mantissa, _, exponent = f"{number:e}".partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}"
