"""Overrides die: what they keep from happening happens once their end has come."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.hold import Hold
from canon_sweep.core.result import Status, Tier
from canon_sweep.job.budget import forecast
from canon_sweep.job.explain import explain
from canon_sweep.job.hold import remark_of
from canon_sweep.job.status import status_of
from canon_sweep.report.records import Entry
from stories.fleet import LOSES_DATA, NEVER_STARTS, WEEK, Fleet

LAST = "2026-06-20"  # the Saturday after the first Sunday


def why(until: str, **more: str) -> dict[str, Any]:
    """An override that ends so."""
    return {"reason": "no stable health", "until": until, **more}


def notes(entry: Entry) -> dict[str, str]:
    return {note.code: note.text for note in entry.notes}


def tier(entry: Entry, wanted: Tier) -> Status:
    return next(result.status for result in entry.tiers if result.tier is wanted)


def test_an_exception_enrols_again_after_its_last_day(released: Fleet) -> None:
    """On that day it still holds; from the next one on the recipe is tested, and noted."""
    released.add("notes", enroll=False, exception=why(LAST))

    before = released.sweeps()["notes"]
    released.now = datetime(2026, 6, 20, 23, tzinfo=UTC)
    on_the_day = released.sweeps()["notes"]
    released.now += timedelta(hours=1)
    after = released.sweeps()["notes"]

    assert before.code is on_the_day.code is Code.EXCEPTED
    assert before.sentence.endswith("no stable health (until 2026-06-20)")
    assert "ends in 6 days" in notes(before)["override-ends"]
    assert "ends today" in notes(on_the_day)["override-ends"]
    assert after.outcome is Outcome.PROMOTED, after.reason
    assert "remove it" in notes(after)["override-expired"]


def test_an_exception_up_to_a_release_ends_with_the_next_one(released: Fleet) -> None:
    """Whether it has come is seen each week; nothing is tested until then."""
    released.add("notes", enroll=False, exception=why("1.1.0+1"))
    night = released.sweeps()
    assert night["notes"].code is Code.EXCEPTED
    assert "up to 1.1.0+1" in night["notes"].sentence
    assert "override-ends" not in notes(night["notes"])
    released.publishes("notes", "1.2.0+1")
    released.now += WEEK

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED, entry.reason
    assert "override-expired" in notes(entry)


def test_a_red_of_whom_an_ended_exception_lets_in_is_tried_again_as_the_same(
    released: Fleet,
) -> None:
    """The second try is of the recipe as its releases let it be, and may be promoted."""
    flag = released.folder / "tried"
    once = f'test -e "{flag}" && exec sleep 1000; touch "{flag}"; exit 3'
    released.publishes("notes", "1.2.0+1", once)
    released.add("notes", enroll=False, retries=1, exception=why("1.1.0+1"))

    entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED, entry.reason
    assert entry.flaky
    red, green = released.state().ledger.index().of("notes")
    assert red.key == green.key


def test_what_was_refused_as_an_exception_is_tested_at_once_when_it_has_ended(
    released: Fleet,
) -> None:
    """Its refusal is remembered for a week only as long as it would be refused again."""
    released.add("notes", enroll=False, exception=why(LAST))
    released.now = datetime(2026, 6, 20, 23, tzinfo=UTC)
    assert released.tests("notes").outcome is Outcome.REFUSED
    assert released.overrides()["notes exception"].without.startswith("test/first-canonical")
    released.now += timedelta(hours=1)

    assert released.sweeps()["notes"].outcome is Outcome.PROMOTED


@pytest.mark.parametrize("until", [LAST, "1.1.0+1"], ids=["day", "release"])
def test_a_tier_that_did_not_apply_is_tried(fleet: Fleet, until: str) -> None:
    """What it had hidden shows."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.add("notes", expectedNA={"upgrade": why(until)})
    first = fleet.sweeps()["notes"]
    fleet.publishes("notes", "1.2.0+1", LOSES_DATA)
    fleet.now += WEEK

    second = fleet.sweeps()["notes"]

    assert first.outcome is Outcome.PROMOTED, first.reason
    assert tier(first, Tier.UPGRADE) is Status.NA
    assert second.outcome is Outcome.RED
    assert tier(second, Tier.UPGRADE) is Status.FAIL
    assert "the tier upgrade is tried" in notes(second)["override-expired"]


