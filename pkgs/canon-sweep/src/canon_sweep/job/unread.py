"""What of a release's files says something that cannot be followed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from canon_sweep.core import unread
from canon_sweep.core.decision import Note
from canon_sweep.core.unread import Unread
from canon_sweep.engine.protocol import App, Place
from canon_sweep.errors import HostFault, RecipeFault, SyncFault
from canon_sweep.mirror import checkout as trees
from canon_sweep.settings.recipe import Recipe


def unread_notes(recipe: Recipe, commit: str) -> tuple[Note, ...]:
    """A note for each place in a commit's files that cannot be followed; the recipe is synced."""
    try:
        return unread.notes(_unread(recipe, commit))
    except (RecipeFault, SyncFault):
        return ()  # the install tier says it better
    except (HostFault, OSError) as fault:
        return (Note(code=unread.CODE, text=f"its files could not be looked at: {fault}"),)


def _unread(recipe: Recipe, commit: str) -> tuple[Unread, ...]:
    # not among a test's checkouts: whoever only looks may do so while a test is on
    with tempfile.TemporaryDirectory(prefix="canon-sweep-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder) / "tree"
        trees.checkout(recipe.clone, commit, tree)
        place = Place("version", "version")
        return App.read(recipe.name, commit, place, tree, recipe.settings.env).source.unread
