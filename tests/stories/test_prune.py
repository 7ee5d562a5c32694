"""What killed runs and old ones left goes, and nothing that anybody names or may want."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from canon_sweep import interrupt
from canon_sweep.core.attempts import Outcome
from canon_sweep.engine.protocol import App, Place
from canon_sweep.errors import DeferredFault, HostFault, StateFault, UsageFault
from canon_sweep.job.forget import run_forget
from canon_sweep.job.prune import Pruning, run_prune
from canon_sweep.job.recover import run_recover
from canon_sweep.job.run import run_sweep
from canon_sweep.mirror import scratch
from canon_sweep.state import lock
from canon_sweep.state.journal import Deployment, Discarded, Promotion
from child import in_child
from crash.matrix import Matrix, Row
from stories.engines import LastWord, doing, dying_at, failing
from stories.fleet import RUNS, WEEK, Fleet, compose

LEFT = "left-abcdef_ci_localhost"


def prunes(fleet: Fleet, *, dry_run: bool = False) -> Pruning:
    """The operator, or the timer."""
    return run_prune(fleet.settings(), fleet.means(), dry_run=dry_run)


def tree_of(fleet: Fleet) -> set[str]:
    """Every path in the state folder and the cache, but the lock's and when there was a prune."""
    roots = (fleet.folder / "state", fleet.folder / "cache")
    return {
        str(path)
        for root in roots
        for path in root.rglob("*")
        if path.name not in ("lock", "pruned")
    }


def leave(fleet: Fleet) -> None:
    """Have a stack up, and a volume and a secret there, of which no journal knows."""
    source = fleet.folder / "source"
    source.mkdir(exist_ok=True)
    (source / "compose.yml").write_text(compose(RUNS, "1"))
    app = App.read("notes", "1", Place(LEFT, "left-abcdef.ci.localhost"), source, {})
    fleet.engine().deploy(app)
    secrets = fleet.folder / "state/local/secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / f"{LEFT}_pw_v1").write_text("pw")


def leave_files(fleet: Fleet) -> list[Path]:
    """A checkout, a draft and a temporary folder of processes that are dead."""
    state = fleet.folder / "state"
    left = [
        state / "checkouts/notes",
        state / ".holds.json.0123456789abcdef.draft",
        fleet.folder / "cache/recipes/tmp/run-abcdefgh",
    ]
    left[0].mkdir(parents=True)
    left[1].write_text("half")
    left[2].mkdir(parents=True)
    return left


def test_a_clean_host_has_nothing_to_prune(released: Fleet) -> None:
    """Canonicals, their runs and their data are no remains of anything."""
    released.has_swept()
    before, paths = released.bytes_of("notes", "site"), tree_of(released)

    assert prunes(released) == Pruning(dry_run=False)

    assert released.bytes_of("notes", "site") == before
    assert tree_of(released) == paths


def test_what_nothing_names_goes_and_a_dry_run_says_the_same_lines(released: Fleet) -> None:
    """The stack with its data and secret, and what dead processes left in folders."""
    released.has_swept()
    before = released.bytes_of("notes", "site")
    leave(released)
    files = leave_files(released)
    paths = tree_of(released)

    said = prunes(released, dry_run=True)
    assert tree_of(released) == paths
    assert released.running() == (LEFT,)
    done = prunes(released)

    assert said.acts == done.acts
    lines = [act.line for act in done.acts]
    assert f"stack {LEFT} is up, but no run is on" in lines
    assert f"volume {LEFT}_data belongs to no record" in lines
    assert f"secret {LEFT}_pw_v1 belongs to no record" in lines
    assert len(lines) == 6
    assert (said.exit_code, done.exit_code) == (0, 0)
    assert not any(path.exists() for path in files)
    assert released.running() == ()
    assert not any(name.startswith(LEFT) for name in released.volumes())
    assert released.bytes_of("notes", "site") == before
    assert prunes(released) == Pruning(dry_run=False)


def test_verify_and_prune_have_one_list(released: Fleet) -> None:
    """What the one tells the other removes."""
    released.has_swept()
    leave(released)

    told = {problem for finding in released.verifies() for problem in finding.problems}
    acts = prunes(released).acts

    assert {f"{act.line}; canon-sweep prune removes it" for act in acts} == told
    assert {problem for finding in released.verifies() for problem in finding.problems} == set()


