"""A deferral comes back: what a sweep has not reached is taken up while its window lasts."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from datetime import timedelta
from io import TextIOWrapper
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.hold import Hold
from canon_sweep.errors import DeferredFault, HostFault, StateFault
from canon_sweep.job.resume import run_resume
from canon_sweep.job.run import run_sweep
from canon_sweep.job.turns import Turns
from canon_sweep.job.wiring import Surroundings
from canon_sweep.report.records import Entry
from canon_sweep.settings.recipe import chosen
from canon_sweep.state import lock, runs
from canon_sweep.state.journal import Deployment
from child import in_child
from stories.engines import doing, failing, intercepted
from stories.fleet import NEVER_STARTS, SUNDAY, WEEK, Fleet, Quiet

HOUR = timedelta(hours=1)


class Builds:
    """A build on the same host, which locks a file for as long as it runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIOWrapper | None = None

    def begins(self) -> None:
        """From now on one is in flight."""
        self._file = self.path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def ends(self) -> None:
        """It is over."""
        assert self._file is not None
        self._file.close()


@pytest.fixture
def builds(released: Fleet) -> Builds:
    """No build yet; the fleet's guard looks for one, and does not wait for its end."""
    path = released.folder / "build.lock"
    guard = {"wait": "1ms", "poll": "1ms", "lockFiles": [str(path)]}
    released.options["guard"] = guard
    return Builds(path)


def due(fleet: Fleet) -> dict[str, object]:
    """Which recipes a resume has something to do or to tell of, and until when."""
    return {name: entry.until for name, entry in fleet.state().waiting.due().items()}


def is_marked(fleet: Fleet) -> bool:
    """Whether whoever starts resumes has a reason to."""
    return (fleet.folder / "state/due").exists()


def test_a_sweep_that_reaches_everybody_leaves_nothing_due(released: Fleet) -> None:
    """A resume is no run then: no folder, no lock, whoever is at work."""
    released.sweeps()
    before = sorted((released.folder / "state/runs").iterdir())

    with lock.held(released.folder / "state/lock"):
        assert released.resumes() is None

    assert sorted((released.folder / "state/runs").iterdir()) == before
    assert not is_marked(released)


def test_a_whole_deferral_comes_back(released: Fleet, builds: Builds) -> None:
    """The resume reaches everybody when the build has ended, and is the sweep's end."""
    trace = released.folder / "trace"
    released.options["preSweep"] = [["touch", str(trace)]]
    builds.begins()

    night = released.sweeps()

    assert night.results.exit_code == 75
    assert due(released) == dict.fromkeys(("notes", "site"), SUNDAY + 12 * HOUR)
    assert is_marked(released)

    released.now += HOUR
    again = released.resumes()
    assert again is not None
    assert again.results.exit_code == 75
    assert again["notes"].code is Code.IN_FLIGHT

    builds.ends()
    released.now += HOUR
    last = released.resumes()

    assert last is not None
    assert [entry.outcome for entry in last.results.entries] == [Outcome.PROMOTED] * 2
    assert (last.results.command, last.results.exit_code) == ("resume", 0)
    assert due(released) == {}
    assert not is_marked(released)
    # a sweep's own, and at the hour that the operator has chosen
    assert not trace.exists()
    past = runs.past(released.folder / "state/runs", released.now).last_sweep
    assert past is not None
    assert past.run_id == last.results.run_id


def test_an_engine_that_was_away_for_an_hour_does_not_cost_the_week(released: Fleet) -> None:
    """Nothing was begun of anybody; the sweep is wrong, and a resume comes back to it."""
    released.wrap = failing("node", HostFault("Docker is away"), times=4)

    night = released.sweeps()
    again = released.resumes()
    last = released.resumes()

    assert [entry.outcome for entry in night.results.entries] == [Outcome.INFRA] * 2
    assert night.results.exit_code == 1
    assert again is not None
    assert again.results.exit_code == 75
    assert last is not None
    assert [entry.outcome for entry in last.results.entries] == [Outcome.PROMOTED] * 2
    assert last.results.exit_code == 0
    assert due(released) == {}


