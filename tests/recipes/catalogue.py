"""The habits that recipes have in the wild, each with a recipe of our own that has it.

A folder is a habit: ``recipe/`` has the files of a release that must be promoted,
``near-miss/`` what is different in one that must not be, and ``habit.toml`` says the rest:

    habit          what recipes of this kind do
    [settings]     the recipe's, as in the configuration; @SOCKET@ and @PORT@ are the engine's
                   socket and a free port of the host, @REGISTRY@ a registry's host
    releases       how many there are; the second is upgraded to (1)
    [moved.TAG]    of the registry's image ``app``: what it ``was`` when it came here, and what it
                   is ``now``, each as a line of a Dockerfile
    [near-miss]    ``but``: what is wrong; ``outcome``; ``reason``: what it says, as a pattern;
                   ``deploys``: how often something of it was put up, if that is known;
                   ``settings`` of its own, over the recipe's
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent


class NearMiss(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a release of the same habit does wrong, and how that must end."""

    but: str
    outcome: str
    reason: str
    deploys: int | None = None
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class Moved(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a tag was when it came here, and what it is now."""

    was: str
    now: str


class Description(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="kebab"
):
    """What ``habit.toml`` says."""

    habit: str
    near_miss: NearMiss
    releases: int = 1
    moved: dict[str, Moved] = msgspec.field(default_factory=dict)
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Habit:
    """One folder; ``good`` and ``bad`` are the files of the two kinds of release."""

    name: str
    about: Description
    good: dict[str, str]
    bad: dict[str, str]


def habits() -> list[Habit]:
    """All of them, by name."""
    return [_read(path.parent) for path in sorted(FOLDER.glob("*/habit.toml"))]


def _read(folder: Path) -> Habit:
    tree = tomllib.loads((folder / "habit.toml").read_text())
    good = _files(folder / "recipe")
    changed = _files(folder / "near-miss")
    assert changed, f"{folder.name}: a near miss that differs in nothing"
    return Habit(folder.name, msgspec.convert(tree, Description), good, good | changed)


def _files(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in paths}