def test_a_record_that_cannot_be_read_is_no_reason_to_remove_anything(released: Fleet) -> None:
    """Not a volume, a secret, a stack or a run that it may name."""
    released.has_swept()
    leave(released)
    released.options["prune"] = {"keepRuns": 1}
    released.now += WEEK
    released.sweeps("notes")
    record = released.folder / "state/canonicals/notes/canonical.json"
    content = record.read_bytes()
    record.write_bytes(b"{")
    paths = tree_of(released)

    done = prunes(released)

    assert done.exit_code == 1
    assert done.acts == ()
    assert all("notes" in text for text in done.left)
    assert any(text.startswith(f"stack {LEFT}") for text in done.left)
    assert tree_of(released) == paths
    assert released.running() == (LEFT,)
    record.write_bytes(content)
    assert prunes(released).exit_code == 0


def test_it_settles_what_a_killed_run_left_first(released: Fleet) -> None:
    """Whose stack is no stray, and whose volumes may be a canonical's."""
    released.has_swept()
    released.publishes("notes", "1.2.0+1")

    def dies() -> None:
        released.wrap = doing("wait_ready", lambda: os.kill(os.getpid(), signal.SIGKILL))
        released.sweeps("notes")

    assert in_child(dies) < 0
    (entry,) = released.state().journal.entries()
    before = released.bytes_of("notes", "site")

    said = prunes(released, dry_run=True)
    assert released.state().journal.entries() == (entry,)
    done = prunes(released)

    assert f"stack {entry.stack} was left by an interrupted run of notes" in [
        act.line for act in done.acts
    ]
    assert said.acts[0] == done.acts[0]
    assert released.state().journal.entries() == ()
    assert released.running() == ()
    assert released.bytes_of("notes", "site") == before


def test_a_prune_that_is_killed_is_gone_on_with_by_the_next(
    released: Fleet, matrix: Matrix
) -> None:
    """Before each of its calls of the engine: nothing that is named is ever gone."""
    released.has_swept()
    before = released.bytes_of("notes", "site")
    for step in count(1):
        leave(released)
        leave_files(released)
        last = LastWord()

        def dies(step: int = step, last: LastWord = last) -> None:
            released.wrap = dying_at(step, last)
            prunes(released)

        died = in_child(dies) != 0

        assert released.bytes_of("notes", "site") == before
        assert prunes(released).exit_code == 0
        assert prunes(released) == Pruning(dry_run=False)
        assert released.running() == ()
        left = [name for name in released.volumes() if name.startswith(LEFT)]
        if died:
            matrix.add(Row("local", "prune", last.text, "old", len(left)))
        assert not left
        assert {finding.problems for finding in released.verifies()} == {()}
        if not died:
            break
    assert step > 5


def test_what_the_journal_names_and_nobody_can_settle_stays(released: Fleet) -> None:
    """And makes the command exit 1."""
    released.has_swept()
    leave(released)
    released.state().journal.put(Deployment(recipe="notes", stack=LEFT, engine="swarm"))

    done = prunes(released)

    assert done.exit_code == 1
    (act,) = done.acts
    assert act.what == f"stack {LEFT}"
    assert "swarm" in act.problem
    assert released.running() == (LEFT,)


def test_a_copy_of_a_canonicals_volume_is_a_persons_to_remove(released: Fleet) -> None:
    """With the journal gone nobody can say whether it, or the volume, is the canonical."""
    released.has_swept()
    volume = released.canonical("notes").volumes[0].name
    released.engine().clone_volume(volume, f"snapshot.{volume}")

    done = prunes(released)

    assert done.exit_code == 1
    assert done.acts == ()
    assert "which of the two is true" in done.left[0]
    assert f"snapshot.{volume}" in released.volumes()


def test_old_runs_go_but_for_those_that_records_and_status_need(released: Fleet) -> None:
    """The proof of a canonical is kept as long as the canonical."""
    released.options["prune"] = {"keepRuns": 2}
    first = released.sweeps().results.run_id
    for _ in range(4):
        released.now += WEEK
        released.sweeps()
    runs = released.folder / "state/runs"
    names = sorted(path.name for path in runs.iterdir() if path.name != "latest")

    done = prunes(released)

    assert [act.what for act in done.acts] == [f"run {name}" for name in names[1:3]]
    assert sorted(path.name for path in runs.iterdir() if path.name != "latest") == [
        first,
        *names[3:],
    ]


def test_a_journal_that_cannot_be_read_stops_it(released: Fleet) -> None:
    """Nobody knows what is under way."""
    released.has_swept()
    leave(released)
    (released.folder / "state/journal.json").write_bytes(b"{")

    with pytest.raises(StateFault, match="journal"):
        prunes(released)

    assert released.running() == (LEFT,)


def test_it_never_runs_beside_a_sweep(released: Fleet) -> None:
    """Neither it nor its dry run: what a sweep has just made belongs to no record yet."""
    released.has_swept()
    for dry_run in (True, False):
        with (
            lock.held(released.folder / "state/lock"),
            pytest.raises(DeferredFault, match="at work"),
        ):
            prunes(released, dry_run=dry_run)


