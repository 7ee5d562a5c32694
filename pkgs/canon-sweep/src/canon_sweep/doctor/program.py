"""The operator's own programs: there, and let be run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence

from canon_sweep.core.checkup import Check, fail, ok, warn
from canon_sweep.core.names import plain
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.settings.harness import HarnessSettings
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import Settings


def program_checks(settings: Settings, viewer: Viewer) -> Iterator[Check]:
    """The harness, and what is run before a sweep."""
    if settings.harness is not None:
        yield from _harness_checks(settings.harness, viewer)
    for number, command in enumerate(settings.pre_sweep, start=1):
        yield _check(f"preSweep[{number}]", command, os.environ.get("PATH", os.defpath), viewer)


def recipe_programs(recipe: RecipeSettings, viewer: Viewer) -> Iterator[Check]:
    """A recipe's own command."""
    if recipe.install is not None:
        yield _check("install", recipe.install, os.environ.get("PATH", os.defpath), viewer)


def _harness_checks(harness: HarnessSettings, viewer: Viewer) -> Iterator[Check]:
    program = harness.command[0]
    # a path of its own is looked up where it runs
    if harness.work_dir is not None and "/" in program:
        program = str(harness.work_dir / program)
    yield _check("harness.command", (program,), harness.path, viewer)
    if harness.work_dir is not None:
        yield _folder("harness.workDir", str(harness.work_dir), viewer)
    if harness.result.path is not None:
        above = _constant(str(harness.result.path))
        found = f"{above}, where the harness writes its results"
        if os.access(above, os.R_OK | os.X_OK):
            yield ok("harness.result.path", f"{found}, can be read")
        elif not viewer.is_owner:
            yield viewer.unseen("harness.result.path", f"whether {viewer.owner} may read {above}")
        else:
            step = "see that it is the harness's folder; with its first test it may make it"
            yield warn("harness.result.path", f"{found}, is not there or cannot be read", step)


def _check(subject: str, command: Sequence[str], path: str, viewer: Viewer) -> Check:
    name = plain(command[0])
    found = shutil.which(command[0], path=path)
    if not viewer.is_owner:
        return viewer.unseen(subject, f"whether {viewer.owner} may run {name}")
    if found is not None:
        return ok(subject, f"{plain(found)} is there and may be run")
    if "/" in command[0]:
        return fail(subject, f"{name} {_why(command[0])}", "see its path, its rights and its owner")
    return fail(subject, f"there is no program {name} in {plain(path)}", "name it by its path")


def _why(path: str) -> str:
    try:
        os.stat(path)  # noqa: PTH116 - the kernel's own word
    except OSError as error:
        return f"cannot be run: {error.strerror}"
    return "may not be run" if os.path.isfile(path) else "is no file"  # noqa: PTH113


def _folder(subject: str, folder: str, viewer: Viewer) -> Check:
    if not viewer.is_owner:
        return viewer.unseen(subject, f"whether {viewer.owner} may use {folder}")
    if os.path.isdir(folder) and os.access(folder, os.R_OK | os.X_OK):  # noqa: PTH112
        return ok(subject, f"{folder} can be used")
    return fail(subject, f"{folder} is no folder that can be used", "make it, or name another")


def _constant(pattern: str) -> str:
    """The last folder of a path above the part that is another one in each test."""
    parts = pattern.split("/")
    fixed = next((n for n, part in enumerate(parts) if "{" in part or "*" in part), len(parts) - 1)
    return "/".join(parts[:fixed]) or "/"
