"""A version's files, for who only looks: wherever it is deployed, and with no secret in it."""

from __future__ import annotations

from pathlib import Path

from canon_sweep.core.version import Version
from canon_sweep.engine.protocol import App, Place
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.secretenv import stand_ins
from canon_sweep.settings.variant import Variant, env_of, texts_of


def app_of(recipe: Recipe, commit: str, version: Version | None, tree: Path) -> App:
    """What the files of a commit, written out in ``tree``, say under names that are nobody's.

    ``version`` is what rules on versions see.

    Raises:
        RecipeFault: they cannot be read.
        HostFault: an overlay of the settings cannot be used.
    """
    place, variant = Place("version", "version"), Variant(version)
    # the files of secrets are the service's own to read, and nothing is deployed here
    env = env_of(recipe.settings, variant) | stand_ins(recipe.settings)
    overlays = texts_of(recipe.overlays, variant)
    return App.read(recipe.name, commit, place, tree, env, overlays=overlays)
