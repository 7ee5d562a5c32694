"""How a whole examination ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.checkup import (
    Check,
    Outcome,
    exit_code_of,
    fail,
    ok,
    totals_of,
    unknown,
    warn,
)

CHECKS = st.lists(st.sampled_from([ok("a", "b"), warn("a", "b", "c"), fail("a", "b", "c")]))


@given(CHECKS)
def test_every_check_counts_once(checks: list[Check]) -> None:
    """What is said below a table is what is in it."""
    totals = totals_of(checks)

    assert totals.ok + totals.warn + totals.fail + totals.unknown == len(checks)
    assert totals.fail == sum(check.outcome == Outcome.FAIL for check in checks)


@pytest.mark.parametrize(
    ("check", "code"),
    [
        (ok("a", "b"), 0),
        (warn("a", "b", "c"), 0),
        (fail("a", "b", "c"), 1),
        (unknown("a", "b"), 1),
    ],
)
def test_what_could_not_be_asked_is_never_a_yes(check: Check, code: int) -> None:
    """A warning is no alarm; a doubt is."""
    assert exit_code_of(totals_of([ok("x", "y"), check])) == code
