"""Where a mirror lies on a forge: its owner and its name, read from the mirror's URL."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import quote, unquote, urlsplit

import msgspec

from canon_sweep.core.address import read_address

_PORTS = {"http": 80, "https": 443}
# a forge allows no other character in either
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]*"


class Place(msgspec.Struct, frozen=True):
    """A repository on a forge."""

    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"

    def is_same(self, other: Place) -> bool:
        """Whether it is the same one: a forge takes large letters for small ones."""
        return str(self).casefold() == str(other).casefold()

    @property
    def path(self) -> str:
        """The two parts of a URL's path, escaped."""
        return f"{quote(self.owner, safe='')}/{quote(self.name, safe='')}"


def place_of(mirror: str, forge: str) -> Place | None:
    """Where on the forge with this URL a mirror lies, or None if it lies elsewhere.

    By http and https it is on the forge's host and port, below the forge's path; by ssh on
    its host, whatever the port, as ssh has a server of its own.  Either scheme of a forge's
    pages is taken for the other: one redirects to the other.
    """
    try:
        address, pages = read_address(mirror), urlsplit(forge)
        port = pages.port
    except ValueError:
        return None
    if address.host.casefold() != (pages.hostname or "").casefold() or not address.host:
        return None
    path = unquote(address.path) if "://" in mirror else address.path
    if address.scheme == "ssh":
        return _place(re.sub("^/?~/", "/", path))
    if address.scheme not in _PORTS:
        return None
    if _are_apart((address.port, address.scheme), (port, pages.scheme)):
        return None
    root = posixpath.normpath(f"/{unquote(pages.path).strip('/')}").rstrip("/")
    tidy = posixpath.normpath(f"/{path.lstrip('/')}")
    return _place(tidy.removeprefix(root)) if tidy.startswith(f"{root}/") else None


def _are_apart(one: tuple[int | None, str], other: tuple[int | None, str]) -> bool:
    """Whether two ports, each with its scheme, are two servers'."""
    if one[0] is None and other[0] is None:
        return False
    return len({port or _PORTS.get(scheme) for port, scheme in (one, other)}) == 2


def _place(path: str) -> Place | None:
    parts = posixpath.normpath(f"/{path.strip('/')}").removesuffix(".git").strip("/").split("/")
    if len(parts) != 2 or not all(re.fullmatch(_PART, part) for part in parts):
        return None
    return Place(parts[0], parts[1])
