"""Where the links of a tree lead, by their texts alone: the same on every disk and Python."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

# As Linux, which gives up then.
MOST_LINKS = 40
# What a person's link needs, many times over.
MOST_NAMES = 1000
LONGEST_PATH = 4096


class Lead(StrEnum):
    """Where a link leads in the end."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    NOWHERE = "nowhere"
    """To itself, or over so many others that nobody follows it to its end."""


def lead(link: bytes, links: Mapping[bytes, bytes]) -> Lead:
    """Follow a link, and all links on its way, from the tree's root; it need not be out at its end.

    ``links`` has what each link of the tree points to, by its path in it.  A name that is
    none of them is followed as a folder, be it there or not: some programs cut ``x/..`` out of a
    path before they look.
    """
    links_left, names_left = MOST_LINKS, MOST_NAMES
    above: list[bytes] = []
    at = b""
    ahead = link.split(b"/")[::-1]
    while ahead:
        name = ahead.pop()
        names_left -= 1
        if names_left < 0 or len(at) > LONGEST_PATH:
            return Lead.NOWHERE
        if name in (b"", b"."):
            continue
        if name == b"..":
            if not above:
                return Lead.OUTSIDE
            at = above.pop()
            continue
        path = at + b"/" + name if at else name
        points_to = links.get(path)
        if points_to is None:
            above.append(at)
            at = path
            continue
        if points_to.startswith(b"/"):
            return Lead.OUTSIDE
        links_left -= 1
        if links_left < 0:
            return Lead.NOWHERE
        ahead += points_to.split(b"/")[::-1]
    return Lead.INSIDE
