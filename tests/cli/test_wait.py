"""`test --wait` beside a sweep: it has its turn between two recipes."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.guard import steady
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings
from canon_sweep.report.records import Entry
from canon_sweep.state import lock
from canon_sweep.state.journal import Deployment
from cli.test_commands import PROGRAM, config
from guard.fake_builds import QUEUE, fake_builds
from stories.engines import doing
from stories.fleet import Fleet, Night, Quiet

SECONDS = 60.0


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Two recipes with a release each."""
    fleet = Fleet(tmp_path)
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("site", "1.0.0+1")
    return fleet


class Guest:
    """Somebody who tests a recipe by hand while a sweep is at work."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.process: subprocess.Popen[str] | None = None

    def tests(self, *words: str) -> Callable[[], None]:
        """What he types; from then on he is in the queue."""

        command = ["test", *words, "--wait", "--config", str(config(self.fleet))]
        return lambda: self.runs([*PROGRAM, *command])

    def runs(self, command: list[str]) -> None:
        """Start what queues; its input is open until `ends`."""
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stderr=pipe, text=True)
        assert self.process.stderr is not None
        assert "waiting for a turn" in self.process.stderr.readline()
        self._is_in_the_queue()

    def ends(self) -> int:
        """His exit code."""
        assert self.process is not None
        self.process.communicate(timeout=SECONDS)
        return self.process.returncode

    def _is_in_the_queue(self) -> None:
        end = time.monotonic() + SECONDS
        with (self.fleet.folder / "state/lock.queue").open() as file:
            while lock.is_taken(file.fileno()):
                fcntl.flock(file, fcntl.LOCK_UN)
                assert time.monotonic() < end
                time.sleep(0.01)  # nobody tells of a lock that is taken


def test_it_has_its_turn_between_two_recipes_and_the_sweep_goes_on(fleet: Fleet) -> None:
    """What was promoted meanwhile is the canonical that the sweep then finds."""
    guest = Guest(fleet)
    fleet.wrap = doing("deploy", guest.tests("site"))

    night = fleet.sweeps()

    assert guest.ends() == 0
    assert night["notes"].outcome is Outcome.PROMOTED
    assert night["site"].code is Code.NO_NEW_VERSION
    assert night.results.exit_code == 0
    assert fleet.canonical("site").run_id != night.results.run_id
    assert fleet.running() == ()
    assert fleet.sweeps().results.noop


@pytest.mark.parametrize("where", ["before the first", "between two"])
def test_the_build_that_a_sweep_waits_for_has_its_turn(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Its step waits for the sweep, and the sweep for it: neither would ever end."""
    monkeypatch.setattr(steady, "APART", 0.0)
    guest = Guest(fleet)
    looks = {"before the first": 1, "between two": 5}[where]
    with fake_builds(tmp_path) as builds:
        fleet.options["guard"] = {"wait": f"{SECONDS:g}s", "poll": "10ms", **builds.table()}
        step = guest.tests("site", "--in-build")

        def asked(path: str) -> None:
            if path == QUEUE and builds.asked.count(QUEUE) == looks:
                builds.builds()
                step()
            elif guest.process is not None and guest.process.poll() is not None:
                builds.idles()

        builds.before = asked

        night = fleet.sweeps()

    assert guest.ends() == 0
    assert night.results.exit_code == 0
    assert night["notes"].outcome is Outcome.PROMOTED
    assert night["site"].code is Code.NO_NEW_VERSION
    assert fleet.canonical("site").run_id != night.results.run_id


def test_what_a_guest_that_was_killed_has_left_is_cleaned_up(fleet: Fleet) -> None:
    """His lock goes with him, and the sweep finds what he wrote into the journal."""
    guest = Guest(fleet)
    killers: list[subprocess.Popen[bytes]] = []

    def types() -> None:
        guest.tests("site")()
        assert guest.process is not None
        # the sweep waits for him: who kills him, as soon as he has deployed, is a third
        journal = fleet.folder / "state/journal.json"
        script = f"until grep -q site {journal}; do sleep 0.01; done; kill -9 {guest.process.pid}"
        killers.append(subprocess.Popen(["sh", "-c", script]))

    fleet.wrap = doing("deploy", types)

    night = fleet.sweeps()

    assert [killer.wait(SECONDS) for killer in killers] == [0]
    assert guest.ends() == -signal.SIGKILL
    assert [entry.outcome for entry in night.results.entries] == [Outcome.PROMOTED] * 2
    assert night.results.totals.recovered == 1
    assert fleet.running() == ()


