"""Orders are tried.

A sweep is mostly of recipes of which none is: what tests is imported with the first that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from canon_sweep import interrupt
from canon_sweep.core.attempts import Attempt, Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Code, Decision, Facts, Note, attempt_key
from canon_sweep.core.hold import holds
from canon_sweep.core.pace import misfit, misfit_again, pace_again, pace_of
from canon_sweep.core.release import Release
from canon_sweep.core.result import CiResult
from canon_sweep.core.stop import Stop
from canon_sweep.errors import Fault, Interrupted
from canon_sweep.harness.needs import check_needs
from canon_sweep.harness.tested import Tested, as_at_first, not_repeated, note_attempt
from canon_sweep.job.advice import with_advice, with_advice_on_data, with_unasked
from canon_sweep.job.foreign import followed_of
from canon_sweep.job.ground import Ground
from canon_sweep.job.orders import order_of_release
from canon_sweep.job.room import Room
from canon_sweep.job.sources import Sources
from canon_sweep.settings.duration import written
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings

if TYPE_CHECKING:
    from canon_sweep.harness.order import Checkout, Order
    from canon_sweep.harness.stage import Stage
    from canon_sweep.harness.trial import Reruns
    from canon_sweep.job.harnesses import Harnesses

_TO_REPEAT = Note(code="to-repeat", text="tried once more when all others had their turn")


class Due(msgspec.Struct, frozen=True):
    """A red that is to be tried once more: what was asked for, and what came of it so far.

    ``recipe`` is as its releases let it be; ``noted`` are the notes that its line has of it.
    """

    recipe: Recipe
    facts: Facts
    order: Order
    reds: tuple[Tested, ...]
    made: int
    noted: tuple[Note, ...]


class Trials(msgspec.Struct, frozen=True):
    """Tests orders cold, with everything at hand that a promotion needs.

    ``due`` has the reds of a sweep that are to be tried once more, by recipe; ``kept_off`` are
    those whose rerun did not come about because of the host or the run.
    """

    settings: Settings
    sources: Sources
    ground: Ground
    room: Room
    now: Callable[[], datetime]
    run_id: str
    due: dict[str, Due] = msgspec.field(default_factory=dict)
    kept_off: set[str] = msgspec.field(default_factory=set)

    @property
    def harnesses(self) -> Harnesses:
        """Who tests, and who promotes."""
        from canon_sweep.job.harnesses import Harnesses  # noqa: PLC0415 - start-up

        return Harnesses(self.settings, self.ground, self.now)

    def hindrance(self, recipe: Recipe, facts: Facts) -> Stop | None:
        """Whether the recipe's test, as long as its last ones took, has time enough left.

        Whoever has not comes first the next time, and what is quicker goes on meanwhile.
        """
        pace = pace_of(facts.attempts, self.harnesses.longest(recipe))
        why = misfit(pace, self.ground.time_left(), self.settings.max_runtime)
        return None if why is None else Stop(Code.OUT_OF_TIME, f"not begun: {why}")

    def outlook(self, recipe: Recipe) -> tuple[Note, ...]:
        """A note if there is too little room for the recipe's test as the disk is now."""
        why = self.room.outlook(recipe.name)
        return (Note(code="no-room", text=why),) if why else ()

    def test(self, recipe: Recipe, facts: Facts, decision: Decision) -> Tested:
        """Test a sweep's target; a red is due to be tried `again`.

        Raises:
            HostFault: what an earlier test left would disturb this one.
            RoomFault: there is not enough room for it.
            TimeFault: the run's time is used up.
            Fault: it is no upgrade, which the decision makes impossible.
        """
        assert decision.target is not None
        order = order_of_release(recipe, facts, self.settings, self.run_id, decision.target)
        _check_newer(order, facts.canonical)
        return self._trial(recipe, facts, order, later=True)

    def again(self, red: Due) -> Tested:
        """Try a red once more; whatever comes between, it stays one."""
        recipe = red.recipe
        if why := self._hindrance(recipe):
            self.kept_off.add(recipe.name)
            return unrepeated(red, why)
        was = red.facts.canonical
        try:
            # who waited may have had a turn since, and what is replaced is what there is now
            now, _ = followed_of(self.ground.state, recipe.name, red.facts.releases)
            if now is not None and _named(now) != _named(was):
                return unrepeated(red, f"another run has promoted {now.release_tag} meanwhile")
            hold = self.ground.state.holds.read().get(recipe.name)
            if hold is not None and holds(hold, red.order.version, self.now(), recipe.rule):
                return unrepeated(red, f"held meanwhile: {hold.reason}")
            facts = replace(red.facts, canonical=now)
            return self._trial(recipe, facts, red.order, later=True, before=red)
        except (Fault, Interrupted) as fault:
            return unrepeated(red, str(fault))

    def trial(self, recipe: Recipe, facts: Facts, order: Order) -> Tested:
        """Test an order, and promote it if the gate says so; a red is tried again at once.

        Raises:
            HostFault, RoomFault, TimeFault: as for `test`.
            UsageFault: the harness would promote by itself what the gate lets nobody promote.
        """
        return self._trial(recipe, facts, order, later=False)

    def _trial(
        self, recipe: Recipe, facts: Facts, order: Order, *, later: bool, before: Due | None = None
    ) -> Tested:
        from canon_sweep.harness.trial import Trial  # noqa: PLC0415 - start-up
        from canon_sweep.harness.watched import Watched  # noqa: PLC0415 - start-up
        from canon_sweep.job.outside import check_spared  # noqa: PLC0415 - start-up

        state = self.ground.state
        candidate = _is_candidate(recipe, facts, order)
        if self.settings.harness is not None and not candidate:
            check_spared(self.settings.harness, f"{recipe.name} {order.label}")
        with self.ground.stage(recipe) as (stage, checkout):
            # what an earlier test left is gone by now
            self.room.check(recipe.name)
            trial = Trial(
                harness=Watched(
                    self.harnesses.cold(recipe, stage, checkout, candidate=candidate),
                    partial(self.watched, recipe),
                ),
                promote=self.harnesses.promote(stage),
                releases_now=lambda: self.sources.releases_now(recipe),
                ledger=state.ledger,
                log=stage.log,
                now=self.now,
                run_id=self.run_id,
                digest=recipe.digest,
                rule=recipe.rule,
                enrolled=recipe.settings.enroll,
                reruns=self._reruns(recipe, later=later),
                kept_by_harness=self.harnesses.kept(recipe, facts, stage, self.run_id),
                reds=list(before.reds) if before else [],
                made=before.made if before else 0,
            )
            was = self.harnesses.record(recipe)
            tested = with_advice(trial.of(order, facts.canonical), order)
            tested = self.harnesses.with_ended(recipe, tested)
            tested = with_unasked(tested, was, self.harnesses.record(recipe))
        # an outside harness has checks of its own
        if self.settings.harness is None:
            tested = with_advice_on_data(tested, order)
        if tested.due:
            tested = replace(tested, notes=(*tested.notes, _TO_REPEAT))
            reds = tuple(trial.reds)
            self.due[recipe.name] = Due(recipe, facts, order, reds, trial.made, tested.notes)
        return tested

    def quick_by_harness(
        self, recipe: Recipe, order: Order, stage: Stage, checkout: Checkout
    ) -> CiResult | None:
        """Test an order on the harness's own warm data; None where it has nothing for that.

        Raises:
            HostFault, TimeFault: as for `test`.
        """
        from canon_sweep.harness.watched import Watched  # noqa: PLC0415 - start-up

        harness = self.harnesses.quick(recipe, stage, checkout)
        if harness is None:
            return None
        return Watched(harness, partial(self.watched, recipe)).test(order)

    @contextmanager
    def watched(self, recipe: Recipe) -> Iterator[None]:
        """A test is on: what it needs is there, and it ends before the disk is full.

        Raises:
            HostFault: something that it needs is not there, or it was ended.
        """
        check_needs(recipe.name, recipe.settings.needs, self.ground.engine)
        with self.room.watched():
            yield

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
            reason=f"broken off after {written(seconds)}: maxRuntime was used up",
            seconds=round(seconds, 3),
        )
        return note_attempt(attempt, self.ground.state.ledger)

    def deploys(self) -> int:
        """How many deploys there were so far."""
        return self.ground.deploys

    def _reruns(self, recipe: Recipe, *, later: bool) -> Reruns:
        from canon_sweep.harness.trial import Reruns  # noqa: PLC0415 - start-up

        own = recipe.settings.retries
        return Reruns(
            reds=self.settings.retries if own is None else own,
            infra=self.settings.infra_retries,
            hindrance=lambda: self._hindrance(recipe),
            later=later,
        )

    def _hindrance(self, recipe: Recipe) -> str:
        """Why no rerun may begin, or empty."""
        if stopped := interrupt.reason():
            return stopped
        try:
            if late := self._too_late(recipe):
                return late
            # a test that was ended from outside may have left a part of its stack
            self.ground.check_clean(recipe.name)
        except Fault as fault:
            return fault.what
        return self.room.hindrance(recipe.name)

    def _too_late(self, recipe: Recipe) -> str:
        """Why there is not enough time left to try it once more, or empty."""
        left, limit = self.ground.time_left(), self.harnesses.longest(recipe)
        if left <= 0:
            return "maxRuntime is used up"
        # the attempt that is to be repeated is among them, if it was a whole one
        pace = pace_again(self.ground.state.ledger.index().of(recipe.name), limit, self.run_id)
        return misfit_again(pace, left, self.settings.max_runtime) or ""


