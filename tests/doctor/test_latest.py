"""The latest releases, read from clones that stay as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from canon_sweep.doctor.latest import Latest
from canon_sweep.settings.recipe import chosen
from child import in_child
from stories.fleet import Fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Two recipes, swept once: by another process, which has their packs in its memory."""
    fleet = Fleet(tmp_path)
    for recipe in ("notes", "site"):
        fleet.publishes(recipe, "1.0.0+1")
        fleet.publishes(recipe, "1.1.0+1")
    in_child(fleet.sweeps)
    return fleet


def apps(fleet: Fleet) -> dict[str, str | None]:
    """Recipes by their name, with the version that their files say."""
    recipes = chosen(fleet.settings(), (), fleet.now.date())
    return {app.recipe: app.source.compose.version for app in Latest(recipes).apps()}


def test_the_latest_release_is_read(fleet: Fleet) -> None:
    """As a sweep would deploy it."""
    assert apps(fleet) == {"notes": "1.1.0+1", "site": "1.1.0+1"}


def test_what_was_never_fetched_and_what_takes_no_part_is_left_out(fleet: Fleet) -> None:
    """Nobody knows what it needs, or nobody has to."""
    shutil.rmtree(fleet.folder / "cache/recipes/notes.git")
    fleet.add("site", enroll=False, exception="no bound")
    fleet.publishes("third", "1.0.0+1")

    assert apps(fleet) == {}


def test_a_clone_that_is_broken_stays_for_the_next_sweep(fleet: Fleet) -> None:
    """Who only looks takes nothing away."""
    clone = fleet.folder / "cache/recipes/notes.git"
    for path in clone.rglob("*"):
        if path.is_file() and "objects" in path.parts:
            path.chmod(0o600)
            path.write_bytes(b"")
    before = sorted(clone.rglob("*"))

    assert apps(fleet) == {"site": "1.1.0+1"}
    assert sorted(clone.rglob("*")) == before
