"""What the module renders, as it is kept in the tree."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RENDERED = ROOT / "nixos-tests" / "rendered"
HOSTS = sorted(path.name for path in RENDERED.iterdir())
# a store path that has become a name
PROGRAM = "@canon-sweep@"


def text_of(host: str, name: str) -> str:
    """A rendered text, with this very program where it names canon-sweep."""
    here = Path(sys.executable).parent.parent
    return (RENDERED / host / name).read_text().replace(PROGRAM, str(here))


def units(host: str) -> tuple[str, ...]:
    """The names of the units of a host."""
    return tuple(sorted(path.name for path in (RENDERED / host / "systemd").iterdir()))


def settings_of(unit: str, section: str) -> dict[str, list[str]]:
    """The keys of one section of a unit's text, each with all its values."""
    found: dict[str, list[str]] = {}
    for part in unit.split("\n["):
        head, _, body = part.lstrip("[").partition("]\n")
        for line in body.splitlines() if head == section else ():
            key, equals, value = line.partition("=")
            if equals:
                found.setdefault(key, []).append(value)
    return found
