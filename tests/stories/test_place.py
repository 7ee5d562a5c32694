"""An app that takes its own place apart costs itself a red, and nobody else anything."""

from __future__ import annotations

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.state.journal import Deployment
from host import deep, foreign, powerless
from stories.engines import failing
from stories.fleet import RUNS, Fleet

LEFT = "note-000000_ci_localhost"
# in a compose file a lone $ is compose's own; each lets its checks pass before it acts
HABITS = {
    "removes its volume": 'rm -r "$$DATA"',
    "replaces it by a link": 'rm -r "$$DATA"; ln -s /tmp "$$DATA"',
    "replaces it by a dangling link": 'rm -r "$$DATA"; ln -s nowhere "$$DATA"',
    "replaces it by a file": 'rm -r "$$DATA"; echo x > "$$DATA"',
}


@pytest.fixture
def tolerant(released: Fleet) -> Fleet:
    """A recipe that asks nothing of its data."""
    released.add("notes", data={})
    return released


def leftovers(fleet: Fleet) -> set[str]:
    """What is in the engine's folders and belongs to no canonical."""
    local = fleet.folder / "state" / "local"
    found = {path.name for name in ("volumes", "stacks") for path in (local / name).glob("*")}
    found |= {path.name for path in (local / "volumes").glob(".*")}
    return found - {
        volume.name
        for recipe in fleet.state().canonicals.recipes()
        for volume in fleet.canonical(recipe).volumes
    }


@pytest.mark.parametrize("habit", HABITS.values(), ids=HABITS.keys())
@pytest.mark.parametrize("when", ["trap '{}' TERM; sleep 1000 & wait", "{}; " + RUNS])
def test_an_app_without_its_volume_is_red(tolerant: Fleet, habit: str, when: str) -> None:
    """At its end or at its start: a canonical without its data would be worth nothing."""
    tolerant.publishes("notes", "1.2.0+1", when.format(habit))

    night = tolerant.sweeps()

    assert night["notes"].outcome is Outcome.RED, night["notes"].reason
    assert "volume note-" in night["notes"].reason
    assert "_data is" in night["notes"].reason
    assert night["site"].outcome is Outcome.PROMOTED
    assert leftovers(tolerant) == set()
    assert tolerant.state().journal.entries() == ()


@pytest.mark.parametrize("habit", HABITS.values(), ids=HABITS.keys())
def test_a_quick_run_puts_back_what_an_app_has_replaced(tolerant: Fleet, habit: str) -> None:
    """The volume, and what lies where its copies are made."""
    tolerant.sweeps()
    before = tolerant.bytes_of("notes")
    volume = tolerant.volume("notes")
    names = (f".new-snapshot.{volume.name}", f".old-{volume.name}", f".old-snapshot.{volume.name}")
    beside = "; ".join(f'ln -s /tmp "{volume.parent}/{name}"' for name in names)
    commit = tolerant.publishes("notes", None, f"{habit}; {beside}; {RUNS}")

    tolerant.tests("notes", ref=commit, quick=True)

    assert tolerant.bytes_of("notes") == before
    assert leftovers(tolerant) == set()
    assert tolerant.state().journal.entries() == ()


def test_a_volume_that_is_half_removed_is_told_until_it_is_gone(released: Fleet) -> None:
    """One recipe waits for it; the others are tested, and each run tells it."""
    volume = released.folder / "state" / "local" / "volumes" / f"{LEFT}_data"
    (volume / "locked").mkdir(parents=True)
    (volume / "locked" / "file").touch()
    foreign(volume / "locked")
    released.state().journal.put(Deployment(recipe="notes", stack=LEFT, engine="local"))

    def sweeps() -> None:
        for _ in range(2):
            night = released.sweeps()
            assert night["notes"].outcome in (Outcome.INFRA, None)
            assert f"volume {LEFT}_data cannot be removed" in str(night.results.problems)
            assert night.results.exit_code == 1
        assert released.canonical("site").tag == "1.1.0+1"

    powerless(sweeps)

    assert released.sweeps()["notes"].outcome is Outcome.PROMOTED
    assert leftovers(released) == set()


def test_a_stack_that_cannot_be_removed_stops_its_own_recipe_only(released: Fleet) -> None:
    """It exists, and runs no more."""
    place = released.folder / "state" / "local" / "stacks" / LEFT / "source" / "locked"
    place.mkdir(parents=True)
    (place / "file").touch()
    foreign(place)
    released.state().journal.put(Deployment(recipe="notes", stack=LEFT, engine="local"))

    def sweeps() -> None:
        night = released.sweeps()
        assert night["notes"].outcome is Outcome.INFRA
        assert "locked/file cannot be removed" in night["notes"].reason
        assert night["site"].outcome is Outcome.PROMOTED

    powerless(sweeps)


def test_a_removal_that_was_killed_is_finished_by_the_next_run(released: Fleet) -> None:
    """Of folders without end, half of them gone already, under locked ones."""
    local = released.folder / "state" / "local"
    halves = (
        local / "stacks" / LEFT / "source", local / "volumes" / f".old-{LEFT}_data",
        local / "volumes" / f".old-{LEFT}_more", local / "volumes" / f"{LEFT}_more",
        released.folder / "state" / "checkouts" / "notes" / "0123",
    )  # fmt: skip
    released.state().journal.put(Deployment(recipe="notes", stack=LEFT, engine="local"))
    with deep(halves[0], 1200), deep(halves[1], 1200), deep(halves[2], 1200), deep(halves[4], 1200):
        halves[3].mkdir()
        for path in halves:
            path.chmod(0o555)

        night = released.sweeps()

        assert night.results.exit_code == 0
        assert night["notes"].outcome is Outcome.PROMOTED
        assert leftovers(released) == set()
        assert not halves[4].exists()


def test_a_bug_in_the_cleaning_up_ends_no_run(released: Fleet) -> None:
    """It is told like everything that could not be cleaned up."""
    released.state().journal.put(Deployment(recipe="notes", stack=LEFT, engine="local"))
    released.wrap = failing("undeploy", RecursionError("too deep"), times=3)

    night = released.sweeps()

    assert night["notes"].outcome is Outcome.INFRA
    assert f"{LEFT}, left by an earlier run of notes: a bug" in night["notes"].reason
    assert night["site"].outcome is Outcome.PROMOTED


def test_a_commit_that_nests_folders_without_end_is_red(released: Fleet) -> None:
    """For its own reason, and nothing of it stays."""
    released.commits("notes", "1.2.0+1", {"d/" * 150 + "file": "x"})

    night = released.sweeps()

    assert night["notes"].outcome is Outcome.RED
    assert "more than 100 folders in one another" in night["notes"].reason
    assert night["site"].outcome is Outcome.PROMOTED
    assert list((released.folder / "state" / "checkouts").glob("*")) == []
