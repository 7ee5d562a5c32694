"""One release on trial: tested, tried again where that is due, judged, kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from canon_sweep.core.attempts import Attempt, AttemptKey, Outcome, Took
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.count import counted
from canon_sweep.core.decision import Note
from canon_sweep.core.failure import is_same
from canon_sweep.core.gate import Condition, Failed, Verdict, gate
from canon_sweep.core.release import Releases
from canon_sweep.core.result import CiResult
from canon_sweep.core.version import TagRule, ordered
from canon_sweep.errors import Fault, HostFault, TimeFault
from canon_sweep.harness.order import Order
from canon_sweep.harness.promote import Promoted, record_of
from canon_sweep.harness.protocol import Harness
from canon_sweep.state.attempts import Ledger
from canon_sweep.state.runs import Log

Promote = Callable[[Canonical, Canonical | None], Promoted]
"""Makes a record the canonical instead of the one before."""


@dataclass(frozen=True, slots=True)
class Reruns:
    """How often a test is repeated in one sweep; ``hindrance`` is why one may not begin.

    ``later`` leaves the rerun of a red to whoever asks: it is said to be due.
    """

    reds: int
    infra: int
    hindrance: Callable[[], str]
    later: bool = False


@dataclass(frozen=True, slots=True)
class Tested:
    """How a release's test ended; ``reason`` is empty only for a promotion without a remark.

    ``seconds`` is what one test took, its promotion too.  ``due`` is whether it is a red
    that is to be tried once more, later; ``again`` says of one that was, how it was at first.
    """

    outcome: Outcome
    reason: str
    result: CiResult | None = None
    refused: tuple[Failed, ...] = ()
    attempts: int = 1
    flaky: bool = False
    notes: tuple[Note, ...] = ()
    record: Canonical | None = None
    seconds: float = 0.0
    due: bool = False
    again: str = ""


@dataclass(slots=True)
class Trial:
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
    reds: list[Tested] = field(default_factory=list)
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
            if self.reruns.later and tested.outcome is Outcome.RED:
                return replace(self._closed(tested), due=True)
            self.log.say(f"{tested.outcome}: {tested.reason}; tried again")

    def _attempt(self, order: Order, before: Canonical | None) -> Tested | None:
        """One try; None if there was no time for this rerun of a red."""
        self.made += 1
        try:
            result = self.harness.test(replace(order, seed=f"{order.seed}/{self.made}"))
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
        tested = self._judge(order.recipe, result, before)
        return replace(tested, flaky=bool(self.reds) and tested.outcome is not Outcome.INFRA)

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

    def _judge(self, recipe: str, result: CiResult, before: Canonical | None) -> Tested:
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
        return self._keep(recipe, result, before)

    def _keep(self, recipe: str, result: CiResult, before: Canonical | None) -> Tested:
        record = record_of(result, before, recipe=recipe, run_id=self.run_id, now=self.now())
        try:
            promoted = self.promote(record, before)
        except Fault as fault:
            self.harness.discard(result)
            return Tested(Outcome.PROMOTE_FAILED, str(fault), result)
        return Tested(Outcome.PROMOTED, "", result, notes=promoted.notes, record=promoted.record)

    def _is_due(self, tested: Tested) -> bool:
        """Whether it is tried again; a red that should have been, and was not, says so."""
        match tested.outcome:
            case Outcome.RED:
                due = len(self.reds) <= self.reruns.reds
            case Outcome.INFRA:
                due = self._infra <= self.reruns.infra
            case _:
                due = False
        if not due:
            return False
        # beside a stack that could not be taken down, nothing is cold
        hindrance = next(iter(self.harness.unsettled()), "")
        if not (self.reruns.later and tested.outcome is Outcome.RED):
            hindrance = hindrance or self.reruns.hindrance()
        if hindrance and tested.outcome is Outcome.RED:
            self._not_repeated(hindrance)
        return not hindrance

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


def not_repeated(red: Tested, why: str) -> Tested:
    """A red that counts though it was not tried once more, with the reason."""
    note = Note(code="not-repeated", text=f"not repeated: {why}")
    return replace(red, notes=(*red.notes, note))


def as_at_first(reds: Sequence[Tested]) -> str:
    """How the last of a release's reds is beside the first; empty if it is the only one."""
    if len(reds) == 1:
        return ""
    first, last = reds[0], reds[-1]
    if is_same(first.reason, last.reason):
        return f"red {counted(len(reds), 'time')}, in the same way"
    return f"red {counted(len(reds), 'time')}, and not as at first: {first.reason}"


def not_promoted(result: CiResult, verdict: Verdict) -> Tested:
    """A green result that the gate has turned away.

    A commit that somebody asked for by a ref was never a candidate: it has passed.
    """
    if result.tag or any(failed.condition is Condition.COLD for failed in verdict.failed):
        return Tested(Outcome.REFUSED, f"green, but {verdict.sentence}", result, verdict.failed)
    tagged = (failed for failed in verdict.failed if failed.condition is Condition.TAGGED)
    reason = f"green; a ref never promotes: {', '.join(failed.reason for failed in tagged)}"
    return Tested(Outcome.PASSED, reason, result, verdict.failed)


def why_red(result: CiResult) -> str:
    """The tier that makes a result red, and its reason."""
    failed = result.failed
    return f"{failed.tier}: {failed.reason}" if failed else "a tier did not run"


def attempt_of(
    order: Order,
    tested: Tested,
    digest: str,
    *,
    run_id: str,
    now: datetime,
    took: Took | None,
    quick: bool = False,
) -> Attempt:
    """The ledger's line for an attempt that ended."""
    failed = tested.result.failed if tested.result else None
    return Attempt(
        key=AttemptKey(recipe=order.recipe, tag=order.tag, commit=order.commit, digest=digest),
        outcome=tested.outcome,
        ts=now,
        run_id=run_id,
        tier=str(failed.tier) if failed else "",
        reason=tested.reason,
        flaky=tested.flaky,
        quick=quick,
        seconds=round(tested.seconds, 3),
        took=took,
    )


def note_attempt(attempt: Attempt, ledger: Ledger) -> tuple[Note, ...]:
    """Write an attempt down; one that cannot be is a note, and costs no result."""
    try:
        ledger.add(attempt)
    except Fault as fault:
        return (Note(code="ledger", text=f"this attempt is not in the ledger: {fault}"),)
    return ()
