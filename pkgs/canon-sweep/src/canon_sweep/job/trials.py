"""Releases and commits become orders, and orders are tried."""

from __future__ import annotations

from collections.abc import Callable
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
from canon_sweep.core.stop import Stop
from canon_sweep.core.version import Version
from canon_sweep.errors import Fault
from canon_sweep.harness.order import Order
from canon_sweep.harness.promote import promote
from canon_sweep.harness.stage import Limits
from canon_sweep.harness.tiers import Tiers
from canon_sweep.harness.trial import Reruns, Tested, Trial, note_attempt
from canon_sweep.harness.watched import Watched
from canon_sweep.job.ground import Ground
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
        limits = Limits.of(self.settings, recipe.settings)
        limit = limits.prepare + _DEPLOYS * (limits.deploy or limits.deploy_default)
        pace = pace_of(facts.attempts, min(limit, limits.test))
        why = misfit(pace, self.ground.time_left(), self.settings.max_runtime)
        return None if why is None else Stop(Code.OUT_OF_TIME, f"not begun: {why}")

    def outlook(self, recipe: Recipe) -> tuple[Note, ...]:
        """A note if there is too little room for the recipe's test as the disk is now."""
        why = self.room.outlook(recipe.name)
        return (Note(code="no-room", text=why),) if why else ()

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
        """
        state = self.ground.state
        with self.ground.stage(recipe) as (stage, checkout):
            # what an earlier test left is gone by now
            self.room.check(recipe.name)
            trial = Trial(
                harness=Watched(Tiers(stage, checkout), self.room.watched),
                promote=partial(
                    promote,
                    canonicals=state.canonicals,
                    journal=state.journal,
                    log=stage.log,
                    clear=self.ground.clear,
                    budget=self.settings.retention,
                ),
                releases_now=lambda: self.sources.releases_now(recipe),
                ledger=state.ledger,
                log=stage.log,
                now=self.now,
                run_id=self.run_id,
                digest=recipe.digest,
                rule=recipe.rule,
                enrolled=recipe.settings.enroll,
                reruns=self._reruns(recipe),
            )
            return _with_advice(trial.of(order, facts.canonical), order)

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


def _with_advice(tested: Tested, order: Order) -> Tested:
    notes = [*tested.notes, *image_notes(tested.result.all_images if tested.result else ())]
    if order.bases.pin_problem:
        notes.append(Note(code="pin-ignored", text=order.bases.pin_problem))
    if not order.settings.data.check and tested.record and tested.record.volumes:
        text = "no data.check is declared: nothing shows that an upgrade keeps the data"
        notes.append(Note(code="no-data-check", text=text))
    return replace(tested, notes=tuple(notes))
