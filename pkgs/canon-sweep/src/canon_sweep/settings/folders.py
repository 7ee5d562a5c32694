"""What the configuration says of folders: which may be deleted, and what must not be in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from canon_sweep.core.address import address_problem, folder_of
from canon_sweep.settings.records import Settings
from canon_sweep.settings.tables import key_of

# what the state folder holds, by name: the records, the runs, what an engine keeps
_KEPT = (
    *("canonicals", "runs", "checkouts", "local", "swarm"),
    *("attempts.jsonl", "attempts.jsonl.cut", "lock"),
    *("holds.json", "holds.json.lock", "journal.json", "journal.json.lock"),
)
_DEFAULTS = {field.encode_name: field.default for field in msgspec.structs.fields(Settings)}


def folder_problems(tree: Mapping[str, Any]) -> Iterator[str]:
    """What must last and lies in the cache, which anybody may delete at any time, or around it."""
    cache = _folder(tree, "cacheDir")
    if cache is None:
        return
    for key in ("stateDir", "canonicalsDir"):
        folder = _folder(tree, key)
        if folder is not None and _is_inside(folder, cache):
            yield f"{key}: lies in cacheDir, which may be deleted at any time"
    yield from _cache_problems(cache, _folder(tree, "stateDir"), _folder(tree, "canonicalsDir"))
    recipes = tree.get("recipes")
    for name, body in recipes.items() if isinstance(recipes, dict) else ():
        for kind in ("upstream", "mirror"):
            text = body.get(kind) if isinstance(body, dict) else None
            if isinstance(text, str) and not address_problem(text):
                folder = folder_of(text)
                if folder is not None and _is_inside(os.path.realpath(folder), cache):
                    at = key_of(key_of("recipes", name), kind)
                    yield f"{at}: lies in cacheDir, which may be deleted at any time"


def _cache_problems(cache: str, state: str | None, canonicals: str | None) -> Iterator[str]:
    """The cache among the records: whoever clears it clears them away."""
    kept = [(f"stateDir/{name}", f"{state}/{name}") for name in _KEPT if state]
    if canonicals not in (None, cache):
        kept.append(("canonicalsDir", str(canonicals)))
    for name, folder in kept:
        if _is_inside(cache, folder):
            yield (
                f"cacheDir: lies in {name}, which must last, and the cache may be deleted at"
                f" any time; give it a folder of its own, e.g. {_DEFAULTS['cacheDir']}"
            )
            return


def _folder(tree: Mapping[str, Any], key: str) -> str | None:
    given = tree.get(key, _DEFAULTS[key])
    text = str(given) if given is not None else ""
    # what is no folder at all is told by its own key
    return os.path.realpath(text) if text.startswith("/") and text.isprintable() else None


def _is_inside(folder: str, outer: str) -> bool:
    return os.path.commonpath([folder, outer]) == outer
