"""What the operator has done before a sweep: commands of his own, one after another."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from canon_sweep import interrupt, process
from canon_sweep.errors import HostFault, Interrupted
from canon_sweep.report.records import PreStep

# of what a command that failed said last
LINES = 20


def run_steps(
    commands: Sequence[tuple[str, ...]],
    say: Callable[[str], None],
    time_left: Callable[[], float],
) -> tuple[PreStep, ...]:
    """Run each command, whatever becomes of the others, and say how it ended.

    They have our own environment, and at most the seconds that are left.  Once the
    process is asked to end, no further one begins.
    """
    steps: list[PreStep] = []
    for command in commands:
        if interrupt.reason() is not None:
            break
        step = _run(command, say, time_left())
        say(step.sentence)
        steps.append(step)
    return tuple(steps)


def _run(command: tuple[str, ...], say: Callable[[str], None], seconds: float) -> PreStep:
    started = time.monotonic()
    try:
        with interrupt.LetThrough():
            done = process.run(command, env=os.environ, timeout=max(0.0, seconds))
    except (HostFault, Interrupted) as why:
        spent = time.monotonic() - started
        return PreStep(command=command, exit_code=None, why=f"failed: {why}", seconds=spent)
    step = PreStep(command=command, exit_code=done.exit_code, seconds=time.monotonic() - started)
    for line in done.output.splitlines()[-LINES:] if step.failed else ():
        say(f"  {line}")
    return step