def test_a_pin_that_has_ended_is_used_as_long_as_it_is_needed(released: Fleet) -> None:
    """It nags; once a canonical is proven it is not used any more."""
    released.publishes("notes", "1.2.0+1")
    released.add("notes", upgradeBase=why("2026-06-01", tag="1.0.0+1"))

    first = released.sweeps()["notes"]
    released.publishes("notes", "1.3.0+1")
    released.now += WEEK
    second = released.sweeps()["notes"]

    assert first.base == "1.0.0+1"
    assert "as long as it is needed: there is no canonical" in notes(first)["override-overdue"]
    assert second.base == "1.2.0+1"
    assert notes(second)["override-expired"].endswith("it is not used: remove it")


def test_a_hold_up_to_a_release_lets_the_next_one_through(released: Fleet) -> None:
    """And says that it may go."""
    hold = Hold(recipe="notes", reason="1.1 is known to be slow", up_to="1.1.0+1")
    released.state().holds.put(hold)

    held = released.sweeps()["notes"]
    released.publishes("notes", "1.2.0+1")
    released.now += WEEK
    after = released.sweeps()["notes"]

    assert held.code is Code.HELD
    assert held.sentence == "held up to 1.1.0+1: 1.1 is known to be slow"
    assert after.outcome is Outcome.PROMOTED, after.reason
    assert "canon-sweep unhold notes" in notes(after)["override-expired"]


def test_each_override_is_listed_with_what_would_be_without_it(released: Fleet) -> None:
    """The same rules, asked as if it were gone."""
    released.publishes("mail", "1.0.0+1")
    released.publishes("mail", "1.1.0+1")
    released.add("mail", enroll=False, exception="no stable health")
    released.add("site", upgradeBase=why(LAST, tag="1.0.0+1"))
    released.add("notes", expectedNA={"upgrade": why("1.1.0+1"), "reattach": why("2026-06-01")})
    until = released.now + timedelta(days=3)
    released.state().holds.put(Hold(recipe="notes", reason="moving house", until=until))

    found = released.overrides()

    assert {key: (line.until, line.days_left, line.in_force) for key, line in found.items()} == {
        "mail exception": ("", None, True),
        "notes expectedNA.upgrade": ("1.1.0+1", None, True),
        "notes expectedNA.reattach": ("2026-06-01", -13, False),
        "notes hold": ("2026-06-17", 3, True),
        "site upgradeBase 1.0.0+1": (LAST, 6, True),
    }
    assert {key: line.without for key, line in found.items()} == {
        "mail exception": "test/first-canonical: 1.1.0+1 would be the first canonical",
        "notes expectedNA.upgrade": "the tier upgrade would be tried, from 1.0.0+1",
        "notes expectedNA.reattach": "the same: it has ended, remove it",
        "notes hold": "test/first-canonical: 1.1.0+1 would be the first canonical",
        "site upgradeBase 1.0.0+1": "the next upgrade would start from 1.0.0+1",
    }


def test_what_cannot_be_looked_at_is_told_and_nothing_is_guessed(released: Fleet) -> None:
    """The others are listed all the same."""
    released.add("notes", enroll=False, exception=why(LAST))
    released.add("site", upgradeBase=why(LAST, tag="1.0.0+1"))
    released.upstream("notes").rename(released.folder / "away")

    found = released.overrides()

    assert found["notes exception"].without.startswith("nobody can tell: ")
    assert found["notes exception"].problem
    assert not found["site upgradeBase 1.0.0+1"].problem


def test_a_hosts_exception_that_nobody_can_look_at_is_an_error(released: Fleet) -> None:
    """Up to a release, and upstream is away: whether it has ended is not guessed."""
    released.add("notes", enroll=False, exception=why("1.1.0+1"))
    released.upstream("notes").rename(released.folder / "away")

    assert released.sweeps()["notes"].code is Code.SYNC_ERROR


