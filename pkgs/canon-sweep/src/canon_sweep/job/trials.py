"""Releases and commits become orders, and orders are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from canon_sweep import interrupt
from canon_sweep.core.attempts import Attempt, Outcome
from canon_sweep.core.base import bases
from canon_sweep.core.decision import Code, Decision, Facts, Note, attempt_key
from canon_sweep.core.image import image_notes
from canon_sweep.core.pace import misfit, pace_of
from canon_sweep.core.release import Release
from canon_sweep.core.result import CiResult
from canon_sweep.core.stop import Stop
from canon_sweep.core.version import Version
from canon_sweep.errors import Fault
from canon_sweep.harness.handover import hand_over
from canon_sweep.harness.limits import Limits
from canon_sweep.harness.needs import check_needs
from canon_sweep.harness.order import Checkout, Order
from canon_sweep.harness.promote import promote
from canon_sweep.harness.protocol import Harness
from canon_sweep.harness.shown import Shown
from canon_sweep.harness.stage import Stage
from canon_sweep.harness.tiers import Tiers
from canon_sweep.harness.trial import (
    KeptByHarness,
    Promote,
    Reruns,
    Tested,
    Trial,
    note_attempt,
    nothing_shown,
)
from canon_sweep.harness.watched import Watched
from canon_sweep.job.ground import Ground
from canon_sweep.job.outside import check_spared, limit_of, outside_of
from canon_sweep.job.room import Room
from canon_sweep.job.sources import Sources
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings

# install, what is upgraded from, the upgrade, and the volumes that are kept once more
_DEPLOYS = 4


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
            pin=recipe.settings.upgrade_base,
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


@dataclass(frozen=True, slots=True)
class Trials:
    """Tests orders cold, with everything at hand that a promotion needs."""

    settings: Settings
    sources: Sources
    ground: Ground
    room: Room
    now: Callable[[], datetime]
    run_id: str

    def hindrance(self, recipe: Recipe, facts: Facts) -> Stop | None:
        """Whether the recipe's test, as long as its last ones took, has time enough left.

        Whoever has not comes first the next time, and what is quicker goes on meanwhile.
        """
        pace = pace_of(facts.attempts, self._longest(recipe))
        why = misfit(pace, self.ground.time_left(), self.settings.max_runtime)
        return None if why is None else Stop(Code.OUT_OF_TIME, f"not begun: {why}")

    def test(self, recipe: Recipe, facts: Facts, decision: Decision) -> Tested:
        """Test a sweep's target.

        Raises:
            HostFault: what an earlier test left would disturb this one.
            RoomFault: there is not enough room for it.
            TimeFault: the run's time is used up.
        """
        assert decision.target is not None
        order = order_of_release(recipe, facts, self.settings, self.run_id, decision.target)
        # the trigger makes it impossible: a sweep's target is newer than the canonical, but for
        # the one whose data a person wants back
        anew = facts.canonical is not None and bool(facts.canonical.unkept)
        assert anew or not order.bases.stepped_back, f"same-version upgrade of {recipe.name}"
        return self.trial(recipe, facts, order)

    def trial(self, recipe: Recipe, facts: Facts, order: Order) -> Tested:
        """Test an order, and promote it if the gate says so.

        Raises:
            HostFault, RoomFault, TimeFault: as for `test`.
            UsageFault: the harness would promote by itself what the gate lets nobody promote.
        """
        state = self.ground.state
        candidate = _is_candidate(recipe, facts, order)
        if self.settings.harness is not None and not candidate:
            check_spared(self.settings.harness, f"{recipe.name} {order.label}")
        with self.ground.stage(recipe) as (stage, checkout):
            # what an earlier test left is gone by now
            self.room.check(recipe.name)
            trial = Trial(
                harness=Watched(
                    self._harness(recipe, stage, checkout, candidate=candidate),
                    partial(self.watched, recipe),
                ),
                promote=self._promote(stage),
                releases_now=lambda: self.sources.releases_now(recipe),
                ledger=state.ledger,
                log=stage.log,
                now=self.now,
                run_id=self.run_id,
                digest=recipe.digest,
                rule=recipe.rule,
                enrolled=recipe.settings.enroll,
                reruns=self._reruns(recipe),
                kept_by_harness=self._kept_by_harness(recipe, facts, stage),
            )
            tested = trial.of(order, facts.canonical)
            return _with_advice(tested, order, ours=self.settings.harness is None)

    @contextmanager
    def watched(self, recipe: Recipe) -> Iterator[None]:
        """A test is on: what it needs is there, and it ends before the disk is full.

        Raises:
            HostFault: something that it needs is not there, or it was ended.
        """
        check_needs(recipe.name, recipe.settings.needs, self.ground.engine)
        with self.room.watched():
            yield

    def quick_by_harness(
        self, recipe: Recipe, order: Order, stage: Stage, checkout: Checkout
    ) -> CiResult | None:
        """Test an order on the harness's own warm data; None where it has nothing for that.

        Raises:
            HostFault, TimeFault: as for `test`.
        """
        harness = self.settings.harness
        if harness is None or harness.quick is None:
            return None
        outside = outside_of(harness, recipe, self.ground, stage, checkout, quick=True)
        return Watched(outside, partial(self.watched, recipe)).test(order)

    def _harness(
        self, recipe: Recipe, stage: Stage, checkout: Checkout, *, candidate: bool
    ) -> Harness:
        outside = self.settings.harness
        if outside is None:
            return Tiers(stage, checkout)
        return outside_of(outside, recipe, self.ground, stage, checkout, candidate=candidate)

    def _promote(self, stage: Stage) -> Promote:
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

    def _kept_by_harness(self, recipe: Recipe, facts: Facts, stage: Stage) -> KeptByHarness:
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
            run_id=self.run_id,
            now=self.now,
            budget=self.settings.retention,
        ).of

    def broken_off(self, recipe: Recipe, target: Release, seconds: float) -> tuple[Note, ...]:
        """Remember a test that alone used up most of the run's time: its turn comes last next.

        A note if that cannot be written down.
        """
        if seconds <= self.settings.max_runtime / 2:
            return ()
        attempt = Attempt(
            key=attempt_key(recipe.name, target, recipe.digest),
            outcome=Outcome.OUT_OF_TIME,
            ts=self.now(),
            run_id=self.run_id,
            reason=f"broken off after {seconds:.0f} s: maxRuntime was used up",
            seconds=round(seconds, 3),
        )
        return note_attempt(attempt, self.ground.state.ledger)

    def deploys(self) -> int:
        """How many deploys there were so far."""
        return self.ground.deploys

    def _longest(self, recipe: Recipe) -> float:
        """How long a test may take by the settings, in seconds."""
        if self.settings.harness is not None:
            return limit_of(self.settings.harness, self.settings, recipe)
        limits = Limits.of(self.settings, recipe.settings)
        limit = limits.prepare + _DEPLOYS * (limits.deploy or limits.deploy_default)
        return min(limit, limits.test)

    def _reruns(self, recipe: Recipe) -> Reruns:
        own = recipe.settings.retries
        return Reruns(
            reds=self.settings.retries if own is None else own,
            infra=self.settings.infra_retries,
            hindrance=lambda: self._hindrance(recipe),
        )

    def _hindrance(self, recipe: Recipe) -> str:
        """Why no rerun may begin, or empty."""
        if stopped := interrupt.reason():
            return stopped
        if self.ground.time_left() <= 0:
            return "maxRuntime is used up"
        try:
            # a test that was ended from outside may have left a part of its stack
            self.ground.check_clean(recipe.name)
        except Fault as fault:
            return fault.what
        return self.room.hindrance(recipe.name)


def _is_candidate(recipe: Recipe, facts: Facts, order: Order) -> bool:
    """Whether the gate may say yes, as far as that is known before the test."""
    latest = facts.releases.latest
    return recipe.settings.enroll and latest is not None and latest.tag == order.tag


def _with_advice(tested: Tested, order: Order, *, ours: bool) -> Tested:
    """What was tested, with what to do better; ``ours`` is whether our own tiers did it."""
    notes = [*tested.notes, *image_notes(tested.result.all_images if tested.result else ())]
    if order.bases.pin_problem:
        notes.append(Note(code="pin-ignored", text=order.bases.pin_problem))
    has_data = tested.record is not None and bool(tested.record.volumes)
    # an outside harness has checks of its own
    if ours and has_data and not order.settings.data.check:
        text = "no data.check is declared: nothing shows that an upgrade keeps the data"
        notes.append(Note(code="no-data-check", text=text))
    return replace(tested, notes=tuple(notes))
