"""The outside harness of the settings, with what it needs of a recipe and of its ground."""

from __future__ import annotations

from canon_sweep.errors import UsageFault
from canon_sweep.harness.external import External, WorkTree
from canon_sweep.harness.guest import Visits
from canon_sweep.harness.order import Checkout
from canon_sweep.harness.stage import Stage
from canon_sweep.job.ground import Ground
from canon_sweep.mirror import worktree
from canon_sweep.settings.harness import HarnessSettings
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings


def outside_of(
    harness: HarnessSettings,
    recipe: Recipe,
    ground: Ground,
    stage: Stage,
    checkout: Checkout,
    *,
    quick: bool = False,
    candidate: bool = True,
) -> External:
    """The harness for one recipe; ``candidate`` is whether the gate may let it promote."""
    upstream = recipe.settings.upstream
    return External(
        harness=harness,
        stage=stage,
        checkout=checkout,
        trees=WorkTree(
            place=lambda commit, tree: worktree.place(recipe.clone, commit, upstream, tree),
            changes=worktree.changes,
        ),
        visits=Visits(
            recipe.name,
            ground.engine,
            ground.state.guests,
            stage.log.say,
            ground.settings.guard.ignore,
        ),
        rule=recipe.rule,
        limit=limit_of(harness, ground.settings, recipe),
        quick=quick,
        candidate=candidate,
    )


def check_spared(harness: HarnessSettings, what: str) -> None:
    """See that a harness that promotes by itself can be told not to.

    Raises:
        UsageFault: nothing in the settings says so, and it would promote ``what``.
    """
    if harness.promotes and not harness.ref.environment:
        raise UsageFault(
            f"the harness promotes by itself, and would promote {what}",
            do="set harness.ref.environment: what tells it that this is nothing to promote",
        )


def limit_of(harness: HarnessSettings, settings: Settings, recipe: Recipe) -> float:
    """How long it may take for a recipe, in seconds: the recipe's own limit comes first."""
    return recipe.settings.timeouts.test or harness.timeout or settings.timeouts.test
