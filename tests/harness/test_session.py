"""A program in a session of its own: heard, ended in time, and all that it started with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from canon_sweep.errors import HostFault
from canon_sweep.harness import remains, session
from canon_sweep.harness.session import Ended, Program, follow
from child import forked
from host import NOBODY, ends

ENV = {"PATH": os.environ["PATH"]}
AWAY = "setsid sh -c 'echo $$ > away.new; mv away.new away; exec sleep 99' &"
IS_AWAY = "until [ -s away ] && grep -qx sleep /proc/$(cat away)/comm; do :; done"


def shell(
    script: str, cwd: Path, *, timeout: float = 30, stop_time: float = 5, terminal: bool = False
) -> tuple[Ended, bytes]:
    """How a script ended, and what it said."""
    said: list[bytes] = []
    program = Program(["sh", "-c", script], ENV, cwd, timeout, stop_time, terminal)
    return follow(program, said.append), b"".join(said)


def pid_in(file: Path) -> int:
    return int(file.read_text())


def test_what_it_says_and_how_it_ends(tmp_path: Path) -> None:
    """Both streams as they came, its exit code, and nothing of ours in its environment."""
    ended, said = shell("echo out; echo err >&2; env | grep -c HOME; exit 3", tmp_path)

    assert ended == Ended(3, late=False, left=(), alive=())
    assert said == b"out\nerr\n0\n"


def test_a_signal_is_negative(tmp_path: Path) -> None:
    """As everywhere."""
    assert shell("kill -9 $$", tmp_path)[0].code == -signal.SIGKILL


def test_a_missing_program_is_the_hosts_fault(tmp_path: Path) -> None:
    """It is told by name, with and without a terminal."""
    for terminal in (False, True):
        program = Program(["no-such-program"], ENV, tmp_path, 5, 5, terminal)
        with pytest.raises(HostFault, match="no-such-program cannot be run: No such file"):
            follow(program, lambda _: None)


def test_it_is_heard_while_it_runs(tmp_path: Path) -> None:
    """Not at its end: a log is for who looks while hours go by."""
    heard = threading.Event()

    def hear(part: bytes) -> None:
        if b"first" in part:
            heard.set()
            (tmp_path / "go").touch()

    program = Program(["sh", "-c", "echo first; until [ -e go ]; do :; done"], ENV, tmp_path, 30, 5)

    assert follow(program, hear).code == 0
    assert heard.is_set()


def test_a_late_one_is_asked_to_end_and_heard_meanwhile(tmp_path: Path) -> None:
    """It takes down what is up, and says so."""
    script = "trap 'echo taking down; touch down; exit 143' TERM; echo up; sleep 99 & wait"

    ended, said = shell(script, tmp_path, timeout=0.5)

    assert ended.late
    assert ended.code == 143
    assert said == b"up\ntaking down\n"
    assert (tmp_path / "down").exists()


def test_what_a_wrapper_started_has_the_stop_time_too(tmp_path: Path) -> None:
    """A shell is gone at once when it is told to stop, and the harness below it takes down."""
    below = (
        "import signal, sys, threading\n"
        "stop = threading.Event()\n"
        "signal.signal(signal.SIGTERM, lambda *_: stop.set())\n"
        "print('up', flush=True)\n"
        "stop.wait()\n"
        "threading.Event().wait(0.5)\n"
        "print('took down', flush=True)\n"
        "open('down', 'x').close()\n"
    )
    (tmp_path / "below.py").write_text(below)
    script = f"{sys.executable} below.py; exit 1"

    ended, said = shell(script, tmp_path, timeout=1, stop_time=20)

    assert ended == Ended(-signal.SIGTERM, late=True, left=(), alive=())
    assert said == b"up\ntook down\n"
    assert (tmp_path / "down").exists()


def test_what_is_told_to_end_and_left_its_group_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody has told it, and nobody would."""
    script = f"{AWAY} until [ -s away ]; do :; done; trap 'exit 143' TERM; sleep 99 & wait"
    started = time.monotonic()

    ended, _ = shell(script, tmp_path, timeout=0.5, stop_time=20)

    assert ended.code == 143
    assert time.monotonic() - started < 10
    assert ends(pid_in(tmp_path / "away"), within=0)


def test_one_that_does_not_end_is_killed_with_its_group(tmp_path: Path) -> None:
    """After its stop time."""
    script = "trap '' TERM; sh -c 'echo $$ > child; sleep 99' & sleep 99; sleep 99"

    ended, _ = shell(script, tmp_path, timeout=0.5, stop_time=0.3)

    assert ended.late
    assert ended.code == -signal.SIGKILL
    assert ends(pid_in(tmp_path / "child"), within=0)


