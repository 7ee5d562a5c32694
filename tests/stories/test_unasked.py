"""Releases of which a green would say little or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.job.files import NO_PROBE
from stories.fleet import CHECK, Fleet, Night

OFF = "{services: {app: {image: x, deploy: {replicas: 0}, x-canon-sweep: {command: [sleep, '9']}}}}"


def codes(night: Night, recipe: str) -> set[str]:
    """The codes of the notes in a recipe's line."""
    return {note.code for note in night[recipe].notes}


def test_a_recipe_that_nothing_asks_is_noted_every_night(fleet: Fleet) -> None:
    """Also in the nights in which it is not tested, and in a plan."""
    fleet.add("notes", data={})
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("site", "1.0.0+1")

    before, first, second = fleet.plans(), fleet.sweeps(), fleet.sweeps()

    assert first["notes"].outcome is Outcome.PROMOTED
    assert second["notes"].code is Code.NO_NEW_VERSION
    for night in (before, first, second):
        assert NO_PROBE in codes(night, "notes")
        assert NO_PROBE not in codes(night, "site")


@pytest.mark.parametrize("settings", [{"probes": [CHECK]}, {"checks": [CHECK]}])
def test_a_probe_or_a_check_is_enough(fleet: Fleet, settings: dict[str, Any]) -> None:
    """Something asks."""
    fleet.add("notes", data={}, **settings)
    fleet.publishes("notes", "1.0.0+1")

    assert codes(fleet.plans(), "notes") == set()


def test_a_recipes_own_health_check_is_enough(fleet: Fleet) -> None:
    """It may be in any of the files that are deployed."""
    fleet.add("notes", data={})
    files = {
        ".env.sample": "COMPOSE_FILE=compose.yml:compose.more.yml\n",
        "compose.yml": "{services: {app: {image: x}}}",
        "compose.more.yml": "{services: {app: {healthcheck: {test: [CMD, 'true']}}}}",
    }
    fleet.commits("notes", "1.0.0+1", files)

    assert codes(fleet.plans(), "notes") == set()


def test_a_release_of_which_nothing_runs_is_red(fleet: Fleet) -> None:
    """It is up at once, and nothing of it was ever seen."""
    fleet.add("notes", data={})
    fleet.commits("notes", "1.0.0+1", {"compose.yml": OFF})

    night = fleet.sweeps()

    assert night["notes"].outcome is Outcome.RED
    assert "0 replicas" in night["notes"].reason
