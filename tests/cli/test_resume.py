"""`run --resume` and `status`, as an operator types them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from canon_sweep.state import lock
from cli import test_commands
from cli.test_commands import answer, said
from cli.typed import Call
from stories.fleet import Fleet

# a fixture
call = test_commands.call


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """One recipe with a release."""
    fleet = Fleet(tmp_path)
    fleet.publishes("notes", "1.0.0+1")
    return fleet


def test_nothing_is_due(call: Call, fleet: Fleet) -> None:
    """One line and exit 0, before the first sweep and after one; also beside a run."""
    for why in ("no sweep has begun yet", "the last sweep has nothing left to do"):
        with lock.held(fleet.folder / "state/lock"):
            beside = call("run", "--resume")
        done = call("run", "--resume")
        asked = call("run", "--resume", "--json")

        assert beside.returncode == 0
        assert said(beside) == f"nothing is due: a run is at work (process {os.getpid()})"
        assert (done.returncode, asked.returncode) == (0, 0)
        assert said(done) == f"nothing is due: {why}"
        assert answer(asked) == {"due": []}
        assert call("run").returncode == 0
    assert "not reached" not in call("status").stdout


def test_a_sweep_without_its_list_has_been_all_the_same(call: Call, fleet: Fleet) -> None:
    """Who follows the advice for a broken one removes it; a test of one recipe is no sweep."""
    call("test", "notes")
    assert "no sweep has begun yet" in said(call("run", "--resume"))
    call("run")
    (fleet.folder / "state/waiting.json").unlink()

    assert said(call("run", "--resume")).endswith("the last sweep has nothing left to do")


def test_a_sweep_that_was_refused_is_taken_up(call: Call, fleet: Fleet) -> None:
    """`status` says what is due, and until when."""
    with lock.held(fleet.folder / "state/lock"):
        assert call("run").returncode == 75
        assert call("run", "--resume").returncode == 75
    due = "not reached by the last sweep: notes; canon-sweep run --resume takes it up until"
    assert due in said(call("status"))
    assert answer(call("status", "--json"))["waiting"][0].startswith(due)

    done = call("run", "--resume", "--json")

    assert done.returncode == 0
    assert answer(done)["entries"][0]["outcome"] == "promoted"
    assert "not reached" not in call("status").stdout


@pytest.mark.parametrize("word", ["notes", "--retry"])
def test_a_resume_is_of_what_is_due_and_of_nothing_else(call: Call, word: str) -> None:
    """Which recipes and how is not for whoever types it to say."""
    done = call("run", "--resume", word)

    assert done.returncode == 2
    assert "--resume goes with no RECIPE and no --retry" in done.stderr


def test_a_broken_list_is_named(call: Call, fleet: Fleet) -> None:
    """One line with the file and what to do, by `status` too."""
    call("run")
    (fleet.folder / "state/waiting.json").write_text("[]")

    done = call("run", "--resume")

    assert done.returncode == 1
    assert "waiting.json is no list of who waits" in done.stderr
    assert "remove it" in done.stderr
    assert "Traceback" not in done.stderr
    status = call("status")
    assert status.returncode == 1
    assert "waiting.json is no list of who waits" in said(status)
