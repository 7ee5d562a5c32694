"""A length of time as an operator writes it."""

from __future__ import annotations

import re

from canon_sweep.settings.values import Seconds

MAX_SECONDS = 30 * 365 * 86400

# below it, the tenth of a second counts
_FEW = 9.95

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|min|[smhdw])\s*", re.ASCII)


def seconds(value: object) -> Seconds:
    """Read a duration: a number of seconds, or text such as ``"1h 30m"``.

    Raises:
        ValueError: it is neither, or not positive.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        total: float = value
    elif isinstance(value, str) and value and not _DURATION.sub("", value):
        total = sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(value))
    else:
        raise ValueError('expected a duration such as "90s", "5m", "1h 30m" or "6d"')
    # compared before it becomes a float, which an integer can be too large for
    if not 0 < total < MAX_SECONDS:
        raise ValueError("expected a duration longer than 0 and shorter than 30 years")
    return Seconds(total)


def written(length: float) -> str:
    """So many seconds as an operator would write them: ``"9d"``, ``"1h 30m"``, ``"1.5s"``.

    To the second, and to a tenth where that counts.
    """
    if length < _FEW:
        return f"{max(0.1, round(length, 1)):g}s"
    left, parts = round(length), []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(_UNITS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts)
