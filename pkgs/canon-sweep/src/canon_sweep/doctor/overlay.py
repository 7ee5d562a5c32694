"""The operator's own compose files: a test does not begin without them."""

from __future__ import annotations

from collections.abc import Iterator

from canon_sweep.core.checkup import Check, ok
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.settings.recipe import Recipe


def overlay_checks(recipe: Recipe, viewer: Viewer) -> Iterator[Check]:
    """Whether each of a recipe's could be read and is one, as it was when the recipe was made."""
    for number, overlay in enumerate(recipe.overlays, start=1):
        subject, file = f"overlays[{number}]", overlay.settings.file
        if overlay.problem:
            found = f"{file} cannot be used: {overlay.problem}"
            do = "put a compose file there, readable for the service, or name another"
            yield viewer.failed(subject, found, do)
        elif viewer.is_owner:
            yield ok(subject, f"{file} can be read")
        else:
            yield viewer.unseen(subject, f"whether {viewer.owner} may read {file}")
