"""One release on trial: tested, tried again where that is due, judged, kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from canon_sweep.core.attempts import Attempt, AttemptKey, Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Note
from canon_sweep.core.gate import Failed, gate
from canon_sweep.core.release import Releases
from canon_sweep.core.result import CiResult
from canon_sweep.core.version import TagRule, ordered
from canon_sweep.errors import Fault, HostFault
from canon_sweep.harness.cold import run_cold
from canon_sweep.harness.order import Checkout, Order
from canon_sweep.harness.promote import promote, record_of
from canon_sweep.harness.stage import Stage
from canon_sweep.state.attempts import Ledger
from canon_sweep.state.canonicals import Canonicals


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a test is repeated in one sweep, and until when one may begin."""

    retries: int
    infra_retries: int
    may_go_on: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a trial ended; ``reason`` is empty only for a promotion without a remark."""

    outcome: Outcome
    reason: str
    result: CiResult | None = None
    refused: tuple[Failed, ...] = ()
    attempts: int = 1
    flaky: bool = False
    notes: tuple[Note, ...] = ()
    record: Canonical | None = None


@dataclass(frozen=True, slots=True)
class Court:
    """What a trial needs besides its order: where it runs, writes, and asks again.

    ``releases_now`` reads upstream once more, after the test.
    """

    stage: Stage
    checkout: Checkout
    canonicals: Canonicals
    ledger: Ledger
    releases_now: Callable[[], Releases]
    now: Callable[[], datetime]
    run_id: str
    digest: str
    rule: TagRule
    enrolled: bool


@dataclass(slots=True)
class _Tries:
    """How many tries were made, and how many of each kind are left."""

    retries: int
    infra_retries: int
    made: int = 0
    red: bool = False


def hold_trial(order: Order, court: Court, before: Canonical | None, patience: Patience) -> Ended:
    """Test a release until its outcome is known, and promote it if the gate says so.

    Every attempt is written to the ledger.  Never more than ``retries`` reruns of a
    red and ``infra_retries`` of a failed host.
    """
    tries = _Tries(patience.retries, patience.infra_retries)
    red: Ended | None = None
    while True:
        tries.made += 1
        ended = _attempt(order, court, before, tries)
        attempt = attempt_of(order, ended, court.digest, run_id=court.run_id, now=court.now())
        notes = note_attempt(attempt, court.ledger)
        if ended.outcome is Outcome.RED:
            red = ended
        # beside a stack that could not be taken down, nothing is cold
        again = not court.stage.pending and _is_due(ended.outcome, tries)
        if not again or not patience.may_go_on():
            return _closed(ended, red, (*notes, *_pending(court.stage)), tries)
        court.stage.log.say(f"{ended.outcome}: {ended.reason}; tried again")


def _closed(ended: Ended, red: Ended | None, notes: tuple[Note, ...], tries: _Tries) -> Ended:
    if ended.outcome is Outcome.INFRA and red is not None:
        # what was red stays red: the rerun said nothing
        infra = Note(code="infra", text=f"the rerun failed: {ended.reason}")
        ended = replace(red, notes=(*red.notes, infra))
    return replace(ended, notes=(*ended.notes, *notes), attempts=tries.made)


def _pending(stage: Stage) -> tuple[Note, ...]:
    return tuple(Note(code="cleanup-pending", text=text) for text in stage.pending)


def _attempt(order: Order, court: Court, before: Canonical | None, tries: _Tries) -> Ended:
    numbered = replace(order, seed=f"{order.seed}/{tries.made}")
    try:
        result = run_cold(numbered, court.stage, court.checkout)
    except HostFault as fault:
        return Ended(Outcome.INFRA, str(fault))
    if not result.green:
        tries.red = True
        failed = result.failed
        reason = f"{failed.tier}: {failed.reason}" if failed else "a tier did not run"
        return Ended(Outcome.RED, reason, result)
    return _judge(order.recipe, result, court, before, tries)


def _judge(
    recipe: str, result: CiResult, court: Court, before: Canonical | None, tries: _Tries
) -> Ended:
    try:
        proven = ordered(court.rule, before.release_tag if before else None)
        verdict = gate(result, court.releases_now(), enrolled=court.enrolled, proven=proven)
    except Fault as fault:
        court.stage.discard(result.stack)
        reason = f"green, but upstream could not be asked again: {fault}"
        return Ended(Outcome.INFRA, reason, result)
    if not verdict.promote:
        court.stage.discard(result.stack)
        return Ended(
            Outcome.REFUSED,
            f"green, but {verdict.sentence}",
            result,
            verdict.failed,
            flaky=tries.red,
        )
    return _keep(recipe, result, court, before, tries)


def _keep(
    recipe: str, result: CiResult, court: Court, before: Canonical | None, tries: _Tries
) -> Ended:
    try:
        record = record_of(
            result,
            before,
            court.stage.engine,
            recipe=recipe,
            run_id=court.run_id,
            now=court.now(),
        )
        remark = promote(record, before, court.stage, court.canonicals)
    except Fault as fault:
        court.stage.discard(result.stack)
        return Ended(Outcome.PROMOTE_FAILED, str(fault), result, flaky=tries.red)
    notes = (Note(code="cleanup-pending", text=remark),) if remark else ()
    return Ended(
        Outcome.PROMOTED,
        "",
        result,
        flaky=tries.red,
        notes=notes,
        record=record,
    )


def _is_due(outcome: Outcome, tries: _Tries) -> bool:
    if outcome is Outcome.RED and tries.retries > 0:
        tries.retries -= 1
        return True
    if outcome is Outcome.INFRA and tries.infra_retries > 0:
        tries.infra_retries -= 1
        return True
    return False


def attempt_of(
    order: Order, ended: Ended, digest: str, *, run_id: str, now: datetime, quick: bool = False
) -> Attempt:
    """The ledger's line for an attempt that ended."""
    failed = ended.result.failed if ended.result else None
    return Attempt(
        key=AttemptKey(recipe=order.recipe, tag=order.tag, commit=order.commit, digest=digest),
        outcome=ended.outcome,
        ts=now,
        run_id=run_id,
        tier=str(failed.tier) if failed else "",
        reason=ended.reason,
        flaky=ended.flaky,
        quick=quick,
    )


def note_attempt(attempt: Attempt, ledger: Ledger) -> tuple[Note, ...]:
    """Write an attempt down; one that cannot be is a note, and costs no result."""
    try:
        ledger.add(attempt)
    except Fault as fault:
        return (Note(code="ledger", text=f"this attempt is not in the ledger: {fault}"),)
    return ()