def test_only_what_was_not_reached_is_taken_up(released: Fleet, builds: Builds) -> None:
    """A new release of one that was is the next sweep's, of one that was not is this one's."""
    released.wrap = doing("deploy", builds.begins)
    night = released.sweeps()
    assert night["notes"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 75
    assert due(released).keys() == {"site"}

    builds.ends()
    released.publishes("notes", "1.2.0+1")
    released.publishes("site", "1.2.0+1")
    last = released.resumes()

    assert last is not None
    assert [entry.recipe for entry in last.results.entries] == ["site"]
    assert last["site"].canonical == "1.2.0+1"
    assert released.resumes() is None
    assert released.canonical("notes").tag == "1.1.0+1"


def test_who_had_no_room_is_due_when_there_is(released: Fleet) -> None:
    """The run is wrong all the same: nobody makes room by waiting."""
    released.options["disk"] = {"minFree": "1000TiB"}

    night = released.sweeps()

    assert [entry.code for entry in night.results.entries] == [Code.DISK] * 2
    assert night.results.exit_code == 1
    assert due(released).keys() == {"notes", "site"}

    del released.options["disk"]
    last = released.resumes()

    assert last is not None
    assert [entry.outcome for entry in last.results.entries] == [Outcome.PROMOTED] * 2
    assert due(released) == {}


def test_a_red_recipe_was_reached(released: Fleet, builds: Builds) -> None:
    """It is not due; the run is wrong already, and what is left comes back all the same."""
    released.publishes("notes", "1.2.0+1", NEVER_STARTS)
    released.wrap = doing("deploy", builds.begins)

    night = released.sweeps()

    assert night.results.exit_code == 1
    assert due(released).keys() == {"site"}


def test_a_run_by_hand_meanwhile_leaves_nothing_due(released: Fleet, builds: Builds) -> None:
    """What a person has had swept is not swept again."""
    builds.begins()
    released.sweeps()
    builds.ends()

    released.sweeps("site")

    assert due(released).keys() == {"notes"}
    last = released.resumes()
    assert last is not None
    assert [entry.recipe for entry in last.results.entries] == ["notes"]


def test_recipes_that_changed_meanwhile_are_taken_as_they_are(
    released: Fleet, builds: Builds
) -> None:
    """Held, excepted, removed, or with other settings; a new one is the next sweep's."""
    for recipe in ("gone", "out", "mail"):
        released.publishes(recipe, "1.0.0+1")
    builds.begins()
    released.sweeps()
    builds.ends()
    until = SUNDAY + WEEK
    released.state().holds.put(Hold(recipe="notes", reason="moving", until=until))
    del released.recipes["gone"]
    released.add("out", enroll=False, exception="no stable health")
    released.add("mail", checks=[{"type": "exec", "command": ["false"]}])
    released.publishes("new", "1.0.0+1")

    last = released.resumes()

    assert last is not None
    verdicts = {entry.recipe: entry.verdict for entry in last.results.entries}
    assert verdicts == {
        "mail": "red",
        "notes": "skip/held",
        "out": "skip/excepted",
        "site": "promoted",
    }
    assert due(released) == {}


def test_a_resume_of_what_is_held_by_now_is_nothing_wrong(released: Fleet, builds: Builds) -> None:
    """Somebody has decided that, and no sweep is hollow for it."""
    builds.begins()
    released.sweeps()
    builds.ends()
    for recipe in ("notes", "site"):
        hold = Hold(recipe=recipe, reason="moving", until=SUNDAY + WEEK)
        released.state().holds.put(hold)

    last = released.resumes()

    assert last is not None
    assert (last.results.exit_code, last.results.hollow) == (0, "")


def test_what_a_killed_sweep_has_not_reached_is_due(released: Fleet) -> None:
    """Also the recipe that it was killed at; what it left is cleaned up first."""
    released.publishes("zoo", "1.0.0+1")

    def dies() -> None:
        seen: list[str] = []

        class Watch:
            def begins(self, recipe: str) -> None:
                seen.append(recipe)

            def ended(self, entry: object) -> None:
                pass

        def deploys() -> None:
            if seen[-1] == "site":
                os.kill(os.getpid(), signal.SIGKILL)

        engine = intercepted(
            released.engine(), lambda name, _: deploys() if name == "deploy" else None
        )
        around = Surroundings(Watch(), lambda _: None, lambda: released.now, engine)
        run_sweep(released.settings(), (), around)

    assert in_child(dies) == -signal.SIGKILL
    assert due(released).keys() == {"site", "zoo"}
    assert is_marked(released)
    # at whose turn it was killed is last: it may have been its doing, and would be again
    assert [e.recipe for e in released.state().waiting.read().values() if e.begun] == ["site"]
    begun: list[str] = []

    class Order(Quiet):
        def begins(self, recipe: str) -> None:
            begun.append(recipe)

    last = run_resume(
        released.settings(), Surroundings(Order(), lambda _: None, lambda: released.now)
    )

    assert begun == ["zoo", "site"]
    assert last is not None
    assert [entry.outcome for entry in last.entries] == [Outcome.PROMOTED] * 2
    assert released.sweeps().results.noop


def test_a_sweep_that_is_killed_while_it_cleans_up_is_due(released: Fleet) -> None:
    """Before its first recipe, as by a reboot: what an earlier run left may take long to go."""
    left = "note-000000_ci_localhost"

    def dies() -> None:
        released.state().journal.put(Deployment(recipe="notes", stack=left, engine="local"))
        released.wrap = doing("undeploy", lambda: os.kill(os.getpid(), signal.SIGKILL))
        released.sweeps()

    assert in_child(dies) == -signal.SIGKILL

    assert due(released).keys() == {"notes", "site"}
    assert is_marked(released)
    last = released.resumes()
    assert last is not None
    assert [entry.outcome for entry in last.results.entries] == [Outcome.PROMOTED] * 2


def test_a_state_that_is_mended_within_the_window_costs_no_week(released: Fleet) -> None:
    """Each attempt says what is wrong; once the window is over it is said no more by a timer."""
    journal = released.folder / "state/journal.json"
    journal.parent.mkdir()
    for mended in (True, False):
        journal.write_text("[]")
        with pytest.raises(StateFault, match="is no journal"):
            released.sweeps()
        assert is_marked(released)
        released.now += HOUR
        with pytest.raises(StateFault, match="is no journal"):
            released.resumes()
        assert is_marked(released)
        if mended:
            journal.unlink()
            last = released.resumes()
            assert last is not None
            assert last.results.exit_code == 0
            assert not is_marked(released)

    released.now += 12 * HOUR
    with pytest.raises(StateFault, match="is no journal"):
        released.resumes()
    assert not is_marked(released)


def test_a_sweep_that_finds_somebody_at_work_is_due(released: Fleet) -> None:
    """A test by hand at the timer's hour does not cost a week."""
    with lock.held(released.folder / "state/lock"), pytest.raises(DeferredFault):
        released.sweeps()

    last = released.resumes()

    assert last is not None
    assert last.results.totals.tested == 2


def test_a_sweep_that_is_refused_week_after_week_is_wrong(released: Fleet) -> None:
    """A run that never ends has the lock: nobody would see that there was no sweep for a month."""
    with lock.held(released.folder / "state/lock"):
        for _ in range(2):
            with pytest.raises(DeferredFault):
                released.sweeps()
            released.now += WEEK
        with pytest.raises(
            HostFault, match="not reached for 3 weeks running: notes, site: "
        ) as why:
            released.sweeps()
        with pytest.raises(DeferredFault):
            released.sweeps("notes")

    assert why.value.exit_code == 1
    assert "is at work" in why.value.what
    assert due(released).keys() == {"notes", "site"}
    assert released.sweeps().results.exit_code == 0
    with lock.held(released.folder / "state/lock"), pytest.raises(DeferredFault):
        released.sweeps()


@pytest.mark.parametrize("by", ["a build", "a run"])
def test_known_reds_that_were_to_be_tested_again_are(
    released: Fleet, builds: Builds, by: str
) -> None:
    """Whoever typed `run --retry` meant that, and need not type it again."""
    released.publishes("notes", "1.2.0+1", NEVER_STARTS)
    assert released.sweeps()["notes"].outcome is Outcome.RED
    if by == "a build":
        builds.begins()
        assert released.sweeps(retry=True).results.exit_code == 75
        builds.ends()
    else:
        with lock.held(released.folder / "state/lock"), pytest.raises(DeferredFault):
            released.sweeps(retry=True)

    last = released.resumes()

    assert last is not None
    assert last["notes"].outcome is Outcome.RED
    assert released.resumes() is None
    # the next sweep's is another wish
    builds.begins()
    released.sweeps(retry=True)
    released.sweeps()
    builds.ends()
    then = released.resumes()
    assert then is not None
    assert then["notes"].code is Code.KNOWN_RED


def test_a_resume_beside_a_run_is_deferred_too(released: Fleet, builds: Builds) -> None:
    """And stays due."""
    builds.begins()
    released.sweeps()

    with lock.held(released.folder / "state/lock"), pytest.raises(DeferredFault):
        released.resumes()

    assert due(released).keys() == {"notes", "site"}


def test_the_windows_last_attempt_with_anything_unreached_is_wrong(
    released: Fleet, builds: Builds
) -> None:
    """When it ends, and nobody would take it up any more; then it is over, and calm."""
    builds.begins()
    released.sweeps()
    released.now = SUNDAY + 12 * HOUR - timedelta(minutes=1)
    attempt = released.resumes()
    assert attempt is not None
    assert attempt.results.exit_code == 75

    builds.ends()
    released.now = SUNDAY + 12 * HOUR + timedelta(minutes=29)
    late = released.resumes()

    assert late is not None
    assert late.results.exit_code == 1
    assert late.results.totals.is_noop
    assert [entry.code for entry in late.results.entries] == [Code.IN_FLIGHT] * 2
    assert "build.lock is locked" in late["notes"].sentence
    assert late.results.problems == (
        "not reached until 14 June 2026 15:00 UTC, when retryWindow was over: notes, site",
    )
    assert not is_marked(released)
    assert released.resumes() is None


def test_a_sweep_that_outlasts_its_window_is_the_last_attempt(
    released: Fleet, builds: Builds
) -> None:
    """With what it has not reached nothing is due."""
    released.options["retryWindow"] = "1ms"
    builds.begins()
    clock = iter(SUNDAY + n * HOUR for n in range(100))
    around = released.means()
    around = Surroundings(around.progress, around.say, lambda: next(clock), around.engine)

    results = run_sweep(released.settings(), (), around)

    assert results.exit_code == 1
    assert "when retryWindow was over: notes, site" in results.problems[0]
    assert released.resumes() is None


def test_the_window_counts_from_the_first_start(released: Fleet, builds: Builds) -> None:
    """Not from a resume's, whatever its length is in the settings by then."""
    builds.begins()
    released.sweeps()
    released.now += 11 * HOUR
    released.options["retryWindow"] = "3d"
    released.resumes()

    assert set(due(released).values()) == {SUNDAY + 12 * HOUR}


def test_the_next_sweep_takes_the_place_of_the_last(released: Fleet, builds: Builds) -> None:
    """And who waits longest comes first."""
    released.wrap = doing("deploy", builds.begins)
    released.sweeps()
    released.wrap = lambda engine: engine
    builds.ends()
    released.now += WEEK
    released.publishes("notes", "1.2.0+1")
    turns: list[str] = []

    class Watch:
        def begins(self, recipe: str) -> None:
            turns.append(recipe)

        def ended(self, entry: object) -> None:
            pass

    around = released.means()
    around = Surroundings(Watch(), around.say, around.clock, around.engine)
    results = run_sweep(released.settings(), (), around)

    assert turns == ["site", "notes"]
    assert (results.exit_code, due(released)) == (0, {})


def test_a_recipe_that_is_deferred_for_weeks_is_noted_and_then_wrong(
    released: Fleet, builds: Builds
) -> None:
    """From the second week on, and from the third on exit 1; who is reached begins anew."""
    seen = []
    builds.begins()
    for _ in range(3):
        night = released.sweeps()
        notes = [note.text for note in night["notes"].notes]
        seen.append((night.results.exit_code, night["notes"].deferred_weeks, notes))
        released.now += 6 * HOUR
        released.resumes()
        released.now += 7 * HOUR
        released.resumes()
        released.now += WEEK - 13 * HOUR

    assert seen == [
        (75, 1, []),
        (75, 2, ["deferred 2 weeks running, since 14 June 2026"]),
        (1, 3, ["deferred 3 weeks running, since 14 June 2026"]),
    ]

    builds.ends()
    released.sweeps("notes")
    builds.begins()
    night = released.sweeps()

    assert (night["notes"].deferred_weeks, night["site"].deferred_weeks) == (1, 4)


def test_a_resume_that_reaches_it_makes_it_no_deferred_week(
    released: Fleet, builds: Builds
) -> None:
    """Whatever the sweep itself could not."""
    for _ in range(4):
        builds.begins()
        assert released.sweeps().results.exit_code == 75
        builds.ends()
        released.now += HOUR
        last = released.resumes()
        assert last is not None
        assert last.results.exit_code == 0
        released.now += WEEK - HOUR


def test_a_broken_list_is_named_and_left(released: Fleet) -> None:
    """A sweep tests all the same, and is wrong; a resume does not know what is due."""
    path = released.folder / "state/waiting.json"
    released.sweeps()
    released.publishes("notes", "1.2.0+1")
    path.write_text('{"notes": {"recipe": "no')

    night = released.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert night.results.exit_code == 1
    assert len(night.results.problems) == 1
    assert "waiting.json" in night.results.problems[0]
    assert "remove it" in night.results.problems[0]
    with pytest.raises(StateFault, match=r"waiting\.json"):
        released.resumes()
    assert path.read_text() == '{"notes": {"recipe": "no'


def test_a_list_that_was_removed_leaves_nothing_due(released: Fleet, builds: Builds) -> None:
    """As whoever finds it broken is told to do: the next resume finds nothing, and the last."""
    builds.begins()
    released.sweeps()
    (released.folder / "state/waiting.json").unlink()

    assert released.resumes() is None

    assert not is_marked(released)


def test_who_never_began_was_not_reached_whatever_his_code(released: Fleet) -> None:
    """As where the run's lock could not be had again between two recipes."""
    turns = Turns(released.state(), Quiet())
    recipes = chosen(released.settings(), (), released.now.date())
    turns.begin(recipes, released.settings(), SUNDAY, retry=False)

    turns.begins("site")
    for recipe in ("notes", "site"):
        turns.ended(Entry(recipe=recipe, code=Code.HOST_ERROR, sentence="no locks available"))

    assert due(released).keys() == {"notes"}


def test_the_results_of_a_resume_are_written_down(released: Fleet, builds: Builds) -> None:
    """As those of any run."""
    builds.begins()
    released.sweeps()
    released.now += HOUR
    released.resumes()

    written = json.loads((released.folder / "state/runs/latest/results.json").read_text())

    assert written["command"] == "resume"
    assert [entry["code"] for entry in written["entries"]] == ["deferred/in-flight"] * 2


def test_a_list_that_cannot_be_read_is_told_once_by_the_timer(released: Fleet) -> None:
    """Each sweep says it as well; every half hour, for ever, helps nobody."""
    state = released.folder / "state"
    state.mkdir()
    (state / "waiting.json").write_text("not JSON")
    (state / "due").touch()

    with pytest.raises(StateFault, match=r"waiting\.json"):
        released.resumes()

    assert not is_marked(released)
    assert released.sweeps().results.exit_code == 1


def test_who_takes_no_part_any_more_is_not_late(released: Fleet, builds: Builds) -> None:
    """He is struck off, with his own line: nobody waits for him."""
    builds.begins()
    released.sweeps()
    builds.ends()
    released.add("notes", enroll=False, exception="moves to another host")
    released.now += timedelta(days=1)

    last = released.resumes()

    assert last is not None
    assert (last["notes"].code, last["site"].code) == (Code.EXCEPTED, Code.IN_FLIGHT)
    assert released.state().waiting.read().keys() == {"site"}
    assert last.results.problems == (
        "not reached until 14 June 2026 15:00 UTC, when retryWindow was over: site",
    )
