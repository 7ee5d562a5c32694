"""Tiers as a table: run one after another until one fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from canon_sweep.core.result import Status, Tier, TierResult
from canon_sweep.errors import RecipeFault
from canon_sweep.state.runs import Log


class Step(msgspec.Struct, frozen=True):
    """One row of the table of tiers.

    ``na`` is the reason why the tier does not apply, and empty if it does.
    ``after`` is done at its end, also where it does not apply, as a part of it.
    """

    tier: Tier
    run: Callable[[], None]
    na: str = ""
    after: Callable[[], None] = lambda: None


def run_steps(
    log: Log, steps: Sequence[Step], check: Callable[[RecipeFault], object]
) -> tuple[TierResult, ...]:
    """Run tiers in order until one fails.

    ``check`` is asked of each failure, right then: it raises where it is the host's.

    Raises:
        HostFault: the host failed in one of them.
        TimeFault: the run's time is used up.
    """
    results: list[TierResult] = []
    for step in steps:
        log.say(f"tier {step.tier}")
        started = time.monotonic()
        status, reason = (Status.NA, step.na) if step.na else (Status.PASS, "")
        try:
            if not step.na:
                step.run()
            step.after()
        except RecipeFault as fault:
            check(fault)
            status, reason = Status.FAIL, str(fault)
        seconds = round(time.monotonic() - started, 3)
        results.append(TierResult(tier=step.tier, status=status, reason=reason, seconds=seconds))
        log.say(f"tier {step.tier}: {status}{f': {reason}' if reason else ''}")
        if status is Status.FAIL:
            break
    return tuple(results)
