"""What the configuration says of the forge, where it could not be asked, or never would be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from canon_sweep.core.address import address_problem
from canon_sweep.core.place import place_of
from canon_sweep.settings.server import url_problem


def forge_problems(forge: Mapping[str, Any], recipes: object) -> Iterator[str]:
    """A forge that is nowhere, or on which no recipe's mirror lies."""
    url = forge.get("url")
    if not isinstance(url, str) or not url:
        return
    problem = url_problem(url, "https://git.example.org")
    if problem:
        yield f"forge.url: {problem}"
        return
    bodies = recipes.values() if isinstance(recipes, dict) else ()
    given = (body.get("mirror") for body in bodies if isinstance(body, dict))
    mirrors = [text for text in given if isinstance(text, str) and text]
    # of a URL that is none, its own check tells
    if mirrors and not any(address_problem(m) or place_of(m, url) for m in mirrors):
        yield (
            "forge.url: would never be used: no recipe's mirror lies there"
            " (as https://git.example.org/OWNER/NAME.git, or by ssh)"
        )
    if forge.get("visibility") == "public" and forge.get("createMirrors") is not True:
        yield "forge.visibility: would never be used: no mirror is made (createMirrors = true)"
