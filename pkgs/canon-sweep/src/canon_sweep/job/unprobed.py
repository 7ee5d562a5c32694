"""Recipes of which a green says little: nothing asks whether they work."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from canon_sweep.core.decision import Facts, Note
from canon_sweep.engine.protocol import App, Place
from canon_sweep.errors import Fault
from canon_sweep.mirror import checkout as trees
from canon_sweep.settings.recipe import Recipe

NO_PROBE = "no-probe"
_TEXT = (
    "neither a probe or check of the settings nor a health check of the recipe's files asks"
    " whether it works: green means only that it runs; declare a probe"
)


def unprobed(recipe: Recipe, facts: Facts) -> tuple[Note, ...]:
    """A note if nothing at all asks the recipe's latest release whether it works."""
    latest = facts.releases.latest
    if recipe.settings.asked or latest is None:
        return ()
    # of what cannot be read the test says more
    with suppress(Fault):
        if not _has_check(recipe, latest.commit):
            return (Note(code=NO_PROBE, text=_TEXT),)
    return ()


def _has_check(recipe: Recipe, commit: str) -> bool:
    # not among a test's checkouts: whoever only looks may do so while a test is on
    with tempfile.TemporaryDirectory(prefix="canon-sweep-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder) / "tree"
        trees.checkout(recipe.clone, commit, tree)
        place = Place("version", "version")
        app = App.read(recipe.name, commit, place, tree, recipe.settings.env)
        return app.source.compose.checked
