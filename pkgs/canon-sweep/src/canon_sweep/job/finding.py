"""What was found of one recipe's record."""

from __future__ import annotations

import msgspec

from canon_sweep.core.parts import Part


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one recipe's record.

    ``problems`` is what is not as the record says, ``unchecked`` what could not be
    looked at: only with neither does the record hold.  ``remark`` is said of one that does.
    ``parts`` are those of a record that another tool keeps, ``adopted`` whether it is
    followed without having been proven here; without ``canonical`` it is not followed.
    """

    recipe: str
    canonical: str = ""
    adopted: bool = False
    problems: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    remark: str = ""
    parts: tuple[Part, ...] = ()
