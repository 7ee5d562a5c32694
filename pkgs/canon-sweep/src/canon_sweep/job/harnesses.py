"""Who tests a version, and who makes it the canonical: our own tiers, or an outside harness."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec
from msgspec.structs import replace

from canon_sweep.core.decision import Facts
from canon_sweep.core.foreign import Broken
from canon_sweep.core.override import skipped_all_the_same
from canon_sweep.core.result import Status
from canon_sweep.errors import StateFault
from canon_sweep.harness.handover import hand_over
from canon_sweep.harness.limits import Limits
from canon_sweep.harness.order import Checkout
from canon_sweep.harness.promote import promote
from canon_sweep.harness.protocol import Harness
from canon_sweep.harness.shown import Shown
from canon_sweep.harness.stage import Stage
from canon_sweep.harness.tested import Tested
from canon_sweep.harness.tiers import Tiers
from canon_sweep.harness.trial import KeptByHarness, Promote, nothing_shown
from canon_sweep.job.ground import Ground
from canon_sweep.job.outside import limit_of, outside_of
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings

# install, what is upgraded from, the upgrade, and the volumes that are kept once more
_DEPLOYS = 4


class Harnesses(msgspec.Struct, frozen=True):
    """Chooses by the settings: everybody's test has the same harness."""

    settings: Settings
    ground: Ground
    now: Callable[[], datetime]

    def cold(self, recipe: Recipe, stage: Stage, checkout: Checkout, *, candidate: bool) -> Harness:
        """What tests a version cold; ``candidate`` is whether the gate may say yes."""
        outside = self.settings.harness
        if outside is None:
            return Tiers(stage, checkout)
        return outside_of(outside, recipe, self.ground, stage, checkout, candidate=candidate)

    def quick(self, recipe: Recipe, stage: Stage, checkout: Checkout) -> Harness | None:
        """What tests on warm data of its own; None where our own quick run does."""
        harness = self.settings.harness
        if harness is None or harness.quick is None:
            return None
        return outside_of(harness, recipe, self.ground, stage, checkout, quick=True)

    def promote(self, stage: Stage) -> Promote:
        """What makes a record the canonical; what is another's to show is looked at first."""
        state = self.ground.state
        own = partial(
            promote,
            canonicals=state.canonicals,
            journal=state.journal,
            log=stage.log,
            clear=self.ground.clear,
            budget=self.settings.retention,
        )
        if self.settings.harness is None:
            return own
        return partial(hand_over, engine=self.ground.engine, promote=own)

    def kept(self, recipe: Recipe, facts: Facts, stage: Stage, run_id: str) -> KeptByHarness:
        """Who sees what a harness has promoted by itself."""
        followed = self.ground.state.followed
        if followed is None:
            return nothing_shown
        return Shown(
            recipe=recipe.name,
            before=facts.canonical,
            followed=followed,
            engine=self.ground.engine,
            log=stage.log,
            run_id=run_id,
            now=self.now,
            budget=self.settings.retention,
        ).of

    def with_ended(self, recipe: Recipe, tested: Tested) -> Tested:
        """With a note for each N/A that has ended here, and by which the harness still goes."""
        if self.settings.harness is None or tested.result is None:
            return tested
        ended = (each for each in recipe.written if each not in recipe.settings.overrides)
        tiers = (tier for tier in tested.result.tiers if tier.status is Status.NA)
        notes = skipped_all_the_same(ended, {str(tier.tier): tier.reason for tier in tiers})
        return replace(tested, notes=(*tested.notes, *notes))

    def record(self, recipe: Recipe) -> str:
        """What the record says that a harness keeps by itself; empty if there is none."""
        followed = self.ground.state.followed
        try:
            record = None if followed is None else followed.found(recipe.name).record
        except StateFault as fault:
            return str(fault)
        if isinstance(record, Broken):
            return f"a record that cannot be read: {record.why}"
        return "" if record is None else record.text

    def longest(self, recipe: Recipe) -> float:
        """How long a test may take by the settings, in seconds."""
        if self.settings.harness is not None:
            return limit_of(self.settings.harness, self.settings, recipe)
        limits = Limits.of(self.settings, recipe.settings)
        limit = limits.prepare + _DEPLOYS * (limits.deploy or limits.deploy_default)
        return min(limit, limits.test)
