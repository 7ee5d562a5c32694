"""Records that are out of sight are no records that never were: nothing takes their place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.errors import StateFault
from canon_sweep.job.budget import forecast
from canon_sweep.job.explain import explain
from canon_sweep.job.forget import run_forget
from stories.engines import doing
from stories.fleet import WEEK, Fleet


def unmount(fleet: Fleet) -> Path:
    """An empty folder is in the place of the records; gives where they are now."""
    folder = fleet.folder / "state/canonicals"
    away = folder.rename(fleet.folder / "elsewhere")
    folder.mkdir()
    return away


def configure_another(fleet: Fleet) -> Path:
    """Nobody has moved what was in the old one; gives where that is."""
    fleet.options["canonicalsDir"] = str(fleet.folder / "nothing/here/yet")
    return fleet.folder / "state/canonicals"


@pytest.mark.parametrize("hide", [unmount, configure_another])
def test_nothing_is_tested_while_the_records_are_out_of_sight(
    released: Fleet, hide: Callable[[Fleet], Path]
) -> None:
    """Each recipe's line says so; nothing is deployed, and nothing promoted beside them."""
    released.sweeps()
    volumes = released.volumes()
    released.publishes("notes", "1.2.0+1")
    hide(released)

    for night in (released.plans(), released.sweeps()):
        for recipe in ("notes", "site"):
            assert night[recipe].code is Code.INTERNAL_ERROR
            assert "is gone, though" in night[recipe].sentence
            assert "or mount its disk" in night[recipe].sentence
            assert f"canon-sweep forget {recipe}" in night[recipe].sentence
    assert night.results.exit_code == 1
    assert night.results.totals.deploys == 0
    assert released.tests("notes").code is Code.INTERNAL_ERROR
    with pytest.raises(StateFault, match="is gone, though"):
        explain(released.settings(), "notes", released.means())
    assert released.volumes() == volumes


def test_in_sight_again_they_are_what_they_were(released: Fleet) -> None:
    """The next sweep is a no-op, but for what upstream has released."""
    released.sweeps()
    before = released.bytes_of("notes", "site")
    away = unmount(released)
    released.sweeps()
    folder = released.folder / "state/canonicals"
    folder.rmdir()
    away.rename(folder)

    assert released.sweeps().results.noop
    assert released.bytes_of("notes", "site") == before


def test_who_was_given_up_starts_anew(released: Fleet) -> None:
    """As the line says; the others go on waiting for theirs."""
    released.sweeps()
    unmount(released)
    run_forget(released.settings(), "notes", "the disk is broken", released.means())

    night = released.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert night["site"].code is Code.INTERNAL_ERROR


def test_a_record_that_was_removed_starts_anew(released: Fleet) -> None:
    """That is our own advice where one is broken; its history tells that it was meant."""
    released.sweeps()
    (released.folder / "state/canonicals/notes/canonical.json").unlink()

    assert released.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_a_recipe_that_never_was_promoted_has_nothing_to_miss(released: Fleet) -> None:
    """A new one is tested, whatever of the others is out of sight."""
    released.sweeps("notes")
    unmount(released)

    night = released.sweeps()

    assert night["site"].outcome is Outcome.PROMOTED
    assert night["notes"].code is Code.INTERNAL_ERROR


def test_records_that_go_out_of_sight_during_a_test(released: Fleet) -> None:
    """What was proven is not promoted beside them; what was kept for it goes again."""
    released.sweeps()
    volumes = released.volumes()
    released.now += WEEK
    released.publishes("notes", "1.2.0+1")
    released.wrap = doing("deploy", lambda: unmount(released))

    night = released.sweeps("notes")

    assert night["notes"].outcome is Outcome.PROMOTE_FAILED
    assert "went away during the test" in night["notes"].reason
    assert released.volumes() == volumes
    assert not list((released.folder / "state/canonicals").iterdir())


def test_the_budget_does_not_take_them_for_nothing(released: Fleet) -> None:
    """Their volumes are on the disk: what is retained is at least the rest."""
    released.sweeps()
    size = released.canonical("site").volumes[0].bytes
    (released.folder / "state/canonicals/notes/canonical.json").unlink()

    found = forecast(released.settings(), released.means())

    assert (found.retained, found.unknown) == (size, ("notes",))
    assert found.exit_code == 1
    assert "canon-sweep forget notes" in found.problems[0]
