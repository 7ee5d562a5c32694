"""A size as an operator writes it."""

from __future__ import annotations

import re
from decimal import Decimal

from canon_sweep.settings.values import Bytes

MAX_BYTES = 2**60

_UNITS = {"B": 1}
for _power, _letter in enumerate("KMGT", start=1):
    _UNITS[f"{_letter}iB"] = 1024**_power
    _UNITS[f"{_letter}B"] = 1000**_power
_UNITS["kB"] = 1000
_SIZE = re.compile(r"\s*([0-9]{1,18}(?:\.[0-9]{1,6})?)\s*([kKMGT]i?B|B)\s*", re.ASCII)


def size(value: object) -> Bytes:
    """Read a size: a number of bytes, or text such as ``"20GiB"`` or ``"1.5 TB"``.

    Raises:
        ValueError: it is neither, not positive, or larger than any disk.
    """
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if isinstance(value, int) and not isinstance(value, bool):
        total = value
    elif found is not None and found[2] in _UNITS:
        total = int(Decimal(found[1]) * _UNITS[found[2]])
    else:
        raise ValueError('expected a size such as "20GiB", "500MB" or a number of bytes')
    if not 0 < total < MAX_BYTES:
        raise ValueError("expected a size larger than 0 and smaller than 1 EiB")
    return Bytes(total)
