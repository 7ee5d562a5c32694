"""How long a ledger of many years takes: read once, then asked for every recipe.

52,000 attempts are a fleet of twenty recipes, fifty years of weeks.  The goal: below
0.5 s once, and nothing worth counting for each recipe after that.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from canon_sweep.core.attempts import Attempt, AttemptKey, Outcome
from canon_sweep.state.attempts import Ledger

ATTEMPTS = 52_000
RECIPES = 20
BEGIN = datetime(2026, 6, 14, 3, tzinfo=UTC)
REASON = "upgrade: the probe web answered 502, expected 200; its log ends: " + "x" * 200


def attempt(number: int) -> bytes:
    """A line of the ledger."""
    recipe = f"recipe{number % RECIPES}"
    made = Attempt(
        key=AttemptKey(recipe=recipe, tag=f"1.{number}.0+v1", commit="a" * 40, digest="d" * 16),
        outcome=Outcome.RED,
        ts=BEGIN + timedelta(hours=number),
        run_id="20260614T030000Z",
        reason=REASON,
    )
    return msgspec.json.encode(made)


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def main() -> None:
    """Print a line for each way to ask."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "attempts.jsonl"
        path.write_bytes(b"".join(attempt(number) + b"\n" for number in range(ATTEMPTS)))
        ledger = Ledger(path)
        print(f"{ATTEMPTS} attempts, {path.stat().st_size / 1e6:.0f} MB")
        print(f"read once        {seconds(ledger.index):.3f} s")
        print(f"of every recipe  {seconds(lambda: asked(ledger)):.3f} s")
        added = msgspec.json.decode(attempt(ATTEMPTS), type=Attempt)
        print(f"one more         {seconds(lambda: ledger.add(added)):.3f} s")


def asked(ledger: Ledger) -> None:
    """What a sweep asks."""
    for number in range(RECIPES):
        assert ledger.index().of(f"recipe{number}")


if __name__ == "__main__":
    main()
