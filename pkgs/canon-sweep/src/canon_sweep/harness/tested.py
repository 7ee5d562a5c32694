"""How a release's test ended, and the ledger's line for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from canon_sweep.core.attempts import Attempt, AttemptKey, Outcome, Took
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.count import counted
from canon_sweep.core.decision import Note
from canon_sweep.core.failure import is_same
from canon_sweep.core.gate import Condition, Failed, Verdict
from canon_sweep.core.result import CiResult
from canon_sweep.errors import Fault
from canon_sweep.harness.order import Order
from canon_sweep.state.attempts import Ledger


class Tested(msgspec.Struct, frozen=True):
    """How a release's test ended; ``reason`` is empty only for a promotion without a remark.

    ``seconds`` is what one test took, its promotion too; ``overdue`` as `Attempt` has it.
    ``due`` is whether it is a red that is to be tried once more, later; ``again`` says of one
    that was, how it was at first.
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
    overdue: bool = False
    due: bool = False
    again: str = ""


def as_at_first(reds: Sequence[Tested]) -> str:
    """How the last of a release's reds is beside the first; empty if it is the only one."""
    if len(reds) == 1:
        return ""
    first, last = reds[0], reds[-1]
    if is_same(first.reason, last.reason):
        return f"red {counted(len(reds), 'time')}, in the same way"
    return f"red {counted(len(reds), 'time')}, and not as at first: {first.reason}"


def not_repeated(tested: Tested, why: str) -> Tested:
    """What counts as it is though it was to be tried once more, with the reason."""
    note = Note(code="not-repeated", text=f"not repeated: {why}")
    return replace(tested, notes=(*tested.notes, note))


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
        key=key_of(order, digest),
        outcome=tested.outcome,
        ts=now,
        run_id=run_id,
        tier=str(failed.tier) if failed else "",
        reason=tested.reason,
        flaky=tested.flaky,
        quick=quick,
        seconds=round(tested.seconds, 3),
        took=took,
        overdue=tested.overdue,
    )


def key_of(order: Order, digest: str) -> AttemptKey:
    """What a test of an order is an attempt at."""
    return AttemptKey(recipe=order.recipe, tag=order.tag, commit=order.commit, digest=digest)


def note_attempt(attempt: Attempt, ledger: Ledger) -> tuple[Note, ...]:
    """Write an attempt down; one that cannot be is a note, and costs no result."""
    try:
        ledger.add(attempt)
    except Fault as fault:
        return (Note(code="ledger", text=f"this attempt is not in the ledger: {fault}"),)
    return ()