def test_a_guest_that_was_stopped_costs_the_sweep_nothing(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He is in the queue, and takes no turn: Ctrl-Z, and home for the weekend."""
    monkeypatch.setattr(lock, "UNCLAIMED", 0.3)
    guest = Guest(fleet)

    def types() -> None:
        guest.tests("site")()
        assert guest.process is not None
        os.kill(guest.process.pid, signal.SIGSTOP)

    fleet.wrap = doing("deploy", types)
    # enough for a test that may take its longest, and not for a guest that is waited for
    fleet.options["maxRuntime"] = "60s"
    fleet.options["timeouts"] = {"prepare": "5s", "deploy": "5s", "probe": "400ms"}

    night = fleet.sweeps()

    outcomes = [entry.outcome for entry in night.results.entries]
    assert outcomes == [Outcome.PROMOTED] * 2, night.results
    assert night.results.exit_code == 0
    assert guest.process is not None
    os.kill(guest.process.pid, signal.SIGCONT)
    assert guest.ends() == 0


def test_guests_that_come_together_have_their_turns_one_after_another(fleet: Fleet) -> None:
    """And the sweep goes on after the last of them."""
    guests = [Guest(fleet), Guest(fleet), Guest(fleet)]

    def come() -> None:
        for guest in guests:
            guest.tests("site")()

    fleet.wrap = doing("deploy", come)

    night = fleet.sweeps()

    assert [guest.ends() for guest in guests] == [0, 0, 0]
    assert night["notes"].outcome is Outcome.PROMOTED
    assert night["site"].code is Code.NO_NEW_VERSION
    assert fleet.running() == ()


SITS = """
import sys
from pathlib import Path
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings
from canon_sweep.report.records import Entry
from canon_sweep.state import lock
from canon_sweep.state.journal import Deployment
with lock.held(Path(sys.argv[1]), 60, lambda text: print(text, file=sys.stderr, flush=True)):
    sys.stdin.readline()
"""


def test_a_sweep_whose_time_is_used_up_in_somebodys_turn_ends_there(fleet: Fleet) -> None:
    """It says so, and settles nothing: what is up then is another's."""
    guest = Guest(fleet)
    command = [sys.executable, "-c", SITS, str(fleet.folder / "state/lock")]
    theirs = Deployment(recipe="site", stack="site-000000_ci_localhost", engine="local")
    fleet.wrap = doing("deploy", lambda: guest.runs(command))
    fleet.options["maxRuntime"] = "8s"
    around = fleet.means()

    def said(text: str) -> None:
        if "waits for his turn" in text:
            # as he would, in his turn, which begins just now
            fleet.state().journal.put(theirs)

    around = Surroundings(around.progress, said, around.clock, around.engine)
    night = Night(run_sweep(fleet.settings(), (), around))

    assert night["notes"].outcome is Outcome.PROMOTED
    assert night["site"].code is Code.OUT_OF_TIME
    assert night["site"].sentence.endswith("maxRuntime was used up in somebody else's turn")
    assert night.results.exit_code == 1
    assert fleet.state().journal.entries() == (theirs,)
    assert guest.ends() == 0


def test_a_journal_that_is_spoilt_in_the_middle_is_told_by_the_recipe(fleet: Fleet) -> None:
    """Whether anybody may be let in is no reason to lose the run's results."""

    class Spoils(Quiet):
        def ended(self, entry: Entry) -> None:
            (fleet.folder / "state/journal.json").write_text("garbage")

    around = fleet.means()
    around = Surroundings(Spoils(), around.say, around.clock, around.engine)

    night = Night(run_sweep(fleet.settings(), (), around))

    assert night["notes"].outcome is Outcome.PROMOTED
    assert "journal.json" in night["site"].why
    assert night.results.exit_code == 1


def test_a_signal_ends_the_waiting_for_a_turn(fleet: Fleet) -> None:
    """Nothing was begun."""
    guest = Guest(fleet)
    with lock.held(fleet.folder / "state/lock"):
        guest.tests("site")()
        assert guest.process is not None
        os.kill(guest.process.pid, signal.SIGTERM)
        assert guest.ends() != 0

    assert not (fleet.folder / "state/runs").exists()
