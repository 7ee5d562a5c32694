"""What canonicals retain stays within the budget, and every record is kept."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from typing import Any, cast

import pytest
from msgspec.structs import replace

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Code
from canon_sweep.core.space import shown
from canon_sweep.engine.protocol import Engine, Volume
from canon_sweep.errors import HostFault, StateFault, UsageFault
from canon_sweep.harness import promote as promotion
from canon_sweep.job.budget import Forecast, Line, forecast
from canon_sweep.job.recover import run_recover
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import QuickRun
from child import in_child
from stories.engines import failing, intercepted
from stories.fleet import WEEK, Fleet

KIB = 1024
FLEET = ("a", "b", "c", "d")
# each has as much data
LARGE = 256 * KIB
# what a test writes besides it: its token, and the word that it is there
SMALL = 4 * KIB


def holds(size: int) -> str:
    """A program that has so much data."""
    return f'head -c {size} /dev/zero > "$$DATA/big"; touch "$$DATA/healthy"; exec sleep 1000'


@pytest.fixture
def fleet(fleet: Fleet, settling: None) -> Fleet:
    """A fleet whose programs have the time to write."""
    return fleet


@pytest.fixture
def large(fleet: Fleet) -> Fleet:
    """Four recipes that would retain one and a half times of what is allowed."""
    for recipe in FLEET:
        fleet.publishes(recipe, "1.0.0+1", holds(LARGE))
    fleet.options["disk"] = {"budget": int(len(FLEET) * LARGE / 1.5)}
    return fleet


def retained(fleet: Fleet) -> int:
    """What there is on the disk, as it is."""
    engine = fleet.engine()
    stacks = {name.rpartition("_")[0] for name in engine.volumes_of_ours()}
    found = [volume.bytes for stack in stacks for volume in engine.volumes(stack)]
    assert None not in found
    return sum(size or 0 for size in found)


def with_data(fleet: Fleet, *recipes: str) -> list[str]:
    """Whose canonical has its data."""
    return [recipe for recipe in recipes or FLEET if fleet.canonical(recipe).volumes]


def forecasts(fleet: Fleet) -> Forecast:
    """The operator asks."""
    return forecast(fleet.settings(), fleet.means())


def codes(entry: Any) -> set[str]:
    """Of a recipe's notes."""
    return {note.code for note in entry.notes}


