"""kill -9 at every step of a promotion: the canonical is the old one or the new one."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Code
from canon_sweep.engine.protocol import Engine
from child import in_child
from crash.matrix import Matrix, Row
from crash.tiers import LOOKS, heard, moments, sweeps_until
from stories.engines import LastWord, dying_at, intercepted
from stories.fleet import CHECKED, Fleet


def is_whole(fleet: Fleet) -> Canonical:
    """The record is there and so are its volumes, with the data that was seeded."""
    record = fleet.canonical("notes")
    assert {volume.name for volume in record.volumes} <= fleet.volumes()
    token = (fleet.volume("notes") / "token").read_text().strip()
    assert token == record.stack.split("_")[0]
    return record


def end_of(record: Canonical, new: str) -> str:
    """Whether a record is still the old one."""
    return "new" if record.tag == new else "old"


def killed(work: Callable[[], object]) -> bool:
    """Do the work in a forked child; was it killed?"""
    return in_child(work) != 0


@pytest.mark.parametrize(
    ("settings", "points"),
    [
        *(({"expectedNA": {"upgrade": "every call of the others"}}, (n, 4)) for n in range(1, 5)),
        *(({}, (n, 10)) for n in (12, 17)),
    ],
)
def test_a_crash_at_any_engine_call_leaves_a_whole_canonical(
    fleet: Fleet, settings: dict[str, Any], points: tuple[int, int], matrix: Matrix, every: bool
) -> None:
    """The next run cleans up the rest, and ends what the crashed one began."""
    fleet.publishes("notes", "1.0.0+1", secret=True)
    fleet.publishes("notes", "1.1.0+1", secret=True)
    fleet.add("notes", **settings)
    fleet.sweeps()
    seen = set()
    first, stride = points if settings or not every else (points[0], 2)
    step, release = first - stride, 1
    while True:
        step += stride
        release += 1
        old = fleet.canonical("notes").tag
        new = f"1.{release}.0+1"
        fleet.publishes("notes", new, secret=True)

        last = LastWord()

        def crash(step: int = step, last: LastWord = last) -> None:
            fleet.wrap = dying_at(step, last)
            fleet.sweeps()

        died = killed(crash)

        record = is_whole(fleet)
        assert record.tag in (old, new)
        night = fleet.sweeps()
        assert night["notes"].outcome in (Outcome.PROMOTED, None)
        after = is_whole(fleet)
        assert after.tag == new
        left = fleet.volumes() - {volume.name for volume in after.volumes}
        left |= fleet.secrets() - set(after.secrets)
        if died:
            seen.add(end_of(record, new))
            matrix.add(Row("local", "run", last.text, end_of(record, new), len(left)))
        assert not left, step
        assert fleet.running() == ()
        assert fleet.state().journal.entries() == ()
        history = [entry.tag for entry in fleet.state().canonicals.history("notes")]
        assert history[-1] == new
        assert len(history) == len(set(history))
        if not died:
            break
    # that of the new one is struck by the next test, whatever the stride
    assert "old" in seen
    assert step > 15


@pytest.mark.parametrize("step", ["remove_volume", "remove_secret"])
def test_a_crash_after_the_record_leaves_the_new_canonical(fleet: Fleet, step: str) -> None:
    """Before each removal of what the old one had: that goes with the next run."""
    fleet.publishes("notes", "1.0.0+1", secret=True)
    fleet.sweeps()
    old = fleet.canonical("notes")
    things = {*old.secrets, *(volume.name for volume in old.volumes)}
    fleet.publishes("notes", "1.1.0+1", secret=True)

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == step and arguments[0] in things:
            os.kill(os.getpid(), signal.SIGKILL)

    def crash() -> None:
        fleet.wrap = lambda engine: intercepted(engine, before)
        fleet.sweeps()

    assert killed(crash)

    new = is_whole(fleet)
    assert new.tag == "1.1.0+1"
    assert things & (fleet.volumes() | fleet.secrets())
    assert fleet.sweeps()["notes"].code is Code.NO_NEW_VERSION
    assert fleet.volumes() == {volume.name for volume in new.volumes}
    assert fleet.secrets() == set(new.secrets)


def test_a_crash_in_any_tier_leaves_a_whole_canonical(
    fleet: Fleet, matrix: Matrix, every: bool
) -> None:
    """Of the tiers that there are: one that is new cannot be left out."""
    fleet.publishes("notes", "1.0.0+1", secret=True)
    fleet.publishes("notes", "1.1.0+1", secret=True)
    fleet.add("notes", checks=[CHECKED])
    for number, (tier, step) in enumerate(moments(heard(fleet), every=every), start=2):
        old, new, last = fleet.canonical("notes").tag, f"1.{number}.0+1", LastWord()
        fleet.publishes("notes", new, secret=True)

        assert killed(sweeps_until(fleet, tier, step, last)), (tier, step)

        assert is_whole(fleet).tag == old
        assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED
        after = is_whole(fleet)
        assert after.tag == new
        left = fleet.volumes() - {volume.name for volume in after.volumes}
        left |= fleet.secrets() - set(after.secrets)
        matrix.add(Row("local", "run, each tier", f"{number} {last.text}", "old", len(left)))
        assert not left
        assert fleet.running() == ()
        assert fleet.state().journal.entries() == ()


@pytest.mark.parametrize("first", range(1, 5))
def test_a_crash_at_any_write_of_the_promotion_leaves_a_whole_canonical(
    fleet: Fleet, first: int, matrix: Matrix
) -> None:
    """Killed at each write in turn: records, journal, history and ledger agree afterwards."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.add("notes", expectedNA={"upgrade": "its writes are those of the install"})
    fleet.has_swept()
    seen, number = set(), first - 4
    while True:
        number += 4
        new = f"2.{number}.0+1"
        fleet.publishes("notes", new)

        last = LastWord()

        def crash(number: int = number, last: LastWord = last) -> None:
            _sweep_until_write(fleet, number, last)

        died = killed(crash)

        record = is_whole(fleet)
        fleet.sweeps()
        assert is_whole(fleet).tag == new
        assert fleet.state().canonicals.history("notes")[-1].tag == new
        lines = fleet.state().ledger.read()
        assert new in {each.key.tag for each in lines if each.outcome is Outcome.PROMOTED}
        left = fleet.volumes() - {volume.name for volume in fleet.canonical("notes").volumes}
        if died:
            seen.add(end_of(record, new))
            row = Row("local", "run, each write", last.text, end_of(record, new), len(left))
            matrix.add(row)
        assert not left
        if not died:
            break
    assert seen == {"old", "new"}
    assert number > 5


