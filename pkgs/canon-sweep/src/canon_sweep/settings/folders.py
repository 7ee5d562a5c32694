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
    *("canonicals", "followed", "runs", "checkouts", "local", "swarm"),
    *("attempts.jsonl", "attempts.jsonl.cut", "lock", "lock.queue"),
    *("holds.json", "holds.json.lock", "journal.json", "journal.json.lock"),
    *("guests.json", "guests.json.lock"),
    *("pulls.json", "pulls.json.lock"),
    *("waiting.json", "waiting.json.lock", "due"),
    *("home", "images.json", "images.json.lock", "adopted.json", "adopted.json.lock"),
)
# and of these, from where runs delete what they do not know
_CLEARED = ("checkouts", "local", "swarm", "runs")
_IN_CACHE = "lies in cacheDir, which may be deleted at any time"
_DEFAULTS = {field.encode_name: field.default for field in msgspec.structs.fields(Settings)}


def folder_problems(tree: Mapping[str, Any]) -> Iterator[str]:
    """What must last and lies where anybody, or each run, deletes things; or around that."""
    cache, state = _folder(tree, "cacheDir"), _folder(tree, "stateDir")
    canonicals = _folder(tree, "canonicalsDir")
    for key, folder in (("stateDir", state), ("canonicalsDir", canonicals)):
        if folder and cache and _is_inside(folder, cache):
            yield f"{key}: {_IN_CACHE}"
    cleared = {name: os.path.realpath(f"{state}/{name}") for name in _CLEARED} if state else {}
    yield from _cleared_problems("canonicalsDir", canonicals, cleared)
    yield from _foreign_problems(tree, canonicals, state)
    if cache:
        yield from _cache_problems(cache, state, canonicals)
    for at, folder in _repositories(tree):
        if cache and _is_inside(folder, cache):
            yield f"{at}: {_IN_CACHE}"
        yield from _cleared_problems(at, folder, cleared)


def _foreign_problems(
    tree: Mapping[str, Any], canonicals: str | None, state: str | None
) -> Iterator[str]:
    """The records of a harness that promotes by itself: they are named, and none of ours."""
    harness = tree.get("harness")
    if not (isinstance(harness, dict) and harness.get("promotes") is True):
        return
    if tree.get("canonicalsDir") is None:
        yield (
            "canonicalsDir: missing: with harness.promotes the canonicals are read where the"
            " harness keeps them, e.g. /var/lib/ci-warm"
        )
    elif canonicals and state and (_is_inside(canonicals, state) or _is_inside(state, canonicals)):
        yield (
            "canonicalsDir: is no folder of its own beside stateDir: with harness.promotes the"
            " harness writes there, and we never do"
        )


def _repositories(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The folders of this machine that are upstreams or mirrors, each by its key."""
    recipes = tree.get("recipes")
    for name, body in recipes.items() if isinstance(recipes, dict) else ():
        for kind in ("upstream", "mirror"):
            text = body.get(kind) if isinstance(body, dict) else None
            if isinstance(text, str) and not address_problem(text):
                folder = folder_of(text)
                if folder is not None:
                    yield key_of(key_of("recipes", name), kind), os.path.realpath(folder)


def _cleared_problems(key: str, folder: str | None, cleared: Mapping[str, str]) -> Iterator[str]:
    for name, place in cleared.items():
        if folder and _is_inside(folder, place):
            yield f"{key}: lies in stateDir/{name}, from which runs delete; choose another folder"


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
    """Whether a folder is another or lies in it; both are paths without links."""
    return folder == outer or folder.startswith(f"{outer.rstrip('/')}/")
