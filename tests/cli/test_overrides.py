"""overrides, pins, hold --until and what status says of them, as an operator types them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.typed import Call, Done
from stories.fleet import Fleet, toml


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """One recipe with two releases, and a pin on the latest."""
    fleet = Fleet(tmp_path)
    for tag in ("1.0.0+1", "1.1.0+1"):
        fleet.publishes("notes", tag)
    fleet.add("notes", upgradeBase={"tag": "1.1.0+1", "reason": "1.0.1 was broken"})
    return fleet


@pytest.fixture
def call(fleet: Fleet, typed: Call) -> Call:
    """A command on the fleet's configuration as it is by then."""

    def run(*words: str) -> Done:
        path = fleet.folder / "config.toml"
        tree = {
            "stateDir": f"{fleet.folder}/state",
            "cacheDir": f"{fleet.folder}/cache",
            "engine": "local",
            "retries": 0,
        }
        path.write_text(toml(tree | {"recipes": fleet.recipes}))
        return typed(*words, "--config", str(path))

    return run


def day(ahead: int) -> str:
    """A day so many days from today."""
    return f"{datetime.now(UTC) + timedelta(days=ahead):%Y-%m-%d}"


def told(done: Done) -> Any:
    return json.loads(done.stdout)


def test_a_redundant_pin_is_told_and_check_fails_until_it_is_gone(call: Call, fleet: Fleet) -> None:
    """Exit 1 for CI of the settings; a pin that is needed fails nothing."""
    needed = call("pins", "--check")
    call("run")
    told_so, checked, listed = call("pins"), call("pins", "--check"), call("pins", "--json")
    del fleet.recipes["notes"]["upgradeBase"]
    gone = call("pins", "notes", "--check")

    assert needed.returncode == 0, needed.stderr
    assert "notes 1.1.0+1: needed" in needed.stdout
    assert "without an end: add until" in needed.stdout
    assert told_so.returncode == 0
    assert "notes 1.1.0+1: redundant: remove it" in told_so.stdout
    assert checked.returncode == 1
    (line,) = told(listed)["pins"]
    assert (line["needed"], line["dynamic"]) == (False, "1.1.0+1")
    assert f"run      {line['evidence'][0]['run_id']}: 1.1.0+1 was promoted" in told_so.stdout
    assert gone.returncode == 0
    assert gone.stdout == "no recipe has an upgradeBase\n"


def test_a_pin_that_nobody_can_judge_is_an_error(call: Call, fleet: Fleet) -> None:
    """Not a redundant one, and not a needed one."""
    fleet.upstream("notes").rename(fleet.folder / "away")

    done = call("pins")

    assert done.returncode == 1
    assert "notes 1.1.0+1: error" in done.stdout
    assert "nobody can tell: " in done.stdout
    assert call("pins", "nosuch").returncode == 2


def test_overrides_lists_each_with_its_end_and_what_would_be(call: Call, fleet: Fleet) -> None:
    """One line each; an end in so many days, or none."""
    fleet.add("notes", expectedNA={"custom": {"reason": "none yet", "until": day(3)}})
    call("hold", "notes", "--reason", "moving house", "--until", "1.1.0+1")

    text, as_json = call("overrides"), call("overrides", "--json")

    assert text.returncode == as_json.returncode == 0, as_json.stderr
    said = " ".join(text.stdout.split())
    assert f"notes expectedNA.custom {day(3)} 3 days none yet; without it: the tier custom" in said
    assert "notes upgradeBase 1.1.0+1 never: add until 1.0.1 was broken; without it: the" in said
    assert "notes hold 1.1.0+1 moving house; without it: test/first-canonical" in said
    assert said.endswith("3 overrides")
    lines = told(as_json)["overrides"]
    assert [line["kind"] for line in lines] == ["n/a", "pin", "hold"]


def test_a_hold_ends_with_a_day_or_a_release(call: Call) -> None:
    """Through its last day; one that is over, or neither, is the person's slip."""
    by_day = call("hold", "notes", "--reason", "x", "--until", day(1), "--json")
    by_release = call("hold", "notes", "--reason", "x", "--until", "1.1.0+1")
    plan = call("plan")

    assert told(by_day)["until"].startswith(day(2))
    assert by_release.stdout == "notes is held up to 1.1.0+1: x\n"
    assert "held up to 1.1.0+1: x" in " ".join(plan.stdout.split())
    for words, cause in (
        (("--until", day(-1)), "is over"),
        (("--until", "soon"), "neither a day, such as 2027-01-31, nor a release"),
        (("--until", day(1), "--for", "1d"), "exclude each other"),
    ):
        done = call("hold", "notes", "--reason", "x", *words)
        assert done.returncode == 2
        assert cause in done.stderr


def test_status_tells_the_ends_as_they_are_today(call: Call, fleet: Fleet) -> None:
    """Also before any run, and of what has ended meanwhile."""
    fleet.publishes("mail", "1.0.0+1")
    fleet.publishes("site", "1.0.0+1")
    for recipe, until in (("mail", day(3)), ("site", day(-1))):
        fleet.add(recipe, enroll=False, exception={"reason": "no health", "until": until})

    done, as_json = call("status"), call("status", "--json")

    said = " ".join(done.stdout.split())
    assert f"not enrolled: no health (until {day(3)})" in said
    assert "override-ends: exception ends in 3 days" in said
    assert "override-expired: exception has ended" in said
    rows = {row["recipe"]: row for row in told(as_json)["recipes"]}
    assert (rows["mail"]["enrolled"], rows["site"]["enrolled"]) == (False, True)
    assert told(call("check", "--json"))["enrolled"] == 2


def test_test_without_pin_goes_with_no_quick(call: Call) -> None:
    """There the canonical is what it starts from."""
    done = call("test", "notes", "--quick", "--without-pin", "--json")

    assert done.returncode == 2
    assert "whatever is pinned" in told(done)["error"]["what"]
