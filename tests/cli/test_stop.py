"""A run that is asked to end: within seconds, with its results; asked twice, at once."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from canon_sweep import interrupt
from cli.test_commands import PROGRAM, config
from stories.fleet import Fleet

# never ready, and not to be asked to end: it has to be killed
STUBBORN = 'trap "" TERM; touch "$$DATA/up"; while :; do sleep 1; done'
SECONDS = 30.0


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Two recipes; the first one's app does not heed SIGTERM."""
    fleet = Fleet(tmp_path)
    fleet.publishes("notes", "1.0.0+1", STUBBORN, ready=True)
    fleet.publishes("site", "1.0.0+1")
    return fleet


def begun(fleet: Fleet) -> subprocess.Popen[str]:
    """A sweep whose first app is up."""
    command = [*PROGRAM, "run", "--config", str(config(fleet))]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    while not any((fleet.folder / "state/local/volumes").glob("*/up")):
        assert run.poll() is None
        time.sleep(0.01)  # a file tells nobody that it is there
    return run


def test_a_run_that_is_asked_to_end_has_ended_within_half_a_minute(fleet: Fleet) -> None:
    """Whatever its app does: taken down, written down, and due."""
    run = begun(fleet)

    run.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    run.communicate(timeout=SECONDS)

    assert time.monotonic() - asked < SECONDS
    assert run.returncode == 1
    written = json.loads((fleet.folder / "state/runs/latest/results.json").read_text())
    assert {entry["code"] for entry in written["entries"]} == {"deferred/out-of-time"}
    assert fleet.running() == ()
    assert fleet.volumes() == set()
    assert fleet.state().journal.entries() == ()
    assert fleet.state().waiting.due().keys() == {"notes", "site"}


def test_a_run_that_is_asked_twice_ends_at_once(fleet: Fleet) -> None:
    """As by a kill: what was up is named in the journal, and `recover` takes it down."""
    run = begun(fleet)

    run.send_signal(signal.SIGTERM)
    # its app has longer to end than that
    time.sleep(interrupt.APART * 1.5)  # what is awaited is time alone
    run.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    _, said = run.communicate(timeout=SECONDS)

    assert time.monotonic() - asked < 2
    assert run.returncode == -signal.SIGTERM
    assert said.splitlines()[-1] == (
        "canon-sweep: stopped again: it ends at once; canon-sweep recover cleans up"
    )
    assert len(fleet.state().journal.entries()) == 1

    recover = [*PROGRAM, "recover", "--config", str(config(fleet))]
    subprocess.run(recover, check=True, capture_output=True)
    assert fleet.volumes() == set()
    assert fleet.state().waiting.due().keys() == {"notes", "site"}


def test_a_signal_that_comes_in_twice_is_one(fleet: Fleet) -> None:
    """As `timeout` sends it: to the program, and then to its whole group."""
    run = begun(fleet)

    for _ in range(2):
        run.send_signal(signal.SIGTERM)
        time.sleep(0.05)  # two that are pending together are one anyway
    run.communicate(timeout=SECONDS)

    assert run.returncode == 1
    assert fleet.volumes() == set()
