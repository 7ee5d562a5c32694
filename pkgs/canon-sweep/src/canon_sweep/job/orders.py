"""Releases and commits become orders."""

from __future__ import annotations

from canon_sweep.core.base import bases
from canon_sweep.core.decision import Facts
from canon_sweep.core.release import Release
from canon_sweep.core.version import Version
from canon_sweep.harness.order import Order
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings


def order_of(
    recipe: Recipe,
    facts: Facts,
    settings: Settings,
    run_id: str,
    *,
    tag: str,
    commit: str,
    version: Version | None,
) -> Order:
    """The order to test a release, or with an empty tag a commit."""
    return Order(
        recipe=recipe.name,
        settings=recipe.settings,
        tag=tag,
        commit=commit,
        version=version,
        bases=bases(
            version,
            facts.canonical,
            facts.releases,
            facts.rule,
            depth=settings.base_depth,
            pin=recipe.settings.pin.subject if recipe.settings.pin else None,
            commit=commit,
        ),
        domain=settings.domain,
        seed=f"{run_id}/{recipe.name}",
    )


def order_of_release(
    recipe: Recipe, facts: Facts, settings: Settings, run_id: str, release: Release
) -> Order:
    """The order to test a release."""
    return order_of(
        recipe,
        facts,
        settings,
        run_id,
        tag=release.tag,
        commit=release.commit,
        version=release.version,
    )