def _sweep_until_write(fleet: Fleet, number: int, last: LastWord) -> None:
    """Sweep, and die right before the n-th rename or added line in the state folder."""
    made = [0]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        written = _written(event, arguments)
        if written:
            made[0] += 1
            if made[0] == number:
                last.say(f"{number} before {written}")
                os.kill(os.getpid(), signal.SIGKILL)

    # an audit hook cannot be taken away again: only in a child that ends here
    sys.addaudithook(watch)
    fleet.sweeps()


def _written(event: str, arguments: tuple[object, ...]) -> str:
    """What is about to be written to the state folder, if anything is."""
    if event == "os.rename" and "state" in str(arguments[0]):
        return f"a rename to {Path(str(arguments[1])).name}"
    if event == "open" and str(arguments[0]).endswith(".jsonl"):
        flags = arguments[2]
        assert isinstance(flags, int)
        return f"a line of {Path(str(arguments[0])).name}" if flags & os.O_RDWR else ""
    return ""


def test_a_promotion_is_in_the_ledger_though_its_run_was_killed_before_that(fleet: Fleet) -> None:
    """The next run writes the line: by it alone who has lost record and history knows of them."""
    fleet.publishes("notes", "1.0.0+1")

    def crash() -> None:
        def watch(event: str, arguments: tuple[object, ...]) -> None:
            is_ledger = event == "open" and "attempts.jsonl" in str(arguments[0])
            if is_ledger and fleet.state().canonicals.folders():
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        fleet.sweeps()

    assert killed(crash)
    record = fleet.canonical("notes")
    assert fleet.state().ledger.read() == ()

    assert fleet.sweeps()["notes"].outcome is None

    (told,) = fleet.state().ledger.read()
    assert (told.key.tag, told.key.commit) == (record.tag, record.commit)
    assert (told.outcome, told.run_id) == (Outcome.PROMOTED, record.run_id)
    fleet.sweeps()
    assert fleet.state().ledger.read() == (told,)


# there are none on the local engine; tests/stories/test_swarm_prune.py has them
_ELSEWHERE = {"remove_image"}


def test_every_step_of_an_engine_is_struck_by_some_command(fleet: Fleet) -> None:
    """A new promise of engines has to be among the calls that the kills above are counted by."""
    made: set[str] = set()
    fleet.wrap = lambda engine: intercepted(engine, lambda name, _arguments: made.add(name))
    fleet.publishes("notes", "1.0.0+1", secret=True)
    fleet.publishes("notes", "1.1.0+1", secret=True)

    fleet.sweeps()
    fleet.publishes("notes", None, "exec sleep 999", secret=True)
    fleet.tests("notes", ref="main", quick=True)
    fleet.publishes("notes", "1.2.0+1", secret=True)
    fleet.sweeps()

    promises = {name for name in vars(Engine) if not name.startswith("_")}
    assert promises - made <= LOOKS | _ELSEWHERE