def test_plan_and_explain_say_the_same_as_the_sweep(released: Fleet) -> None:
    """Before the last release for it, and after."""
    released.add("notes", enroll=False, exception=why("1.1.0+1"))
    before = explain(released.settings(), "notes", released.means())
    assert before.code is released.plans()["notes"].code is Code.EXCEPTED
    released.publishes("notes", "1.2.0+1")

    after = explain(released.settings(), "notes", released.means())
    planned = released.plans()["notes"]

    assert after.code is planned.code is Code.FIRST_CANONICAL
    assert "override-expired" in {note.code for note in after.notes}
    assert "override-expired" in notes(planned)
    assert released.volumes() == set()


def test_a_hold_of_whose_exception_has_ended_holds(released: Fleet) -> None:
    """It takes part again, and is left alone for the hold's sake."""
    released.add("notes", enroll=False, exception=why(LAST))
    hold = Hold(recipe="notes", reason="moving house", until=released.now + 2 * WEEK)
    on_its_last_day = released.now + timedelta(days=6)

    said = remark_of(released.settings(), hold, on_its_last_day)

    assert "it takes no part in the sweep anyway" in said
    assert remark_of(released.settings(), hold, released.now + WEEK) == ""


def test_a_hold_up_to_what_is_superseded_says_so_at_once(released: Fleet) -> None:
    """As far as the last sync saw."""
    hold = Hold(recipe="notes", reason="moving house", up_to="1.0.0+1")
    assert remark_of(released.settings(), hold, released.now) == ""
    released.plans()

    said = remark_of(released.settings(), hold, released.now)

    assert said == "it holds nothing: the latest is 1.1.0+1 already"


def test_what_to_do_about_a_loss_goes_by_what_is_in_force(released: Fleet) -> None:
    """Who takes part again since the next release is not told to enrol first."""
    released.sweeps()
    released.add("notes", enroll=False, exception=why("1.1.0+1"))
    shutil.rmtree(released.volume("notes"))

    before = next(each for each in released.verifies() if each.recipe == "notes")
    released.publishes("notes", "1.2.0+1")
    after = next(each for each in released.verifies() if each.recipe == "notes")

    assert "takes no part in the sweep" in before.problems[0]
    assert "only 1.2.0+1 can be proven now" in after.problems[0]


def test_a_hold_of_whose_exception_a_release_has_ended_holds(released: Fleet) -> None:
    """As far as the last sync saw."""
    released.add("notes", enroll=False, exception=why("1.1.0+1"))
    hold = Hold(recipe="notes", reason="moving house", until=released.now + 2 * WEEK)
    released.plans()
    said = remark_of(released.settings(), hold, released.now)
    released.publishes("notes", "1.2.0+1")
    released.plans()

    assert "it takes no part in the sweep anyway" in said
    assert remark_of(released.settings(), hold, released.now) == ""


def test_who_asks_no_remote_knows_of_an_end_by_what_was_tested(released: Fleet) -> None:
    """Red since, there is no newer canonical; and yet it takes part, and nobody holds it."""
    released.sweeps()
    released.add("notes", enroll=False, exception=why("1.1.0+1"))
    hold = Hold(recipe="site", reason="1.1 is known to be slow", up_to="1.1.0+1")
    released.state().holds.put(hold)
    for recipe in ("notes", "site"):
        released.publishes(recipe, "1.2.0+1", NEVER_STARTS)
    released.now += WEEK

    night = released.sweeps()
    notes_row, site_row = status_of(
        released.settings(), released.state(), None, released.now
    ).recipes

    assert {entry.outcome for entry in night.results.entries} == {Outcome.RED}
    assert (notes_row.enrolled, notes_row.last_tag) == (True, "1.2.0+1")
    assert site_row.hold is None
    released.options["disk"] = {"minFree": "9000TiB"}
    lines = forecast(released.settings(), released.means()).recipes
    assert [bool(line.problems) for line in lines] == [True, True]
    for row in (notes_row, site_row):
        assert [note.code for note in row.overrides] == ["override-expired"]
