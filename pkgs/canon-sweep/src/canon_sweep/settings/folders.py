"""What the configuration says of folders: which may be deleted, and what must not be in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from canon_sweep.core.address import address_problem, folder_of
from canon_sweep.settings.records import Settings
from canon_sweep.settings.tables import key_of

_DEFAULTS = {field.encode_name: field.default for field in msgspec.structs.fields(Settings)}


def folder_problems(tree: Mapping[str, Any]) -> Iterator[str]:
    """What lies in the cache, which anybody may delete at any time, and must last."""
    cache = _folder(tree, "cacheDir")
    if cache is None:
        return
    for key in ("stateDir", "canonicalsDir"):
        folder = _folder(tree, key)
        if folder is not None and _is_inside(folder, cache):
            yield f"{key}: lies in cacheDir, which may be deleted at any time"
    recipes = tree.get("recipes")
    for name, body in recipes.items() if isinstance(recipes, dict) else ():
        for kind in ("upstream", "mirror"):
            text = body.get(kind) if isinstance(body, dict) else None
            if isinstance(text, str) and not address_problem(text):
                folder = folder_of(text)
                if folder is not None and _is_inside(os.path.realpath(folder), cache):
                    at = key_of(key_of("recipes", name), kind)
                    yield f"{at}: lies in cacheDir, which may be deleted at any time"


def _folder(tree: Mapping[str, Any], key: str) -> str | None:
    given = tree.get(key, _DEFAULTS[key])
    text = str(given) if given is not None else ""
    # what is no folder at all is told by its own key
    return os.path.realpath(text) if text.startswith("/") and text.isprintable() else None


def _is_inside(folder: str, outer: str) -> bool:
    return os.path.commonpath([folder, outer]) == outer