def test_what_cannot_be_removed_is_told_and_the_rest_goes(released: Fleet) -> None:
    """An engine that fails at one volume has others."""
    released.has_swept()
    leave(released)
    released.wrap = failing("remove_volume", HostFault("no such luck"))

    done = prunes(released)

    assert done.exit_code == 1
    assert [act.problem for act in done.acts if act.problem] == ["no such luck"]
    assert released.running() == ()
    assert prunes(released).exit_code == 0


def test_an_engine_that_is_away_costs_the_folders_nothing(released: Fleet) -> None:
    """What can be looked at is."""
    released.has_swept()
    files = leave_files(released)
    released.wrap = failing("of_ours", HostFault("Docker does not answer"))

    done = prunes(released)

    assert done.left == ("what nothing names, which nobody could look for: Docker does not answer",)
    assert done.exit_code == 1
    assert not any(path.exists() for path in files)


def test_a_temporary_folder_in_use_stays(released: Fleet) -> None:
    """Somebody looks while it prunes: the kernel knows that he lives."""
    released.has_swept()

    with scratch.scratch(released.folder / "cache/recipes/tmp") as folder:
        assert prunes(released).acts == ()
        assert folder.is_dir()


def test_a_request_to_end_is_heard_between_two_things(
    released: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not reached is told, and goes the next time."""
    released.has_swept()
    files = leave_files(released)
    monkeypatch.setattr(interrupt, "reason", lambda: "SIGTERM")

    done = prunes(released)

    assert done.exit_code == 1
    assert all(act.problem == "SIGTERM" for act in done.acts)
    assert all(path.exists() for path in files)


def test_a_sweep_goes_on_whatever_becomes_of_old_images(released: Fleet) -> None:
    """They are room on the disk, and no recipe's business."""
    said: list[str] = []
    released.wrap = failing("images", HostFault("Docker does not answer"))
    means = replace(released.means(), say=said.append)

    results = run_sweep(released.settings(), (), means)

    assert {entry.outcome for entry in results.entries} == {Outcome.PROMOTED}
    assert said == ["old images were not removed: Docker does not answer"]


def test_nothing_goes_while_a_build_is_in_flight(fleet: Fleet) -> None:
    """It may be about to use what looks unused; a dry run tells all the same."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.has_swept()
    left = leave_files(fleet)
    busy = fleet.folder / "build.lock"
    fleet.options["guard"] = {"lockFiles": [str(busy)], "stacks": False}

    with lock.held(busy):
        assert prunes(fleet, dry_run=True).acts
        with pytest.raises(DeferredFault, match=re.escape(str(busy))):
            prunes(fleet)
        assert all(path.exists() for path in left)

    assert prunes(fleet).exit_code == 0
    assert not any(path.exists() for path in left)


def record_is_removed(fleet: Fleet) -> None:
    """By hand, or by a check of a disk that was not well."""
    (fleet.folder / "state/canonicals/notes/canonical.json").unlink()


def folder_is_removed(fleet: Fleet) -> None:
    """The history went along."""
    shutil.rmtree(fleet.folder / "state/canonicals/notes")


def disk_is_not_mounted(fleet: Fleet) -> None:
    """An empty folder is in its place."""
    folder = fleet.folder / "state/canonicals"
    folder.rename(fleet.folder / "elsewhere")
    folder.mkdir()


def another_folder_is_configured(fleet: Fleet) -> None:
    """And nobody has moved what was in the old one."""
    fleet.options["canonicalsDir"] = str(fleet.folder / "nothing/here/yet")


@pytest.mark.parametrize(
    "loses",
    [record_is_removed, folder_is_removed, disk_is_not_mounted, another_folder_is_configured],
)
def test_a_record_that_is_lost_is_no_reason_to_remove_anything(
    released: Fleet, loses: Callable[[Fleet], None]
) -> None:
    """Somebody has promoted it, and nobody has taken it back."""
    released.options["prune"] = {"keepRuns": 1}
    released.sweeps()
    for _ in range(2):
        released.now += WEEK
        released.sweeps()
    volumes, paths = released.volumes(), tree_of(released)
    loses(released)
    gone = paths - tree_of(released)

    done = prunes(released)

    assert released.volumes() == volumes
    assert paths - tree_of(released) == gone
    assert done.acts == ()
    assert done.exit_code == 1
    assert any("notes" in text and "canon-sweep forget notes" in text for text in done.left)
    told = {finding.recipe: finding.problems for finding in released.verifies()}
    assert "canon-sweep forget notes" in told["notes"][0]


@pytest.mark.parametrize("loses", [record_is_removed, folder_is_removed, disk_is_not_mounted])
def test_a_promotion_that_was_cut_short_stays_while_its_record_is_lost(
    released: Fleet, loses: Callable[[Fleet], None]
) -> None:
    """Killed after the record was in its place, and before the old volumes had gone."""
    released.has_swept()
    record = released.canonical("notes")
    old = Discarded(volumes=("note-000000_ci_localhost_data",))
    released.state().journal.put(
        Promotion(recipe="notes", stack=record.stack, discarded=old, engine="local")
    )
    loses(released)

    done = run_recover(released.settings(), released.means())

    assert record.volumes[0].name in released.volumes()
    assert done.exit_code == 1
    assert "canon-sweep forget notes" in done.left[0]
    run_forget(released.settings(), "notes", "moved away", released.means())
    assert run_recover(released.settings(), released.means()).exit_code == 0
    assert record.volumes[0].name not in released.volumes()


def test_what_was_promoted_after_a_backup_was_made_stays_when_it_is_put_back(
    released: Fleet,
) -> None:
    """The records are older then than the data: what no record names is the canonical."""
    released.has_swept()
    backup = shutil.copytree(released.folder / "state/canonicals", released.folder / "backup")
    released.publishes("notes", "1.2.0+1")
    released.sweeps("notes")
    newest = released.canonical("notes").volumes[0].name
    shutil.rmtree(released.folder / "state/canonicals")
    backup.rename(released.folder / "state/canonicals")

    done = prunes(released)

    assert newest in released.volumes()
    assert (done.acts, done.exit_code) == ((), 1)
    assert "the records may be older" in done.left[0]
    # tested again, or given up, there is no doubt any more
    released.now += WEEK
    assert released.sweeps()["notes"].outcome is Outcome.PROMOTED
    assert [act.what for act in prunes(released).acts] == [f"volume {newest}"]


@pytest.mark.parametrize("loses", [record_is_removed, folder_is_removed])
def test_a_record_that_is_lost_may_be_given_up(
    released: Fleet, loses: Callable[[Fleet], None]
) -> None:
    """Then its data belongs to nobody, and goes; the other canonical's stays."""
    released.has_swept()
    before, volume = released.bytes_of("site"), released.canonical("notes").volumes[0].name
    loses(released)

    given_up = run_forget(released.settings(), "notes", "moved away", released.means())

    assert (given_up.exit_code, given_up.canonical) == (0, "1.1.0+1")
    assert [act.what for act in prunes(released).acts] == [f"volume {volume}"]
    assert released.bytes_of("site") == before
    assert {finding.problems for finding in released.verifies()} == {()}
    with pytest.raises(UsageFault, match="no canonical"):
        run_forget(released.settings(), "notes", "again", released.means())


def remove_folder_and_say_so(fleet: Fleet) -> None:
    """Without its history the folder may be out of sight: a sweep asks to be told."""
    folder_is_removed(fleet)
    run_forget(fleet.settings(), "notes", "starts anew", fleet.means())


@pytest.mark.parametrize("loses", [record_is_removed, remove_folder_and_say_so])
def test_a_record_that_is_lost_is_made_anew_by_the_next_sweep(
    released: Fleet, loses: Callable[[Fleet], None]
) -> None:
    """The release is tested as the first one, and what the lost one kept goes."""
    released.has_swept()
    volume = released.canonical("notes").volumes[0].name
    loses(released)
    released.now += WEEK

    assert released.sweeps()["notes"].outcome is Outcome.PROMOTED

    done = prunes(released)
    assert [act.what for act in done.acts] == [f"volume {volume}"]
    assert done.exit_code == 0


@pytest.mark.parametrize("by", ["a build", "a run"])
def test_a_prune_that_is_put_off_for_weeks_is_a_failure(fleet: Fleet, by: str) -> None:
    """A neighbour's stack that never comes up would keep it away for ever, and nobody saw it."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.has_swept()
    busy = fleet.folder / ("build.lock" if by == "a build" else "state/lock")
    fleet.options["guard"] = {"lockFiles": [str(fleet.folder / "build.lock")], "stacks": False}
    with lock.held(busy):
        for _ in range(14):
            with pytest.raises(DeferredFault):
                prunes(fleet)
            fleet.now += WEEK / 7
        with pytest.raises(HostFault, match="no prune for 14 days: ") as caught:
            prunes(fleet)
    assert caught.value.exit_code == 1

    assert prunes(fleet).exit_code == 0

    with lock.held(busy), pytest.raises(DeferredFault):
        prunes(fleet)
