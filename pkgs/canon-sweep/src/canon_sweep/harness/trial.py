"""One release on trial: tested, tried again where that is due, judged, kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from canon_sweep.core.attempts import Outcome, overdue_again
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Note
from canon_sweep.core.gate import gate
from canon_sweep.core.release import Releases
from canon_sweep.core.result import CiResult
from canon_sweep.core.version import TagRule, ordered
from canon_sweep.errors import Fault, HostFault, OverdueFault, TimeFault
from canon_sweep.harness.order import Order
from canon_sweep.harness.promote import Promoted, record_of
from canon_sweep.harness.protocol import Harness
from canon_sweep.harness.tested import (
    Tested,
    as_at_first,
    attempt_of,
    key_of,
    not_promoted,
    not_repeated,
    note_attempt,
    why_red,
)
from canon_sweep.state.attempts import Ledger
from canon_sweep.state.runs import Log

Promote = Callable[[Canonical, Canonical | None], Promoted]
"""Makes a record the canonical instead of the one before."""

KeptByHarness = Callable[[CiResult, datetime], Promoted]
"""What a harness that promotes by itself has kept of a green result, seen to be there.

It is told when the test began, by the clock that files are stamped with; a `Fault` says
what is missing, and then nothing counts as promoted.
"""


def nothing_shown(_result: CiResult, _started: datetime) -> Promoted:
    """Of a harness whose records nobody reads.

    Raises:
        HostFault: always.
    """
    raise HostFault(
        "green, but nothing shows what the harness kept",
        do="let it name the stack and its volumes in its result",
    )


class Reruns(msgspec.Struct, frozen=True):
    """How often a test is repeated in one sweep; ``hindrance`` is why one may not begin.

    ``later`` leaves the rerun of a red to whoever asks: it is said to be due.
    """

    reds: int
    infra: int
    hindrance: Callable[[], str]
    later: bool = False


class Trial(msgspec.Struct):
    """Tests a release until its outcome is known, and promotes it if the gate says so.

    ``releases_now`` reads upstream once more, after the test.  ``reds`` are those of this
    release so far, ``made`` is how many attempts there were: of an earlier trial, too, whose
    rerun this one is.
    """

    harness: Harness
    promote: Promote
    releases_now: Callable[[], Releases]
    ledger: Ledger
    log: Log
    now: Callable[[], datetime]
    run_id: str
    digest: str
    rule: TagRule
    enrolled: bool
    reruns: Reruns
    kept_by_harness: KeptByHarness = nothing_shown
    reds: list[Tested] = msgspec.field(default_factory=list)
    made: int = 0
    _infra: int = 0

    def of(self, order: Order, before: Canonical | None) -> Tested:
        """Every attempt is written to the ledger; of reruns there are as many as allowed.

        Raises:
            TimeFault: the run's time was used up before anything was known.
        """
        while True:
            started = time.monotonic()
            tested = self._attempt(order, before)
            if tested is None:
                return self._closed(self.reds[-1])
            took = time.monotonic() - started
            tested = self._noted(order, replace(tested, seconds=took))
            if not self._is_due(tested):
                return self._closed(tested)
            if why := self._hindrance(tested):
                return self._closed(self._kept_off(tested, why))
            if self.reruns.later and tested.outcome is Outcome.RED:
                return replace(self._closed(tested), due=True)
            self.log.say(f"{tested.outcome}: {tested.reason}; tried again")

    def _attempt(self, order: Order, before: Canonical | None) -> Tested | None:
        """One try; None if there was no time for this rerun of a red."""
        self.made += 1
        started = datetime.now(UTC)
        try:
            result = self.harness.test(replace(order, seed=f"{order.seed}/{self.made}"))
        except OverdueFault as fault:
            return self._overdue(order, str(fault))
        except HostFault as fault:
            self._infra += 1
            return Tested(Outcome.INFRA, str(fault))
        except TimeFault as fault:
            if not self.reds:
                raise
            self._not_repeated(str(fault))
            return None
        if not result.green:
            return Tested(Outcome.RED, why_red(result), result)
        tested = self._judge(order.recipe, result, before, started)
        return replace(tested, flaky=bool(self.reds) and tested.outcome is not Outcome.INFRA)

    def _overdue(self, order: Order, why: str) -> Tested:
        """The first time that may be the host; what happens again is the recipe's."""
        key = key_of(order, self.digest)
        try:
            again = overdue_again(self.ledger.index().of(order.recipe), key)
        except Fault as fault:
            again, why = False, f"{why}; whether it was so before is not known: {fault}"
        if again:
            return Tested(Outcome.RED, f"it happened again: {why}", overdue=True)
        self._infra += 1
        return Tested(Outcome.INFRA, why, overdue=True)

    def _noted(self, order: Order, tested: Tested) -> Tested:
        """Write an attempt down; a red is kept, since no rerun that says nothing outranks it."""
        attempt = attempt_of(
            order,
            tested,
            self.digest,
            run_id=self.run_id,
            now=self.now(),
            took=self.harness.took(),
        )
        tested = replace(tested, notes=(*tested.notes, *note_attempt(attempt, self.ledger)))
        if tested.outcome is Outcome.RED:
            self.reds.append(tested)
        return tested

    def _judge(
        self, recipe: str, result: CiResult, before: Canonical | None, started: datetime
    ) -> Tested:
        try:
            proven = ordered(self.rule, before.release_tag if before else None)
            verdict = gate(result, self.releases_now(), enrolled=self.enrolled, proven=proven)
        except Fault as fault:
            self._infra += 1
            self.harness.discard(result)
            reason = f"green, but upstream could not be asked again: {fault}"
            return Tested(Outcome.INFRA, reason, result)
        if not verdict.promote:
            self.harness.discard(result)
            return not_promoted(result, verdict)
        return self._keep(recipe, result, before, started)

    def _keep(
        self, recipe: str, result: CiResult, before: Canonical | None, started: datetime
    ) -> Tested:
        try:
            if result.retained is None:
                promoted = self.kept_by_harness(result, started)
            else:
                record = record_of(
                    result, before, recipe=recipe, run_id=self.run_id, now=self.now()
                )
                promoted = self.promote(record, before)
        except Fault as fault:
            self.harness.discard(result)
            return Tested(Outcome.PROMOTE_FAILED, str(fault), result)
        return Tested(Outcome.PROMOTED, "", result, notes=promoted.notes, record=promoted.record)

    def _is_due(self, tested: Tested) -> bool:
        """Whether it is to be tried again."""
        match tested.outcome:
            case Outcome.RED:
                # what was overdue twice would be so for hours once more
                return len(self.reds) <= self.reruns.reds and not tested.overdue
            case Outcome.INFRA:
                return self._infra <= self.reruns.infra
            case _:
                return False

    def _hindrance(self, tested: Tested) -> str:
        """Why it is not tried again though it is to be, or empty."""
        # beside a stack that could not be taken down, nothing is cold
        if unsettled := self.harness.unsettled():
            return unsettled[0]
        if self.reruns.later and tested.outcome is Outcome.RED:
            return ""  # who tries it later asks then
        return self.reruns.hindrance()

    def _kept_off(self, tested: Tested, why: str) -> Tested:
        """It counts as it is, and says why it was not tried again."""
        told = not_repeated(tested, why)
        if tested.outcome is Outcome.RED:
            self.reds[-1] = told
        return told

    def _not_repeated(self, why: str) -> None:
        self.reds[-1] = not_repeated(self.reds[-1], why)

    def _closed(self, tested: Tested) -> Tested:
        if tested.outcome is Outcome.INFRA and self.reds:
            # what was red stays red: the rerun said nothing
            self._not_repeated(f"the rerun failed: {tested.reason}")
        if tested.outcome in (Outcome.INFRA, Outcome.RED) and self.reds:
            tested = replace(self.reds[-1], again=as_at_first(self.reds))
        pending = [Note(code="cleanup-pending", text=text) for text in self.harness.unsettled()]
        return replace(tested, notes=(*tested.notes, *pending), attempts=self.made)
