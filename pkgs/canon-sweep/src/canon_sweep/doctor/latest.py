"""The latest release of each recipe, as the last sweep has fetched it: what its files say."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from canon_sweep.core.release import releases
from canon_sweep.engine.protocol import App
from canon_sweep.engine.reading import app_of
from canon_sweep.errors import HostFault, RecipeFault, SyncFault
from canon_sweep.mirror import checkout, known
from canon_sweep.settings.recipe import Recipe

LONGEST = 15.0
"""Seconds for all recipes together: some hundred of them are read in these."""


class Latest(msgspec.Struct, frozen=True):
    """Reads clones, and leaves them as they are, also broken ones."""

    recipes: Sequence[Recipe]

    def apps(self) -> Iterator[App]:
        """Those that take part, have been fetched and can be read; others are told elsewhere."""
        end = time.monotonic() + LONGEST
        for recipe in self.recipes:
            if not recipe.stays_out and time.monotonic() < end:
                yield from _app(recipe)


def _app(recipe: Recipe) -> Iterator[App]:
    tags = known.tags(recipe.clone)
    latest = releases(tags, recipe.rule).latest if tags is not None else None
    if latest is None:
        return
    try:
        with tempfile.TemporaryDirectory(prefix="canon-sweep-doctor-") as folder:
            tree = Path(folder) / "tree"
            checkout.peek(recipe.clone, latest.commit, tree)
            yield app_of(recipe, latest.commit, latest.version, tree)
    except (RecipeFault, SyncFault, HostFault, OSError):
        return  # a test says it better
