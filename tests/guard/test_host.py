"""What this host itself is busy with: processes, locked files, units of systemd."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from canon_sweep.errors import HostFault
from canon_sweep.guard.lockfiles import LockFiles
from canon_sweep.guard.processes import Processes
from canon_sweep.guard.units import Units

# says that it is ready, and ends when its input does
WAITS = "import sys; print(flush=True); sys.stdin.read()"


@contextmanager
def running(*words: str, program: str = WAITS) -> Iterator[int]:
    """A process with these words behind its program's, until it is left."""
    command = [sys.executable, "-c", program, *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        yield child.pid


def test_a_process_is_seen_by_its_whole_command_line() -> None:
    """And is not any more when it has ended."""
    mark = f"run_recipe_ci-{os.getpid()}.py"
    guard = Processes([f"*{mark} --full*"])

    with running(mark, "--full") as pid:
        assert str(guard.in_flight()).startswith(f"process {pid} runs: ")
        assert Processes([mark]).in_flight() is None
    assert guard.in_flight() is None


def test_who_has_started_the_sweep_is_not_in_flight(tmp_path: Path) -> None:
    """A shell's own words have the pattern in them, and so may ours."""
    program = tmp_path / "looks.py"
    program.write_text(
        "from canon_sweep.guard.processes import Processes\n"
        f"print(Processes(['*{program}*']).in_flight())\n"
    )
    # what comes after it keeps the shell there meanwhile
    shell = f"{sys.executable} {program}; true"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)

    assert done.stdout == "None\n"


def test_a_process_of_ours_with_our_own_words_is_not_in_flight(tmp_path: Path) -> None:
    """It asks remotes for us."""
    program = tmp_path / "looks.py"
    program.write_text(
        "from canon_sweep.forked import forked\n"
        "from canon_sweep.guard.processes import Processes\n"
        "child = forked(lambda line: line.recv(1))\n"
        "print(Processes(['*looks.py looks*']).in_flight())\n"
        "child.end()\n"
    )

    done = subprocess.run(
        [sys.executable, str(program), "looks"], capture_output=True, text=True, check=True
    )

    assert done.stdout == "None\n"


def test_hidden_processes_are_a_doubt(tmp_path: Path) -> None:
    """As a service sees /proc with ProtectProc=invisible: nobody is there, not even the first."""
    with pytest.raises(HostFault, match="ProtectProc"):
        Processes(["*x*"], tmp_path).in_flight()


LOCKS: dict[str, Callable[[int], None]] = {
    "flock": lambda file: fcntl.flock(file, fcntl.LOCK_EX),
    "fcntl": lambda file: fcntl.lockf(file, fcntl.LOCK_EX),
}


@pytest.mark.parametrize("way", LOCKS)
@pytest.mark.parametrize("memory", [False, True])
def test_a_file_is_in_flight_while_it_is_locked(tmp_path: Path, way: str, memory: bool) -> None:
    """Either kind of lock, on a disk and in memory; the file alone is none."""
    folder = Path("/dev/shm") if memory else tmp_path
    path = folder / f"canon-sweep-{os.getpid()}.lock"
    guard = LockFiles([f"{path.parent}/canon-sweep-{os.getpid()}*.lock"])
    assert guard.in_flight() is None
    try:
        with path.open("w") as file:
            assert guard.in_flight() is None
            LOCKS[way](file.fileno())

            assert guard.in_flight() == f"{path} is locked"
        assert guard.in_flight() is None
    finally:
        path.unlink()


def test_another_files_lock_is_none_of_these(tmp_path: Path) -> None:
    """The pattern says which."""
    (tmp_path / "a.lock").touch()
    with (tmp_path / "b.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        assert LockFiles([f"{tmp_path}/a*", f"{tmp_path}/none/*"]).in_flight() is None


def test_a_list_of_locks_that_is_hidden_is_a_doubt(tmp_path: Path) -> None:
    """As a service sees /proc with ProcSubset=pid."""
    with pytest.raises(HostFault, match="ProcSubset=all"):
        LockFiles([f"{tmp_path}/*"], tmp_path).in_flight()


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A stand-in for systemctl that answers this, and writes down how it was called."""

    def make(script: str) -> Path:
        program = tmp_path / "systemctl"
        program.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/called\n{script}\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return tmp_path / "called"

    return make


def unit(name: str, state: str, load: str = "loaded") -> str:
    """How systemctl shows a unit."""
    return f"printf '%s\\n' Id={name} LoadState={load} ActiveState={state} ''"


@pytest.mark.parametrize(
    ("state", "busy"),
    [
        *(("inactive", False), ("failed", False), ("active", True), ("activating", True)),
        *(("deactivating", True), ("reloading", True), ("some-new-state", True)),
    ],
)
def test_a_unit_is_in_flight_unless_it_rests(
    systemctl: Callable[[str], Path], state: str, busy: bool
) -> None:
    """A oneshot is activating while it runs; a state that nobody knows is no rest."""
    called = systemctl(f"{unit('other.service', 'inactive')}; {unit('a.service', state)}")

    reason = Units(["other.service", "a.service"]).in_flight()

    assert reason == (f"unit a.service is {state}" if busy else None)
    assert called.read_text().endswith(" -- other.service a.service\n")


def test_a_unit_that_is_not_there_is_a_doubt(systemctl: Callable[[str], Path]) -> None:
    """A guard with a slip of the pen in it would see nothing, for ever."""
    systemctl(unit("upgade-all.service", "inactive", "not-found"))

    with pytest.raises(HostFault, match=r"no unit upgade-all\.service"):
        Units(["upgade-all.service"]).in_flight()


def test_a_pattern_that_matches_no_unit_is_idle(systemctl: Callable[[str], Path]) -> None:
    """What comes and goes is named by one."""
    systemctl("true")

    assert Units(["build@*.service"]).in_flight() is None


@pytest.mark.parametrize(
    "script", ["echo no bus >&2; exit 1", "echo whatever", "echo Id=a.service"]
)
def test_a_systemd_that_does_not_answer_is_a_doubt(
    systemctl: Callable[[str], Path], script: str
) -> None:
    """As in a service without D-Bus."""
    systemctl(script)

    with pytest.raises(HostFault, match="systemd"):
        Units(["a.service"]).in_flight()
