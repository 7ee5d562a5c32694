"""plausible, start to end: how a pin that dodges a broken release is retired, or kept.

Its 3.0.0 never comes up, so somebody has pinned 3.0.1 as the base of upgrades.
"""

from __future__ import annotations

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.errors import UsageFault
from stories.fleet import NEVER_STARTS, RUNS, WEEK, Fleet

OLD, BROKEN, PINNED = "2.1.0+v1.5.1", "3.0.0+v2.0.0", "3.0.1+v2.0.0"
PIN = {"tag": PINNED, "reason": "3.0.0 never comes up", "until": "2027-01-31"}


def pinned(fleet: Fleet, program: str) -> Fleet:
    """Plausible as it is found; ``program`` is what 3.0.1 does."""
    fleet.publishes("plausible", OLD)
    fleet.publishes("plausible", BROKEN, NEVER_STARTS)
    fleet.publishes("plausible", PINNED, program)
    fleet.add("plausible", upgradeBase=PIN)
    return fleet


def test_plausible_start_to_end(fleet: Fleet) -> None:
    """The pin goes, with proof, and not a week of upgrade coverage is lost."""
    pinned(fleet, RUNS)
    assert fleet.pins().redundant == ()

    first = fleet.sweeps()["plausible"]

    assert first.outcome is Outcome.PROMOTED, first.reason
    assert first.base == OLD
    assert [broken.tag for broken in first.broken_bases] == [BROKEN]
    assert {note.code: note.text for note in first.notes}["pin-ignored"] == (
        f"upgradeBase {PINNED} is not older than the version under test"
    )

    (told,) = fleet.pins().pins
    assert told.needed is False
    assert told.dynamic == PINNED
    assert [(each.run_id, "promoted" in each.shows) for each in told.evidence] == [
        (fleet.canonical("plausible").run_id, True)
    ]
    assert fleet.pins().exit_code(check=True) == 1
    assert fleet.pins().exit_code(check=False) == 0

    del fleet.recipes["plausible"]["upgradeBase"]
    fleet.now += WEEK
    assert fleet.sweeps()["plausible"].code is Code.NO_NEW_VERSION
    assert fleet.pins().exit_code(check=True) == 0
    fleet.publishes("plausible", "3.0.2+v2.0.1")
    fleet.now += WEEK

    last = fleet.sweeps()["plausible"]

    assert last.outcome is Outcome.PROMOTED, last.reason
    assert last.base == PINNED
    assert last.broken_bases == ()


def test_plausible_gated(fleet: Fleet) -> None:
    """3.0.1 does not come up cold either: the pin stays, and `pins` says why."""
    pinned(fleet, NEVER_STARTS)

    red = fleet.sweeps()["plausible"]

    assert red.outcome is Outcome.RED
    (told,) = fleet.pins().pins
    assert told.needed is True
    assert told.why.startswith(f"there is no canonical, so no base is proven: {PINNED} was red")
    assert "install" in told.why
    assert told.evidence[0].run_id == fleet.state().ledger.read()[-1].run_id
    assert told.aside == f"upgradeBase {PINNED} is not older than the version under test"
    assert fleet.pins().exit_code(check=True) == 0


def test_plausible_gated_with_an_older_canonical(fleet: Fleet) -> None:
    """What was proven before is another base than the pinned one, so the pin is needed."""
    fleet.publishes("plausible", "2.0.0+v1.5.0")
    fleet.publishes("plausible", OLD)
    fleet.sweeps()
    fleet.publishes("plausible", BROKEN, NEVER_STARTS)
    fleet.publishes("plausible", PINNED, NEVER_STARTS)
    fleet.add("plausible", upgradeBase=PIN)
    fleet.now += WEEK

    assert fleet.sweeps()["plausible"].outcome is Outcome.RED

    (told,) = fleet.pins().pins
    assert told.needed is True
    assert f"would start from the canonical {OLD}" in told.why


def test_the_proof_before_the_pin_is_removed(fleet: Fleet) -> None:
    """A test as if it were gone already; `pins` shows that run."""
    pinned(fleet, RUNS).sweeps()
    fleet.publishes("plausible", None)
    fleet.now += WEEK

    entry = fleet.tests("plausible", ref="main", without_pin=True)

    assert entry.outcome is Outcome.PASSED, entry.reason
    assert entry.without_pin
    assert entry.base == PINNED
    (told,) = fleet.pins().pins
    assert told.last_base == PINNED
    assert told.evidence[0].run_id == "20260621T030000Z"
    assert told.evidence[0].shows.endswith(f"was upgraded from {PINNED}, without the pin")
    assert told.evidence[-1].shows.startswith(f"{PINNED} was promoted")


def test_what_is_not_pinned_cannot_be_tested_without_it(fleet: Fleet) -> None:
    """The person meant another recipe."""
    fleet.publishes("notes", "1.0.0+1")

    with pytest.raises(UsageFault, match="notes has no upgradeBase"):
        fleet.tests("notes", without_pin=True)


def test_a_base_that_went_bad_keeps_the_pin(fleet: Fleet) -> None:
    """The canonical came up when it was promoted, and does not any more."""
    flag = fleet.folder / "gone"
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1", f'test ! -e "{flag}" || exit 3; exec sleep 1000')
    fleet.sweeps()
    flag.touch()
    fleet.add("notes", upgradeBase={"tag": "1.0.0+1", "reason": "r", "until": "2027-01-31"})
    assert fleet.pins().redundant == ("notes",)
    fleet.publishes("notes", "1.2.0+1", NEVER_STARTS)
    fleet.publishes("notes", None)
    fleet.now += WEEK

    fleet.tests("notes", ref="main", without_pin=True)

    (told,) = fleet.pins().pins
    assert told.needed is True
    assert "did not come up the last time it was a base" in told.why


def test_a_quick_run_is_no_proof_of_a_base(fleet: Fleet) -> None:
    """It starts on the data that is kept; an upgrade of a sweep starts from nothing."""
    flag = fleet.folder / "gone"
    from_nothing = f'test -e "$$DATA/token" || test ! -e "{flag}" || exit 3'
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1", f"{from_nothing}; exec sleep 1000")
    fleet.sweeps()
    fleet.add("notes", upgradeBase={"tag": "1.0.0+1", "reason": "r", "until": "2027-01-31"})
    flag.touch()
    fleet.publishes("notes", None)
    fleet.now += WEEK
    cold = fleet.tests("notes", ref="main", without_pin=True)
    fleet.now += WEEK

    quick = fleet.tests("notes", ref="main", quick=True)

    assert [broken.tag for broken in cold.broken_bases] == ["1.1.0+1"]
    assert (quick.outcome, quick.quick) == (Outcome.PASSED, True), quick.reason
    (told,) = fleet.pins().pins
    assert told.needed is True
    assert "did not come up the last time it was a base" in told.why


def test_a_red_without_the_pin_is_repeated_without_it(fleet: Fleet) -> None:
    """With it, the command would test something else."""
    pinned(fleet, NEVER_STARTS)

    entry = fleet.tests("plausible", without_pin=True)

    assert entry.outcome is Outcome.RED
    assert entry.repeat == f"canon-sweep test plausible --version {PINNED} --without-pin"
