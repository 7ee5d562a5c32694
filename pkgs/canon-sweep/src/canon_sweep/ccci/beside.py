"""The files beside a recipe's settings: what they are here, or that a person has to say."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from canon_sweep.ccci.env import OVERLAY
from canon_sweep.ccci.found import Item, Origin, Question, Setting
from canon_sweep.ccci.source import SourceError, read

META = "recipe_meta.py"
_NOTHING = ("__init__.py", ".gitkeep", ".gitignore", META)
_PAGES = (".md", ".txt", ".rst")


class Beside(msgspec.Struct, frozen=True):
    """A file in a recipe's folder, by its path in it; ``path`` is where it is on this machine.

    ``text`` is what it says, if it is Python that is looked into.
    """

    name: str
    path: str
    text: str = ""


def read_beside(files: tuple[Beside, ...], folder: str) -> Iterator[Item]:
    """What the files of a recipe's folder come to; ``folder`` is its path in cc-ci's tree."""
    tests = sorted(file.name for file in files if _is_test(file.name))
    if tests:
        text = f"{_several(tests)}: write what they check into checks"
        yield Question(Origin(f"{folder}/custom"), text)
    for file in files:
        if not file.name.startswith("custom/") and file.name not in _NOTHING:
            yield from _read(file, folder)


def _is_test(name: str) -> bool:
    first, _, last = name.partition("/")
    return first == "custom" and last.rpartition("/")[2] not in _NOTHING


def _read(file: Beside, folder: str) -> Iterator[Item]:
    at = Origin(f"{folder}/{file.name}")
    first, _, last = file.name.rpartition("/")
    if file.name == OVERLAY:
        yield _overlay(file, at, {})
        yield Question(at, "is laid over every version: if some have no use for it, set when")
    elif first == "previous" and _is_compose(last):
        yield _overlay(file, at, {"on": "base"})
    elif file.name == "ops.py":
        text = f"is not run ({_functions(file.text)}); write what it does into data and checks"
        yield Question(at, text)
    elif file.name == "install_steps.sh":
        yield Question(at, "is not run; what of it an install needs is a command in install")
    elif first == "previous":
        yield Question(at, 'repairs the base alone; write an overlay with on = "base" for it')
    elif last.startswith("setup"):
        yield Question(at, "is not run; what of it an install needs is a command in install")
    elif last.endswith(_PAGES):
        yield Question(at, "says nothing to a program", open=False)
    else:
        yield Question(at, "nothing is known of it; decide what it is here")


def _overlay(file: Beside, at: Origin, more: dict[str, str]) -> Setting:
    return Setting(("overlays",), {"file": file.path, **more}, at, listed=True)


def _is_compose(name: str) -> bool:
    return name.startswith("compose") and name.endswith((".yml", ".yaml"))


def _functions(text: str) -> str:
    try:
        found = [name for name in read(text).functions if not name.startswith("_")]
    except SourceError:
        found = []
    return ", ".join(found[:10]) or "nobody can tell which"


def _several(names: list[str]) -> str:
    shown = ", ".join(name.removeprefix("custom/") for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