def test_a_fleet_that_is_too_large_ends_within_the_budget(
    large: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never above after a promotion; the new one is record-only, and the run is wrong."""
    limit = large.options["disk"]["budget"]
    sampled: list[int] = []
    inner = promotion._cleared

    def cleared(*arguments: Any) -> Any:
        answer = inner(*arguments)
        sampled.append(retained(large))
        return answer

    monkeypatch.setattr(promotion, "_cleared", cleared)

    night = large.sweeps()

    assert {entry.outcome for entry in night.results.entries} == {Outcome.PROMOTED}
    assert len(sampled) == len(FLEET)
    assert max(sampled) <= limit
    assert retained(large) <= limit
    assert with_data(large) == ["a", "b"]
    assert night.results.exit_code == 1
    assert "over-budget" not in codes(night["b"])
    (note,) = (note for note in night["c"].notes if note.code == "over-budget")
    assert f"more than disk.budget, {shown(limit)}" in note.text
    assert "canon-sweep run --retry c" in note.text
    for recipe in FLEET:
        assert large.canonical(recipe).tag == "1.0.0+1"
    assert large.canonical("c").retained == "record-only"
    assert [volume.bytes for volume in large.canonical("c").unkept] >= [LARGE]
    assert all(not finding.problems for finding in large.verifies())
    assert large.running() == ()


def test_repeated_at_once_it_is_a_no_op_that_goes_on_saying_so(large: Fleet) -> None:
    """A record is a canonical: nothing is tested again for want of room."""
    large.has_swept()
    before = large.bytes_of("a", "b")

    night = large.sweeps()

    assert night.results.noop
    assert night["c"].code is Code.NO_NEW_VERSION
    assert codes(night["c"]) >= {"record-only"}
    assert night.results.exit_code == 0
    assert large.bytes_of("a", "b") == before


def test_a_quick_run_on_a_record_alone_says_how_to_get_the_data_back(large: Fleet) -> None:
    """It does not run on nothing."""
    large.has_swept()

    with pytest.raises(UsageFault, match=r"no data to test on: its .* more than") as caught:
        large.tests("c", ref="main", quick=True)

    assert "raise disk.budget, then: canon-sweep run --retry c" in caught.value.do
    assert large.running() == ()


def test_a_raised_budget_and_a_retry_bring_the_data_back(large: Fleet) -> None:
    """As the line says; and without the budget being raised it is the same again."""
    large.has_swept()
    large.options["disk"] = {"budget": len(FLEET) * (LARGE + SMALL)}
    assert large.sweeps()["c"].code is Code.NO_NEW_VERSION

    night = large.sweeps("c", retry=True)

    assert night["c"].outcome is Outcome.PROMOTED
    # the one test of a sweep that is not of a newer release
    assert codes(night["c"]) - {"record-only"} == {"stepped-back"}
    assert night.results.exit_code == 0
    assert large.canonical("c").unkept == ()
    assert large.tests("c", ref="main", quick=True).outcome is Outcome.PASSED
    large.options["disk"] = {"budget": LARGE}
    assert large.sweeps("d", retry=True).results.exit_code == 1
    assert with_data(large) == ["a", "b", "c"]
    assert large.sweeps("a", retry=True).results.noop


def test_a_new_release_upgrades_from_a_record_and_replaces_only_its_own(large: Fleet) -> None:
    """The base of an upgrade needs no data; what is replaced makes room first."""
    large.has_swept()
    large.now += WEEK
    for recipe in ("a", "c"):
        large.publishes(recipe, "1.1.0+1", holds(LARGE))
    others = large.bytes_of("b")

    night = large.sweeps()

    assert (night["a"].base, night["c"].base) == ("1.0.0+1", "1.0.0+1")
    assert "over-budget" not in codes(night["a"])
    assert "over-budget" in codes(night["c"])
    assert with_data(large) == ["a", "b"]
    assert large.canonical("c").tag == "1.1.0+1"
    assert large.bytes_of("b") == others


def test_a_canonical_that_grew_over_the_budget_keeps_its_record_alone(large: Fleet) -> None:
    """The old data goes with the old record: beside the new one it would be another version's."""
    large.has_swept()
    large.publishes("b", "1.1.0+1", holds(4 * LARGE))

    night = large.sweeps()

    assert night["b"].canonical == "1.1.0+1"
    assert with_data(large) == ["a"]
    assert len(large.volumes()) == 1


def test_the_less_important_gives_way_with_a_line_of_its_own(large: Fleet) -> None:
    """Its record stays and says why; nobody of the same importance or without one loses any."""
    large.has_swept()
    large.recipes["a"]["priority"] = 1
    large.recipes["d"]["priority"] = 9
    large.publishes("d", "1.1.0+1", holds(LARGE))
    others = large.bytes_of("b")
    told = {line.recipe: (line.takes, line.problems) for line in forecasts(large).recipes}
    # nobody's data goes without having been announced
    assert (told["d"], told["a"]) == ((("a",), ()), ((), ()))

    night = large.sweeps()

    assert with_data(large) == ["b", "d"]
    (note,) = (note for note in night["d"].notes if note.code == "data-given-up")
    assert "the canonical 1.0.0+1 of a: its data went for that of d" in note.text
    assert night.results.exit_code == 0
    assert large.canonical("a").tag == "1.0.0+1"
    assert "its data went for that of d" in large.canonical("a").retained_reason
    assert large.bytes_of("b") == others
    assert len(large.volumes()) == 2
    assert all(not finding.problems for finding in large.verifies())
    with pytest.raises(UsageFault, match="its data went for that of d"):
        large.tests("a", ref="main", quick=True)
    # its next release is not kept, and takes nothing back
    large.publishes("a", "1.1.0+1", holds(LARGE))
    assert "over-budget" in codes(large.sweeps()["a"])
    assert with_data(large) == ["b", "d"]


def test_what_was_given_up_is_in_the_line_also_where_the_promotion_fails_then(
    large: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data is gone, whatever it went for."""
    large.has_swept()
    large.recipes["a"]["priority"] = 1
    large.recipes["d"]["priority"] = 9
    large.publishes("d", "1.1.0+1", holds(LARGE))
    write = Canonicals.write

    def fails(self: Canonicals, record: Canonical) -> None:
        if record.recipe == "d":
            raise StateFault("the record cannot be written: No space left on device")
        write(self, record)

    monkeypatch.setattr(Canonicals, "write", fails)

    entry = large.sweeps()["d"]

    assert entry.outcome is Outcome.PROMOTE_FAILED
    assert "No space left on device; before that, the canonical 1.0.0+1 of a: " in entry.reason
    assert "its data went for that of d" in entry.reason
    assert large.canonical("d").tag == "1.0.0+1"


class Unsized:
    """An engine that cannot say how large volumes are, and does all else for real."""

    def __init__(self, inner: Engine) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def volumes(self, stack: str) -> tuple[Volume, ...]:
        """Each is there."""
        return tuple(replace(each, bytes=None) for each in self._inner.volumes(stack))


def test_a_size_that_nobody_knows_is_no_fault_and_never_nothing(large: Fleet) -> None:
    """Without a budget the data is kept; with one nobody can say that it fits."""
    budget = large.options.pop("disk")
    large.wrap = lambda engine: cast(Engine, Unsized(engine))
    night = large.sweeps("a")
    assert night["a"].outcome is Outcome.PROMOTED
    assert [volume.bytes for volume in large.canonical("a").volumes] == [None]
    large.options["disk"] = budget

    night = large.sweeps("b")

    assert night["b"].outcome is Outcome.PROMOTED
    assert large.canonical("b").retained == "record-only"
    assert night.results.exit_code == 1
    found = forecasts(large)
    assert (found.retained, found.unknown) == (0, ("a",))
    large.wrap = lambda engine: engine
    assert large.sweeps("c")["c"].outcome is Outcome.PROMOTED
    assert {recipe for recipe in "abc" if large.canonical(recipe).volumes} == {"a", "c"}
    assert large.state().ledger.read()[0].took is None
    large.wrap = lambda engine: cast(Engine, Unsized(engine))
    told = {finding.recipe: finding for finding in large.verifies()}
    assert told["c"].problems == ()
    assert "cannot be found out" in told["c"].unchecked[0]
    assert told["a"].unchecked == ()


def test_who_is_not_settled_yet_gives_nothing(large: Fleet) -> None:
    """Of a broken quick run the copies are the data: they must not be forgotten."""
    large.has_swept()
    large.recipes["a"]["priority"] = 1
    large.recipes["d"]["priority"] = 9
    record = large.canonical("a")
    # which is not there
    copies = {record.volumes[0].name: f"snapshot.{record.volumes[0].name}"}
    quick = QuickRun(
        recipe="a", stack=record.stack, snapshots=copies, complete=True, engine="local"
    )
    large.state().journal.put(quick)
    large.publishes("d", "1.1.0+1", holds(LARGE))

    night = large.sweeps()

    assert "over-budget" in codes(night["d"])
    assert "a" in with_data(large)
    assert large.state().journal.entries() == (quick,)


def test_nobody_gives_way_where_that_would_not_be_enough(large: Fleet) -> None:
    """Data is not lost for nothing."""
    large.has_swept()
    large.recipes["a"]["priority"] = 1
    large.recipes["d"]["priority"] = 9
    large.publishes("d", "1.1.0+1", holds(3 * LARGE))

    night = large.sweeps()

    assert with_data(large) == ["a", "b"]
    assert codes(night["d"]) >= {"over-budget"}


def test_a_record_that_cannot_be_read_costs_nobody_his_data(large: Fleet) -> None:
    """It may name anything; the new data is judged by what is known."""
    large.has_swept()
    large.recipes["a"]["priority"] = 1
    large.recipes["d"]["priority"] = 9
    large.publishes("d", "1.1.0+1", holds(LARGE))
    record = large.state().canonicals.folder / "c" / "canonical.json"
    record.write_text("{")

    night = large.sweeps("d")

    assert large.canonical("a").volumes
    assert "over-budget" in codes(night["d"])
    found = forecasts(large)
    assert found.unknown == ("c",)
    (line,) = (line for line in found.recipes if line.recipe == "d")
    assert line.takes == ()
    assert "more than disk.budget" in line.problems[0]


def test_what_went_and_could_not_be_removed_yet_is_removed_by_the_next_run(large: Fleet) -> None:
    """The record says already that it is without; nothing is promoted above the budget."""
    large.has_swept()
    large.recipes["a"]["priority"] = 1
    large.recipes["d"]["priority"] = 9
    large.publishes("d", "1.1.0+1", holds(LARGE))
    gone = large.canonical("a").volumes[0].name
    busy = HostFault("the engine is busy")

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "remove_volume" and arguments[0] == gone and fails:
            fails.clear()
            raise busy

    fails = [True]
    large.wrap = lambda engine: intercepted(engine, before)
    night = large.sweeps()
    large.wrap = lambda engine: engine

    assert night["d"].outcome is Outcome.PROMOTE_FAILED
    assert large.canonical("d").tag == "1.0.0+1"
    assert gone not in large.volumes()
    assert retained(large) <= large.options["disk"]["budget"]


@pytest.mark.parametrize("priorities", [{}, {"a": 1, "c": 9}], ids=["record-only", "taken"])
def test_killed_at_any_step_of_a_promotion_it_is_the_old_or_the_new(
    large: Fleet, priorities: dict[str, int]
) -> None:
    """What is on the disk afterwards is what records name, and no more than is allowed."""
    large.sweeps("a", "b")
    for recipe, priority in priorities.items():
        large.recipes[recipe]["priority"] = priority
    state, kept = large.folder / "state", large.folder / "kept"
    shutil.copytree(state, kept, symlinks=True)
    found = set()
    for step in range(1, 100):
        shutil.rmtree(state)
        shutil.copytree(kept, state, symlinks=True)
        large.wrap = dying_once_it_rests(step)
        if in_child(lambda: large.sweeps("c")) == 0:
            break
        large.wrap = lambda engine: engine

        recovery = run_recover(large.settings(), large.means())

        assert recovery.left == ()
        records = large.state().canonicals.read_all().records
        named = {volume.name for record in records.values() for volume in record.volumes}
        assert large.volumes() == named
        assert retained(large) <= large.options["disk"]["budget"]
        assert "b" in records
        assert records["b"].volumes
        found.add(("c" in records, bool(records["a"].volumes)))
    assert (False, True) in found
    # after the less important one's data went, or before the new one's did
    assert ((False, False) if priorities else (True, True)) in found


def dying_once_it_rests(step: int) -> Callable[[Engine], Engine]:
    """Killed before the n-th call after the test's last teardown; test_crash has the others."""
    teardowns, made = [0], [0]

    def before(name: str, _arguments: tuple[Any, ...]) -> None:
        teardowns[0] += name == "undeploy"
        made[0] += teardowns[0] > 1
        if made[0] == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return lambda engine: intercepted(engine, before)


def test_the_forecast_says_who_will_have_room(large: Fleet) -> None:
    """What each retains, what it took at its peak, and what would come of its next release."""
    large.has_swept()
    large.add("new")

    found = forecasts(large)

    assert found.retained == retained(large)
    assert found.budget == large.options["disk"]["budget"]
    lines = {line.recipe: line for line in found.recipes}
    assert lines["a"].retained == sum(v.bytes or 0 for v in large.canonical("a").volumes)
    assert (lines["a"].peak_known, lines["a"].problems) == (True, ())
    assert lines["a"].peak >= LARGE
    assert lines["c"].retained == 0
    assert "more than disk.budget" in lines["c"].reason
    assert any("more than disk.budget" in problem for problem in lines["c"].problems)
    assert (lines["new"].peak, lines["new"].peak_known) == (5 * 2**30, False)
    assert (lines["a"].data, lines["a"].data_told) == (None, "")
    assert found.exit_code == 1
    large.options["disk"] = {"budget": "6GiB"}
    assert forecasts(large).exit_code == 0
    large.options["disk"] = {"minFree": "500TiB"}
    assert all("disk.minFree is 500.0 TiB" in line.problems[0] for line in forecasts(large).recipes)


def line_of(fleet: Fleet, recipe: str) -> Line:
    """What the operator is told of a recipe."""
    return next(line for line in forecasts(fleet).recipes if line.recipe == recipe)


@pytest.fixture
def newcomer(large: Fleet) -> Fleet:
    """Two recipes have a canonical, and room is left for half of another one's data."""
    large.sweeps("a", "b")
    large.recipes["a"]["priority"] = 1
    large.recipes["d"]["priority"] = 9
    large.options["disk"] = {"budget": 5 * LARGE // 2, "assumedPeak": LARGE}
    return large


def test_data_that_nobody_has_seen_yet_is_reckoned_with_as_assumed(newcomer: Fleet) -> None:
    """It is said to be unknown; it is not nothing, and nobody's data goes for it."""
    before = newcomer.volumes()

    line = line_of(newcomer, "d")

    assert (line.canonical, line.data, line.data_told) == ("", LARGE, "unknown, 256.0 KiB assumed")
    assert line.takes == ()
    assert line.problems[0].startswith("its data (unknown, 256.0 KiB assumed) and the ")
    assert forecasts(newcomer).exit_code == 1
    assert newcomer.volumes() == before
    newcomer.options["disk"] = {"budget": 3 * LARGE + 4 * SMALL, "assumedPeak": LARGE}
    assert line_of(newcomer, "d").problems == ()
    del newcomer.options["disk"]
    assert (line_of(newcomer, "d").data, line_of(newcomer, "d").problems) == (None, ())


def test_a_red_shows_how_much_data_there_is_at_least(newcomer: Fleet) -> None:
    """It was broken off, so there may be more; and nobody's data goes for it either."""
    newcomer.publishes("d", "1.1.0+1", holds(2 * LARGE))
    newcomer.recipes["d"]["checks"] = [{"type": "exec", "command": ["false"]}]
    assert newcomer.sweeps("d")["d"].outcome is Outcome.RED

    line = line_of(newcomer, "d")

    assert line.data is not None
    assert line.data >= 2 * LARGE
    assert line.data_told.startswith("at least 5")
    assert not line.peak_known
    assert line.takes == ()
    assert line.problems[0].startswith("its data (at least 5")
    assert with_data(newcomer, "a", "b") == ["a", "b"]


def test_a_test_that_went_through_shows_how_much_data_there_is_at_most(newcomer: Fleet) -> None:
    """Whose data will go for it is announced, as for who has a canonical."""
    assert newcomer.tests("d", ref="main").outcome is Outcome.PASSED

    line = line_of(newcomer, "d")

    assert line.data is not None
    assert line.data >= LARGE
    assert line.data_told.startswith("up to ")
    assert (line.takes, line.problems) == (("a",), ())
    assert newcomer.sweeps("d")["d"].outcome is Outcome.PROMOTED
    assert with_data(newcomer, "a", "b", "d") == ["b", "d"]


def test_who_has_a_record_is_no_newcomer_though_nobody_can_read_it(newcomer: Fleet) -> None:
    """Until it is mended nothing of the recipe is tested, so nothing is reckoned with."""
    newcomer.options["disk"]["assumedPeak"] = 9 * LARGE
    record = newcomer.state().canonicals.folder / "a" / "canonical.json"
    record.write_text("{")

    line = line_of(newcomer, "a")

    assert (line.data, line.data_told, line.problems) == (None, "", ())
    record.unlink()
    assert line_of(newcomer, "a").data is not None


def test_a_budget_that_was_lowered_takes_nothing_from_anybody(large: Fleet) -> None:
    """It is said; and what comes next is not kept."""
    large.has_swept()
    before = large.bytes_of("a", "b")
    large.options["disk"] = {"budget": LARGE}

    assert large.sweeps().results.noop
    assert large.bytes_of("a", "b") == before
    assert "retain" in forecasts(large).problems[0]
    large.publishes("a", "1.1.0+1", holds(LARGE))
    large.sweeps()
    assert with_data(large) == ["b"]


def test_without_an_engine_the_forecast_says_what_it_can(large: Fleet) -> None:
    """How much is free is not known, and that is said."""
    large.has_swept()
    large.options["disk"]["minFree"] = "1MiB"
    large.wrap = failing("space", HostFault("Docker does not answer"))

    found = forecasts(large)

    assert found.free is None
    assert any("nobody can say" in problem for problem in found.recipes[0].problems)
