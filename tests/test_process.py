"""Other programs: whatever one does, it ends with its call, and so does what it started."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from canon_sweep import interrupt, process
from canon_sweep.engine.local import process as local_process
from canon_sweep.engine.local.keepers import Ordered, Starter
from canon_sweep.errors import HostFault, Interrupted
from host import ends

ENV = {"PATH": os.environ["PATH"]}


def _functions(thread: threading.Thread) -> set[str]:
    """The names of the functions that a thread is in."""
    frame = sys._current_frames().get(thread.ident or 0)
    return {each.f_code.co_name for each, _ in traceback.walk_stack(frame)}


def shell(script: str, cwd: Path, timeout: float = 30) -> process.Completed:
    return process.run(["sh", "-c", script], env=ENV, timeout=timeout, cwd=cwd)


def test_what_a_command_says_and_how_it_ends_is_its_answer(tmp_path: Path) -> None:
    """Both streams as they came, and the exit code; a signal is negative."""
    assert shell("echo out; echo err >&2; exit 3", tmp_path) == process.Completed(3, "out\nerr\n")
    assert shell("kill -9 $$", tmp_path).exit_code == -signal.SIGKILL


def test_a_limit_of_many_years_is_one(tmp_path: Path) -> None:
    """The kernel waits 24 days at most."""
    assert shell("sleep 0.1; echo done", tmp_path, timeout=9e8).output == "done\n"


def test_a_missing_program_is_the_hosts_fault(tmp_path: Path) -> None:
    """It is told by name."""
    with pytest.raises(HostFault, match="no-such-program cannot be run: No such file"):
        process.run(["no-such-program"], env=ENV, timeout=5, cwd=tmp_path)


def test_what_a_late_command_had_said_is_known(tmp_path: Path) -> None:
    """Else nobody could tell what it was waiting for."""
    with pytest.raises(process.LateFault) as late:
        shell("echo waiting for the registry; exec sleep 99", tmp_path, timeout=0.5)

    assert late.value.output == "waiting for the registry\n"


def test_a_late_commands_children_end_with_it(tmp_path: Path) -> None:
    """At the deadline the whole process group ends, not its leader alone."""
    script = "sh -c 'echo $$ > child; exec sleep 99' & echo $$ > leader; wait"

    with pytest.raises(HostFault, match=r"sh did not end within 0\.5 s"):
        shell(script, tmp_path, timeout=0.5)

    assert ends(int((tmp_path / "leader").read_text()), within=0)
    assert ends(int((tmp_path / "child").read_text()))


def test_a_late_command_may_clean_up(tmp_path: Path) -> None:
    """It is asked to end before it is made to."""
    script = "trap 'touch cleaned; exit 0' TERM; sleep 99 & wait"

    with pytest.raises(HostFault):
        shell(script, tmp_path, timeout=0.5)

    assert (tmp_path / "cleaned").exists()


def test_a_late_command_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then its children have to go, too."""
    monkeypatch.setattr(process, "GRACE", 0.2)
    script = "trap '' TERM; sh -c 'echo $$ > child; sleep 99' & sleep 99; sleep 99"

    with pytest.raises(HostFault):
        shell(script, tmp_path, timeout=0.5)

    assert ends(int((tmp_path / "child").read_text()))


@pytest.mark.parametrize("timeout", [30, 0.5], ids=["in time", "late"])
def test_who_holds_the_pipe_does_not_hold_us(tmp_path: Path, timeout: float) -> None:
    """What left the group may keep the output open for as long as it likes."""
    started = time.monotonic()
    last = "exit 4" if timeout > 1 else "sleep 99"
    script = f"setsid sh -c 'echo $$ > away; exec sleep 20' & until [ -s away ]; do :; done; {last}"
    try:
        if timeout > 1:
            assert shell(f"echo said; {script}", tmp_path) == process.Completed(4, "said\n")
        else:
            with pytest.raises(HostFault):
                shell(script, tmp_path, timeout=timeout)

        assert time.monotonic() - started < 10
    finally:
        os.kill(int((tmp_path / "away").read_text()), signal.SIGKILL)


def test_what_a_command_leaves_in_its_group_ends_after_it(tmp_path: Path) -> None:
    """A command that ended in time leaves nothing running either."""
    script = "sh -c 'echo $$ > child; exec sleep 99' & until [ -s child ]; do :; done; echo done"

    assert shell(script, tmp_path).output == "done\n"

    assert ends(int((tmp_path / "child").read_text()))


