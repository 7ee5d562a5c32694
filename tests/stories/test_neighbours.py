"""No recipe can cost another anything: not its volume, its time, or its turn."""

from __future__ import annotations

import msgspec
import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.canonical import Label
from canon_sweep.core.decision import Code
from canon_sweep.errors import HostFault
from canon_sweep.job.records import Records
from canon_sweep.settings.recipe import Recipe
from canon_sweep.state.journal import Deployment
from stories.engines import failing, intercepted
from stories.fleet import Fleet

LEFT = "note-000000_ci_localhost"


def left_behind(fleet: Fleet) -> None:
    """A killed run of notes left a stack."""
    fleet.state().journal.put(Deployment(recipe="notes", stack=LEFT, engine="local"))


def test_what_merely_exists_disturbs_its_own_recipe_only(released: Fleet) -> None:
    """A volume that cannot be removed is no reason to test nobody."""
    left_behind(released)
    (released.folder / "state" / "local" / "volumes" / f"{LEFT}_data").mkdir(parents=True)
    released.wrap = failing("remove_volume", HostFault("the volume is busy"), times=99)

    night = released.sweeps()

    assert night["notes"].outcome is Outcome.INFRA
    assert LEFT in night["notes"].reason
    assert night["site"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1


def test_what_may_still_run_disturbs_everybody(released: Fleet) -> None:
    """Beside somebody else's containers no test means anything."""
    left_behind(released)

    def before(name: str, arguments: tuple[object, ...]) -> None:
        if name in {"undeploy", "leftovers"} and arguments[0] == LEFT:
            raise HostFault("the engine hung")

    released.wrap = lambda engine: intercepted(engine, before)

    night = released.sweeps()

    assert [entry.outcome for entry in night.results.entries] == [Outcome.INFRA] * 2
    assert released.state().canonicals.recipes() == ()


def test_cleaning_up_is_tried_again_before_each_recipe(released: Fleet) -> None:
    """An engine that hung for a moment costs no night."""
    left_behind(released)
    released.wrap = failing("undeploy", HostFault("the engine hung"))

    night = released.sweeps()

    assert [entry.outcome for entry in night.results.entries] == [Outcome.PROMOTED] * 2
    assert night.results.exit_code == 0


def test_a_bad_line_in_a_history_is_that_recipes_note(released: Fleet) -> None:
    """It stays where it is, is told, and stops nobody."""
    released.has_swept()
    history = released.state().canonicals.folder / "notes" / "history.jsonl"
    history.write_text("nobody's line\n" + history.read_text())
    for recipe in ("notes", "site"):
        released.publishes(recipe, "1.2.0+1")

    night = released.sweeps()

    assert [entry.outcome for entry in night.results.entries] == [Outcome.PROMOTED] * 2
    assert "history" in {note.code for note in night["notes"].notes}
    assert night["site"].notes == ()
    assert history.read_text().startswith("nobody's line\n")


def test_a_volume_that_two_records_name_outlives_a_promotion_of_one(released: Fleet) -> None:
    """However it came to be named twice: it is the other's canonical too."""
    released.has_swept()
    shared = released.canonical("notes").volumes[0]
    site = released.canonical("site")
    both = msgspec.structs.replace(site, volumes=(*site.volumes, shared))
    released.state().canonicals.write(both)
    released.publishes("notes", "1.2.0+1")

    assert released.sweeps("notes")["notes"].outcome is Outcome.PROMOTED

    assert released.canonical("notes").volumes[0].name != shared.name
    assert shared.name in released.volumes()


def test_who_used_up_the_run_alone_is_last_in_the_next(released: Fleet) -> None:
    """One recipe that never gets ready must not starve the fleet week after week."""
    released.publishes("notes", "1.2.0+1", ready=True)
    released.options["maxRuntime"] = "3s"

    first = released.sweeps()
    second = released.sweeps()

    assert first["notes"].code is Code.OUT_OF_TIME
    assert first["site"].code is Code.OUT_OF_TIME
    assert second["site"].outcome is Outcome.PROMOTED
    assert second["notes"].code is Code.OUT_OF_TIME


@pytest.mark.parametrize("spoilt", ["garbage", "another schema"])
def test_a_record_that_cannot_be_read_may_name_any_volume(released: Fleet, spoilt: str) -> None:
    """Until somebody mends it, nothing that an older record names is removed."""
    released.has_swept()
    shared = released.canonical("notes").volumes[0]
    site = released.canonical("site")
    both = msgspec.structs.replace(site, volumes=(*site.volumes, shared))
    released.state().canonicals.write(both)
    path = released.state().canonicals.folder / "site" / "canonical.json"
    whole = path.read_text()
    bad = whole + "x" if spoilt == "garbage" else whole.replace('"schema": 1', '"schema": 99')
    assert bad != whole
    path.write_text(bad)
    released.publishes("notes", "1.2.0+1")

    night = released.sweeps("notes")

    assert night["notes"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1
    assert "site" in night.results.problems[0]
    assert shared.name in released.volumes()
    path.write_text(whole)
    assert released.sweeps("notes").results.exit_code == 0
    assert released.state().journal.entries() == ()
    assert shared.name in released.volumes()


def test_a_journal_that_names_a_stack_of_an_unreadable_record_removes_nothing(
    released: Fleet,
) -> None:
    """Under whatever recipe it is written."""
    released.has_swept()
    record = released.canonical("notes")
    released.state().journal.put(Deployment(recipe="other", stack=record.stack, engine="local"))
    path = released.state().canonicals.folder / "notes" / "canonical.json"
    path.write_text(path.read_text() + "x")

    released.sweeps()

    assert {volume.name for volume in record.volumes} <= released.volumes()


def test_a_record_that_nobody_can_follow_is_its_own_recipes_line(released: Fleet) -> None:
    """Also where it is asked for before the recipe's turn begins, and after."""
    assert released.sweeps().results.exit_code == 0
    path = released.state().canonicals.folder / "notes" / "canonical.json"
    path.write_text('{"a": ' + "[" * 2000 + "]" * 2000 + "}")

    night = released.sweeps()

    assert night["notes"].code is Code.INTERNAL_ERROR
    assert "canonical.json is no canonical's record" in night["notes"].sentence
    assert night["site"].code is Code.NO_NEW_VERSION


def test_a_bug_in_one_recipes_record_is_its_own_line(
    released: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong where its canonical is looked up, the others go on."""
    canonical = Records.canonical

    def fails(records: Records, recipe: Recipe) -> Label:
        if recipe.name == "notes":
            raise RuntimeError("what is this?")
        return canonical(records, recipe)

    monkeypatch.setattr(Records, "canonical", fails)

    night = released.sweeps()

    assert night["notes"].code is Code.INTERNAL_ERROR
    assert "what is this?" in night["notes"].sentence
    assert night["site"].outcome is Outcome.PROMOTED
