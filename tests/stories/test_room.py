"""A test begins only where there is room for it, and ends before the disk is full."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.oldimage import Stored
from canon_sweep.core.space import Space
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault
from canon_sweep.job import images, room
from canon_sweep.job.explain import explain
from host import own_disk
from stories.engines import failing
from stories.fleet import RUNS, WEEK, Fleet

MIB = 2**20
DISK = 64 * MIB
# 24 MiB are written in the app, and stay
GROWS = 'head -c 25165824 /dev/zero > "$$DATA/big"; exec sleep 1000'
# as much as there is, bit by bit
FILLS = (
    "while head -c 1048576 /dev/zero >> $$DATA/$$(date +%s%N); do sleep 0.02; done; exec sleep 1000"
)


@pytest.fixture
def small(fleet: Fleet) -> Iterator[Fleet]:
    """A fleet whose engine has a disk of 64 MiB to itself."""
    (fleet.folder / "state" / "local").mkdir(mode=0o700, parents=True)
    with own_disk(fleet.folder / "state" / "local", f"size={DISK}"):
        yield fleet


@dataclass
class Wasted:
    """An engine beside others: ``free`` is what they leave; an old image holds some of it.

    A stand-in for a disk that others fill, on an engine that is real in all else.
    """

    inner: Engine
    free: list[int | None]
    holds: int = 0
    removed: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def space(self) -> Space | None:
        """How much the others leave just now."""
        free = self.free[0] if len(self.free) == 1 else self.free.pop(0)
        return None if free is None else Space(free + self.holds * len(self.removed), 100 * MIB)

    def images(self) -> tuple[Stored, ...]:
        """One image that nobody needs, until it is removed."""
        return () if self.removed else (Stored(id="sha256:1", tags=("old:1",)),)

    def remove_image(self, image: Stored) -> str:
        """It goes."""
        self.removed.append(image.id)
        return ""


def beside_others(fleet: Fleet, *free: int | None, holds: int = 0) -> list[str]:
    """Other people leave this much at each look, the last one for good; what was removed."""
    removed: list[str] = []
    left = list(free)

    def wrap(engine: Engine) -> Engine:
        return Wasted(engine, left, holds, removed)

    fleet.wrap = wrap
    return removed


def test_nothing_is_asked_where_nothing_is_set(released: Fleet) -> None:
    """An operator who has set no bound has no gate, however little there is."""
    beside_others(released, 0)

    assert released.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_too_little_defers_each_recipe_by_itself_with_the_figures(released: Fleet) -> None:
    """One line each, exit 1, nothing deployed; with room again all of them are tested."""
    released.options["disk"] = {"minFree": "10MiB", "assumedPeak": "5MiB"}
    beside_others(released, 15 * MIB - 1)

    night = released.sweeps()

    for recipe in ("notes", "site"):
        assert night[recipe].code is Code.DISK
        assert "15.0 MiB of 100.0 MiB are free" in night[recipe].sentence
        assert "may take 5.0 MiB (assumed" in night[recipe].sentence
        assert "disk.minFree is 10.0 MiB" in night[recipe].sentence
        assert night[recipe].tag == "1.1.0+1"
    assert night.results.exit_code == 1
    assert night.results.totals.deploys == 0
    # a resume finds no more room, and need not be told of each half hour
    still = released.resumes()
    assert still is not None
    assert still.results.exit_code == 75
    beside_others(released, 15 * MIB)
    then = released.resumes()
    assert then is not None
    assert {entry.outcome for entry in then.results.entries} == {Outcome.PROMOTED}
    assert then.results.exit_code == 0


def test_a_plan_says_whose_test_has_no_room(released: Fleet) -> None:
    """As a note: room may be made until then; who has nothing to test needs none."""
    released.sweeps("site")
    released.options["disk"] = {"minFree": "10MiB", "assumedPeak": "5MiB"}
    removed = beside_others(released, 15 * MIB - 1)

    night = released.plans()

    (note,) = (note for note in night["notes"].notes if note.code == "no-room")
    assert note.text.startswith("deferred/disk, unless old images make way: 15.0 MiB of")
    assert night["notes"].code is Code.FIRST_CANONICAL
    assert night.results.exit_code == 0
    assert [note for note in night["site"].notes if note.code == "no-room"] == []
    told = explain(released.settings(), "notes", released.means())
    assert note in told.notes
    assert removed == []
    beside_others(released, 15 * MIB)
    assert released.plans()["notes"].notes == ()
    released.wrap = failing("space", HostFault("the engine is down"))
    (note,) = released.plans()["notes"].notes
    assert note.text == "nobody can say whether there is room for its test: the engine is down"


def test_the_next_recipe_is_asked_for_itself(released: Fleet) -> None:
    """Room that comes back during a sweep is used."""
    released.options["disk"] = {"minFree": "10MiB", "assumedPeak": "5MiB"}
    # asked twice of the first: before old images went, and after
    beside_others(released, MIB, MIB, 50 * MIB)

    night = released.sweeps()

    assert night["notes"].code is Code.DISK
    assert night["site"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1


def test_who_has_nothing_to_test_needs_no_room(released: Fleet) -> None:
    """A full disk is no reason to call a proven recipe deferred."""
    released.sweeps()
    released.options["disk"] = {"minFree": "10MiB"}
    beside_others(released, 0)

    night = released.sweeps()

    assert night["notes"].code is Code.NO_NEW_VERSION
    assert night.results.exit_code == 0


def test_what_nobody_can_say_is_never_enough(released: Fleet) -> None:
    """Where a bound is set; the line says why."""
    released.options["disk"] = {"minFree": 1}
    beside_others(released, None)

    night = released.sweeps()

    assert night["notes"].code is Code.DISK
    assert "nobody can say how much is free" in night["notes"].sentence


def test_old_images_go_before_a_recipe_is_deferred(released: Fleet) -> None:
    """As far as the settings allow, and only where there is too little."""
    released.options |= {
        "disk": {"minFree": "10MiB", "assumedPeak": "5MiB"},
        "prune": {"foreignImages": True, "imagesAfter": "1d"},
    }
    held = beside_others(released, 10 * MIB, holds=5 * MIB)
    means = released.means()
    assert means.engine is not None
    # it is seen, and is a week old when the sweep comes
    images.make_room(
        released.settings().prune, released.state(), means.engine, released.now, lambda _: None
    )
    released.now += WEEK

    night = released.sweeps("notes")

    assert held == ["sha256:1"]
    assert night["notes"].outcome is Outcome.PROMOTED


def test_a_test_by_hand_is_asked_too(released: Fleet) -> None:
    """The disk is as full for a person; cold and quick."""
    released.sweeps()
    released.options["disk"] = {"minFree": "10MiB"}
    beside_others(released, 0)

    assert released.tests("notes").code is Code.DISK
    assert released.tests("notes", ref="main", quick=True).code is Code.DISK
    assert released.running() == ()


@pytest.mark.usefixtures("settling")
def test_a_recipe_is_reckoned_with_what_its_last_tests_took(small: Fleet) -> None:
    """Both sets of volumes at once, and nothing that others take meanwhile."""
    small.publishes("notes", "1.0.0+1", GROWS)
    small.publishes("site", "1.0.0+1")
    small.sweeps()
    first = small.state().ledger.read()[-2:]
    small.publishes("notes", "1.1.0+1", RUNS)
    small.now += WEEK
    small.sweeps()

    took = {a.key.recipe: a.took for a in first}
    assert took["notes"] is not None
    assert took["site"] is not None
    assert 24 * MIB <= took["notes"].volumes < 25 * MIB
    assert took["notes"].images == 0
    assert took["site"].volumes < MIB
    last = small.state().ledger.index().last_of("notes")
    assert last is not None
    assert last.took is not None
    # the old version was put up once more, and upgraded
    assert 24 * MIB <= last.took.volumes < 25 * MIB


@pytest.mark.usefixtures("settling")
def test_the_mark_decides_who_may_begin(small: Fleet) -> None:
    """The large one waits, the small one is tested: its next test is known to take little."""
    small.publishes("large", "1.0.0+1", GROWS)
    small.publishes("small", "1.0.0+1")
    small.sweeps()
    for recipe in ("large", "small"):
        small.publishes(recipe, "1.1.0+1")
    small.now += WEEK
    # 40 MiB are free
    small.options["disk"] = {"minFree": "20MiB"}

    night = small.sweeps()

    assert night["large"].code is Code.DISK
    assert "the most of its last tests" in night["large"].sentence
    assert night["small"].outcome is Outcome.PROMOTED


def test_a_test_that_fills_the_disk_is_ended_before_it_is_full(
    small: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing of the recipe; it is taken down, the canonical stays, and others go on."""
    monkeypatch.setattr(room, "PERIOD", 0.02)
    small.publishes("notes", "1.0.0+1")
    small.publishes("site", "1.0.0+1")
    small.sweeps()
    before = small.bytes_of("notes")
    small.publishes("notes", "1.1.0+1", FILLS, ready=True)
    small.publishes("site", "1.1.0+1")
    small.now += WEEK
    small.options |= {"disk": {"floor": "16MiB"}, "infraRetries": 0}
    lowest = watched(small, monkeypatch)

    night = small.sweeps()

    assert night["notes"].outcome is Outcome.INFRA
    assert "below disk.floor 16.0 MiB" in night["notes"].reason
    assert night["site"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1
    assert min(lowest) > 4 * MIB
    assert small.bytes_of("notes") == before
    assert small.running() == ()
    assert small.volumes() == {
        volume.name for recipe in ("notes", "site") for volume in small.canonical(recipe).volumes
    }
    assert night.results.problems == ()
    last = small.state().ledger.index().last_of("notes")
    assert last is not None
    assert last.outcome is Outcome.INFRA


def test_a_quick_run_that_fills_the_disk_puts_the_canonical_back(
    small: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended from outside as by a signal: byte for byte what it was."""
    monkeypatch.setattr(room, "PERIOD", 0.02)
    small.publishes("notes", "1.0.0+1")
    small.sweeps()
    before = small.bytes_of("notes")
    small.publishes("notes", "1.1.0+1", FILLS, ready=True)
    small.options["disk"] = {"floor": "16MiB"}

    entry = small.tests("notes", ref="main", quick=True)

    assert entry.outcome is Outcome.INFRA
    assert "below disk.floor" in entry.reason
    assert small.bytes_of("notes") == before
    assert small.running() == ()
    assert small.volumes() == {small.canonical("notes").volumes[0].name}


def test_a_rerun_is_asked_for_too(small: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was ended because the disk filled up is not begun again where it would again."""
    monkeypatch.setattr(room, "PERIOD", 0.02)
    small.publishes("notes", "1.0.0+1", FILLS, ready=True)
    small.options["disk"] = {"minFree": "20MiB", "floor": "16MiB", "assumedPeak": "1MiB"}

    night = small.sweeps()

    assert night["notes"].outcome is Outcome.INFRA
    assert night["notes"].attempts == 1


def watched(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was free at each look."""
    looks: list[int] = []
    folder = fleet.folder / "state" / "local"
    inner = type(fleet.engine()).space

    def look(engine: Any) -> Space | None:
        found = os.statvfs(folder)
        looks.append(found.f_bavail * found.f_frsize)
        return inner(engine)

    monkeypatch.setattr(type(fleet.engine()), "space", look)
    return looks