def test_an_endless_output_is_kept_at_its_end_only() -> None:
    """The last words matter, and no program can fill our memory."""
    script = "import sys\nfor n in range(9000): print('x' * 999)\nprint('last words')"

    done = process.run([sys.executable, "-c", script], env=ENV, timeout=30)

    assert done.output.endswith("x\nlast words\n")
    assert done.output.startswith("(")
    assert "bytes before)\n" in done.output[:40]
    assert len(done.output) < process.MAX_OUTPUT + 100


def test_a_full_pipe_is_read_to_its_end() -> None:
    """What was written before the end is not lost, even if nobody had read it yet."""
    script = "import sys; sys.stdout.write('y' * 60_000); sys.stdout.flush()"

    assert len(process.run([sys.executable, "-c", script], env=ENV, timeout=30).output) == 60_000


def test_an_interrupt_ends_what_was_started(tmp_path: Path) -> None:
    """An exception that comes from outside leaves no program behind."""

    class Stop(BaseException):
        pass

    def stop(*_: object) -> None:
        raise Stop

    before = signal.signal(signal.SIGUSR1, stop)
    deadline = time.monotonic() + 10

    def when_it_runs() -> None:
        # not while it is being started: subprocess itself does not have it then
        while not (
            (tmp_path / "leader").exists() and "listen" in _functions(threading.main_thread())
        ):
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGUSR1)

    threading.Thread(target=when_it_runs, daemon=True).start()
    try:
        with pytest.raises(Stop):
            shell("echo $$ > draft; mv draft leader; exec sleep 99", tmp_path)
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert ends(int((tmp_path / "leader").read_text()), within=0)


@pytest.fixture
def signals() -> Iterator[None]:
    """The program's handlers, put back afterwards."""
    before = {number: signal.getsignal(number) for number in interrupt.SIGNALS}
    interrupt.install()
    # as in a run: what was asked is forgotten afterwards
    with interrupt.Held(), interrupt.LetThrough():
        yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Forked(subprocess.Popen[bytes]):
    """A program that is there, and has no name in ours yet, when a signal comes."""

    seen: ClassVar[list[int]] = []

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.seen.append(self.pid)
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.usefixtures("signals")
def test_a_program_that_a_signal_finds_without_a_name_does_not_live_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal waits until somebody can end the program, and is told then."""
    monkeypatch.setattr(subprocess, "Popen", Forked)

    with pytest.raises(Interrupted, match="SIGTERM"):
        shell("exec sleep 99", tmp_path)

    assert ends(Forked.seen.pop(), within=0)


@pytest.mark.usefixtures("signals")
def test_a_held_program_that_a_signal_finds_without_a_name_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody will ever open its gate, so it is closed."""
    seen: list[int] = []
    start = Starter.order

    def and_then_a_signal(starter: Starter, *order: Any) -> Ordered:
        ordered = start(starter, *order)
        seen.append(ordered.pid)
        os.kill(os.getpid(), signal.SIGTERM)
        return ordered

    monkeypatch.setattr(Starter, "order", and_then_a_signal)

    with pytest.raises(Interrupted, match="SIGTERM"), (tmp_path / "log").open("wb") as output:
        local_process.start_held(
            ["touch", "began"], env=ENV, home=tmp_path, cwd=tmp_path, output=output
        )

    assert ends(seen.pop())
    assert not (tmp_path / "began").exists()


@pytest.mark.usefixtures("signals")
def test_a_signal_is_told_once_and_cleaning_up_starts_programs_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is taken down after a signal is taken down with other programs."""
    # on a machine that is slow today the next one would be a second one, and end us
    monkeypatch.setattr(interrupt, "APART", math.inf)
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)

    assert shell("echo down", tmp_path).output == "down\n"
    os.kill(os.getpid(), signal.SIGTERM)
    assert shell("echo again", tmp_path).output == "again\n"


@pytest.mark.usefixtures("signals")
def test_a_signal_that_is_held_stays_held_while_programs_run(tmp_path: Path) -> None:
    """Who keeps its books is not interrupted because it starts a program."""
    with interrupt.Held():
        said = shell(f"kill -TERM {os.getpid()}; echo said", tmp_path)

        assert said.output == "said\n"
        assert interrupt.reason() == "stopped by SIGTERM"


@pytest.mark.usefixtures("signals")
def test_a_program_started_in_a_thread_defers_nobodys_signal(tmp_path: Path) -> None:
    """Signals are the main thread's."""
    thread = threading.Thread(target=shell, args=("cat gate", tmp_path))
    os.mkfifo(tmp_path / "gate")
    thread.start()
    try:
        with (tmp_path / "gate").open("w"), pytest.raises(Interrupted):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        thread.join()
