"""The host as a whole: what one thing that is away does to the rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from canon_sweep.core.checkup import Check
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.engine.local.engine import LocalEngine
from canon_sweep.engine.protocol import Question
from canon_sweep.job import doctor
from canon_sweep.job.doctor import Examination, examine
from canon_sweep.job.wiring import Surroundings
from doctor.examined import examination
from doctor.looking import SOMEBODY, outcomes
from stories.fleet import Fleet, Quiet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """One recipe that nobody has swept yet."""
    fleet = Fleet(tmp_path)
    fleet.publishes("notes", "1.0.0+1")
    return fleet


def of_host(examination: Examination) -> dict[str, str]:
    return outcomes(examination.host)


def test_an_engine_that_is_away_is_told_once_and_nothing_of_it_is_a_yes(
    fleet: Fleet, tmp_path: Path
) -> None:
    """Nobody can say then what stacks do, nor how much is free."""
    swarm = {"host": f"unix://{tmp_path}/none.sock"}
    result = examination(tmp_path, fleet.recipes, engine="swarm", swarm=swarm)

    found = of_host(result)
    assert found["engine"] == "fail"
    assert found["guard.stacks"] == found["disk"] == "unknown"
    assert sum("does not answer" in check.found for check in result.host) == 3


def test_an_engine_that_answers_root_may_not_answer_the_service(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is not the service sees its socket with rights of his own."""

    def seen(**swarm: str) -> dict[str, str]:
        return of_host(examination(tmp_path, fleet.recipes, engine="swarm", swarm=swarm))

    socket = {"host": f"unix://{tmp_path}/none.sock"}
    assert "engine.socket" not in seen(**socket)
    monkeypatch.setattr(Viewer, "of", lambda _: SOMEBODY)
    assert seen(**socket)["engine.socket"] == "unknown"
    # to whom a port is open, it is open to all
    assert "engine.socket" not in seen(host="tcp://127.0.0.1:1")


@pytest.mark.parametrize("content", ["x", "\n"])
def test_a_state_that_cannot_be_read_is_a_fault(fleet: Fleet, content: str) -> None:
    """Each sweep would end with it."""
    (fleet.folder / "state").mkdir(mode=0o700)
    (fleet.folder / "state" / "home").write_text(content)

    result = examine(fleet.settings(), (), fleet.means(), timed=False)

    assert of_host(result)["state"] == "fail"


def test_a_memory_of_pull_requests_that_cannot_be_read_is_a_fault(fleet: Fleet) -> None:
    """Each recipe on the forge would be told of it, and every run exit 1."""
    (fleet.folder / "state").mkdir(mode=0o700)
    (fleet.folder / "state" / "pulls.json").write_text("[")
    (fleet.folder / "token").write_text("a-token")

    def looked() -> str:
        return of_host(examine(fleet.settings(), (), fleet.means(), timed=False))["state"]

    assert looked() == "ok"  # nobody reads it
    fleet.add("site", mirror="http://127.0.0.1:1/mirrors/site.git")
    fleet.options["forge"] = {
        "type": "gitea",
        "url": "http://127.0.0.1:1",
        "tokenFile": str(fleet.folder / "token"),
    }
    assert looked() == "fail"


class Odd(LocalEngine):
    """A stand-in for an engine that never answers, or for a mistake of ours."""

    over = threading.Event()

    def questions(self, apps: object) -> tuple[Question, ...]:
        def hangs() -> Iterable[Check]:
            self.over.wait(30)
            return []

        def fails() -> Iterable[Check]:
            raise ZeroDivisionError("by nobody's fault")

        return (hangs, fails)


def test_what_hangs_and_what_is_our_mistake_hide_no_other_check(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a line of its own; nobody waits longer than for the slowest."""
    monkeypatch.setattr(doctor, "LONGEST", 1.0)
    engine = Odd(fleet.folder / "state/local")
    around = Surroundings(Quiet(), lambda _: None, engine=engine)
    began = time.monotonic()

    result = examine(fleet.settings(), (), around, timed=False)

    engine.over.set()
    assert time.monotonic() - began < 20
    engines = {
        str(check.outcome): check.found for check in result.host if check.subject == "engine"
    }
    assert "no answer within 1 s or more" in engines["fail"]
    assert "ZeroDivisionError" in engines["unknown"]
    assert {str(check.outcome) for check in result.recipes[0].checks} == {"ok"}