@pytest.mark.parametrize("last", ["exit 0", "sleep 99"], ids=["in time", "late"])
def test_what_left_its_session_is_found_named_and_ended(last: str, tmp_path: Path) -> None:
    """A daemon has no parent but us any more."""
    script = f"{AWAY} {IS_AWAY}; {last}"

    ended, _ = shell(script, tmp_path, timeout=30 if last == "exit 0" else 2)

    away = pid_in(tmp_path / "away")
    # what it is called depends on how far it has come
    assert any(name.startswith(f"process {away} (") for name in ended.left)
    assert ended.alive == ()
    assert ends(away, within=0)


def test_what_was_ours_before_is_left_alone(tmp_path: Path) -> None:
    """With its own children."""
    ours = subprocess.Popen(["sleep", "99"])
    try:
        assert shell("exit 0", tmp_path)[0].left == ()
        assert ours.poll() is None
    finally:
        ours.kill()
        ours.wait()


@pytest.mark.host
def test_what_has_become_another_users_is_named_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As with sudo: it cannot be told to end, and no limit of ours would be one."""
    # it does not go, however long it is looked for
    monkeypatch.setattr(session, "GONE", 0.5)
    if os.geteuid() != 0:
        pytest.skip("only root can make a program that becomes another user's")
    # pytest's own folders are root's alone
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    interpreter = folder / "python"
    shutil.copy(Path(sys.executable).resolve(), interpreter)
    interpreter.chmod(0o4755)
    script = "import os, time; os.setresuid(0, 0, 0); open('up', 'x').close(); time.sleep(99)"
    command = [str(interpreter), "-I", "-S", "-c", script]
    pids = folder / "pids"

    def as_nobody() -> None:
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        ended = follow(Program(command, ENV, folder, 2, 0.2), lambda _: None)
        pids.write_text(" ".join(each.split()[1] for each in ended.alive))
        assert ended.late, ended
        assert [each.partition(" (")[2] for each in ended.alive] == ["python)"], ended

    child = forked(as_nobody)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert (folder / "up").exists()
    finally:
        for pid in pids.read_text().split() if pids.exists() else ():
            os.kill(int(pid), signal.SIGKILL)
        shutil.rmtree(folder)


def test_an_interrupt_ends_all_of_it(tmp_path: Path) -> None:
    """What we started does not outlive us."""

    class StopError(BaseException):
        pass

    def hear(part: bytes) -> None:
        raise StopError

    script = f"{AWAY} until [ -s away ]; do :; done; echo said; sleep 99"
    with pytest.raises(StopError):
        follow(Program(["sh", "-c", script], ENV, tmp_path, 30, 5), hear)

    assert ends(pid_in(tmp_path / "away"), within=0)


def test_on_request_it_has_a_terminal(tmp_path: Path) -> None:
    """On all three streams, without an echo or a carriage return of its own."""
    script = (
        "import os, sys\n"
        "print(all(os.isatty(n) for n in range(3)), os.get_terminal_size().columns)\n"
        "print('to stderr', file=sys.stderr)"
    )
    program = Program([sys.executable, "-c", script], ENV, tmp_path, 30, 5, terminal=True)
    said: list[bytes] = []

    assert follow(program, said.append).code == 0
    assert b"".join(said) == b"True 120\nto stderr\n"
    assert shell("test -t 0 || test -t 1 || test -t 2", tmp_path)[0].code == 1


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_a_lot_of_output_is_all_heard(terminal: bool, tmp_path: Path) -> None:
    """Also what came right before the end."""
    script = "for n in range(20_000): print('x' * 99)"
    count = [0]

    def hear(part: bytes) -> None:
        count[0] += len(part)

    follow(Program([sys.executable, "-c", script], ENV, tmp_path, 60, 5, terminal), hear)

    assert count[0] == 2_000_000


def test_what_a_killed_run_left_is_found_by_its_mark(tmp_path: Path) -> None:
    """Whoever was its parent, and whatever session it is in."""
    mark = f"CANON_SWEEP_RUN=test-{os.getpid()}"
    name, _, value = mark.partition("=")
    child = subprocess.Popen(
        ["sh", "-c", f"{AWAY} {IS_AWAY}; echo ready; exec sleep 99"],
        env=ENV | {name: value},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    away = pid_in(tmp_path / "away")
    # ended processes that nobody has waited for do not run any more
    threading.Thread(target=child.wait, daemon=True).start()

    killed, alive = remains.end_marked(mark)

    # what each is called depends on how far it has come
    assert {name.partition(" (")[0] for name in killed} == {
        f"process {child.pid}",
        f"process {away}",
    }
    assert alive == ()
    assert ends(away)
    assert remains.end_marked(mark) == ((), ())


def test_it_takes_no_longer_than_the_program(tmp_path: Path) -> None:
    """Nothing is waited for that an event tells."""
    started = time.monotonic()

    shell("exit 0", tmp_path)

    assert time.monotonic() - started < 2