def _is_candidate(recipe: Recipe, facts: Facts, order: Order) -> bool:
    """Whether the gate may say yes, as far as that is known before the test."""
    latest = facts.releases.latest
    return recipe.settings.enroll and latest is not None and latest.tag == order.tag


def _check_newer(order: Order, canonical: Canonical | None) -> None:
    """See once more that a sweep's target is newer than the canonical.

    But for the one whose data a person wants back.

    Raises:
        Fault: it is the canonical's own version.
    """
    anew = canonical is not None and bool(canonical.unkept)
    if order.bases.stepped_back and not anew:
        raise Fault(
            f"{order.label} of {order.recipe} is the canonical's own version: a sweep that tested"
            " it would prove nothing, so it was not tested",
            do=f"this is a bug in canon-sweep: report it, with canon-sweep explain {order.recipe}",
        )


def _named(canonical: Canonical | None) -> tuple[str, str] | None:
    """Which release a canonical is, and which commit that was."""
    return None if canonical is None else (canonical.release_tag, canonical.commit)


def unrepeated(red: Due, why: str) -> Tested:
    """A red that was due, and is not tried once more."""
    tested = replace(red.reds[-1], attempts=red.made, again=as_at_first(red.reds))
    return with_advice(not_repeated(tested, why), red.order)
