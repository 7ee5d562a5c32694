"""Which versions something of the settings is for: ``>= 1.0.0, < 2``.

The order is that of releases, without an exception: of two rules ``< 1.0.0`` and
``>= 1.0.0`` every version matches one.  `packaging`'s own specifiers leave gaps, as
neither is true of ``1.0.0-rc1``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

import msgspec
from packaging.version import InvalidVersion, Version

from canon_sweep.core import names

_Holds = Callable[[Version, Version], bool]
_COMPARES: dict[str, _Holds] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
# what nobody knows the version of is newer than every release
_OF_NEWEST = (">=", ">", "!=")
_CLAUSE = r"\s*([<>=!~^]*)\s*(.*?)\s*"
_LONGEST = 200
_EXAMPLE = 'e.g. ">= 1.0.0, < 2"'


class VersionRule(msgspec.Struct, frozen=True):
    """Holds of a version if every clause does; one without clauses holds of all."""

    clauses: tuple[tuple[str, Version], ...] = ()

    def holds(self, version: Version | None) -> bool:
        """Whether it is for this version, of which only the part before the ``+`` counts.

        A commit without a version (None) is taken for newer than every release.
        """
        if version is None:
            return all(sign in _OF_NEWEST for sign, _ in self.clauses)
        return all(_COMPARES[sign](version, bound) for sign, bound in self.clauses)


def rule_of(text: str | None) -> VersionRule:
    """The rule that a text says; None says nothing, and is for every version.

    Raises:
        ValueError: it says none; the message tells why.
    """
    if text is None:
        return VersionRule()
    if len(text) > _LONGEST:
        raise ValueError(f"longer than {_LONGEST} characters")
    return VersionRule(tuple(_clause(part) for part in text.split(",")))


def _clause(part: str) -> tuple[str, Version]:
    match = re.fullmatch(_CLAUSE, part, re.DOTALL)
    assert match is not None, "it matches anything"
    sign, number = match.groups()
    if sign not in _COMPARES:
        signs = ", ".join(_COMPARES)
        raise ValueError(f"{names.printable(part.strip())} has none of {signs}; {_EXAMPLE}")
    if "+" in number:
        raise ValueError(
            f"{names.printable(number)}: only the part before the + counts; leave it out"
        )
    try:
        version = Version(number)
    except InvalidVersion:
        raise ValueError(f"{names.printable(number)} is no version; {_EXAMPLE}") from None
    if version.epoch or version.is_postrelease or version.is_devrelease:
        raise ValueError(f"{names.printable(number)} is the version of no release; {_EXAMPLE}")
    return sign, version
