"""The process that is begun before anybody knows whom it is to ask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from canon_sweep.errors import HostFault
from canon_sweep.mirror import ahead
from canon_sweep.mirror.pool import Pool, Question
from canon_sweep.mirror.question import Terms
from canon_sweep.settings.credential import Credential
from canon_sweep.settings.values import SecretFile
from mirror.test_pool import processes_below
from mirror.world import World

# a run, and whether it has left anybody
RUN = """
import os, sys
from canon_sweep.entry import main
try:
    main()
finally:
    try:
        print("left", os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        print("nobody is left")
"""


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    ahead.end()


def test_whoever_was_begun_is_asked(world: World, tmp_path: Path) -> None:
    """And nobody is begun for it once more."""
    before = processes_below(os.getpid())
    ahead.begin()
    begun = processes_below(os.getpid()) - before

    with Pool.made({}, tmp_path, parallel=2, per_server=2) as pool:
        assert processes_below(os.getpid()) - before == begun
        heard = list(pool.ask([Question(world.upstream_url, 20), Question("/nowhere", 20)]))

    assert {each.number: each.answer.broken is None for each in heard} == {0: True, 1: False}
    assert processes_below(os.getpid()) == before


def test_nobody_has_to_take_it(tmp_path: Path) -> None:
    """A command that was refused leaves no process."""
    before = processes_below(os.getpid())
    ahead.begin()

    ahead.end()

    assert processes_below(os.getpid()) == before


@pytest.mark.parametrize("words", [["run"], ["plan", "--resume"], ["run", "--help"]])
def test_a_run_that_is_refused_leaves_nobody(tmp_path: Path, words: list[str]) -> None:
    """Whether its configuration is at fault, or what was typed, or only help was wanted."""
    env = os.environ | {"CANON_SWEEP_CONFIG": str(tmp_path / "none.toml")}

    done = subprocess.run(
        [sys.executable, "-c", RUN, *words], env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode == (0 if "--help" in words else 2)
    assert done.stdout.endswith("nobody is left\n"), done


def test_a_resume_that_may_have_nothing_to_do_begins_nobody(tmp_path: Path) -> None:
    """It comes each half hour."""
    watched = RUN.replace("import os, sys\n", "import os, sys\nos.fork = sys.exit\n")
    env = os.environ | {"CANON_SWEEP_CONFIG": str(tmp_path / "none.toml")}

    def errors(*words: str) -> str:
        command = [sys.executable, "-c", watched, *words]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False).stderr

    assert "none.toml" in errors("run", "--resume")
    assert "none.toml" not in errors("run")


def test_one_that_somebody_has_ended_meanwhile_is_a_fault_of_the_host(
    world: World, tmp_path: Path
) -> None:
    """The sweep goes on without: it reads one remote after another."""
    before = processes_below(os.getpid())
    ahead.begin()
    (begun,) = processes_below(os.getpid()) - before
    os.kill(begun, signal.SIGKILL)
    os.waitid(os.P_PID, begun, os.WEXITED | os.WNOWAIT)

    with (
        pytest.raises(HostFault, match="was ended by somebody else"),
        Pool.made({}, tmp_path, parallel=2, per_server=2) as pool,
    ):
        list(pool.ask([Question(world.upstream_url, 20)]))

    assert processes_below(os.getpid()) == before


def test_it_is_told_of_logins_and_folders_as_they_are(tmp_path: Path) -> None:
    """A credential of the service stays one, and a path need be no text."""
    token = SecretFile("/run/credentials/canon-sweep.service", "token")
    logins = {"a.example": Credential(username="u", token_file=token, known_hosts_file=Path("/k"))}
    terms = Terms(logins, Path(os.fsdecode(b"/tmp/\xff")), 8, 4)

    told = Terms.decoded(terms.encoded())

    assert told == terms
    assert told.credentials["a.example"].token_file.origin == token.origin  # type: ignore[union-attr]
