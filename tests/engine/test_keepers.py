"""What starts the keepers: there is one of it, and nothing fails or stays because of it."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from canon_sweep.engine.local import keeper, keepers, kernel, starter
from canon_sweep.engine.local import process as local_process
from canon_sweep.engine.local.process import Held
from canon_sweep.errors import HostFault, RecipeFault
from child import in_child
from host import ends


def held(folder: Path, *command: str, cwd: Path | None = None) -> Held:
    """A keeper that waits to start a command."""
    env = {"PATH": os.environ["PATH"]}
    with (folder / "log").open("wb") as log:
        return local_process.start_held(
            command, env=env, home=folder, cwd=cwd or folder, output=log
        )


def code(child: Held, folder: Path) -> int | None:
    """How a command ended that is let go now."""
    child.release()
    child.drop()
    assert ends(child.identity.pid)
    found = local_process.exit_code(child.identity)
    local_process.end([child.identity], folder)
    return found


def starter_of(child: Held) -> int:
    """The process that has started a keeper."""
    found = kernel.stat(child.identity.pid)
    assert found is not None
    return found.parent


def test_programs_of_one_sweep_have_one_starter(tmp_path: Path) -> None:
    """It is Python's start that costs, and there is one."""
    one, other = held(tmp_path, "true"), held(tmp_path, "false")

    assert starter_of(one) == starter_of(other)
    assert (code(one, tmp_path), code(other, tmp_path)) == (0, 1)


def test_a_starter_that_was_killed_is_replaced(tmp_path: Path) -> None:
    """What it has started goes on without it, and says how it ended."""
    before = held(tmp_path, "sh", "-c", "exit 5")
    starter = starter_of(before)
    os.kill(starter, signal.SIGKILL)
    assert ends(starter)

    after = held(tmp_path, "sh", "-c", "exit 6")

    assert (code(before, tmp_path), code(after, tmp_path)) == (5, 6)


def test_a_fork_has_a_starter_of_its_own(tmp_path: Path) -> None:
    """Two that speak to one would hear each other's answers."""
    ours = held(tmp_path, "true")

    def has_its_own() -> None:
        its = held(tmp_path, "true")
        assert starter_of(its) != starter_of(ours)
        assert code(its, tmp_path) == 0

    assert in_child(has_its_own) == 0
    assert code(ours, tmp_path) == 0


def test_a_starter_ends_with_its_sweep(tmp_path: Path) -> None:
    """However that ends; a keeper that was not let go ends too."""
    script = (
        "import os, pathlib, signal\n"
        "from canon_sweep.engine.local import kernel, process\n"
        "here = pathlib.Path('.').resolve()\n"
        "with open('log', 'wb') as log:\n"
        "    held = process.start_held(['true'], env={}, home=here, cwd=here, output=log)\n"
        "pid = held.identity.pid\n"
        "print(pid, kernel.stat(pid).parent, flush=True)\n"
        "signal.pause()\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as sweep:
        assert sweep.stdout is not None
        kept, starter = map(int, sweep.stdout.readline().split())
        sweep.kill()

    assert ends(kept)
    assert ends(starter)


def test_a_keeper_shows_whose_it_is(tmp_path: Path) -> None:
    """As one that is a program of its own would: by the folder after the keeper's name."""
    folder = tmp_path / ("long-" * 40)
    folder.mkdir()
    child = held(folder, "true")

    words = kernel.arguments_of(child.identity.pid).rstrip(b"\0").split(b"\0")

    assert words == [os.fsencode(each) for each in (*keeper.SHOWN, folder)]
    assert kernel.name_of(child.identity.pid) == keeper.STARTS
    assert code(child, folder) == 0


def test_a_program_gets_no_descriptor_but_its_streams(tmp_path: Path) -> None:
    """Neither the starter's nor the keeper's: it could give orders, or hold up an end."""
    lists = "import os; print(sorted(os.listdir('/proc/self/fd')))"

    assert code(held(tmp_path, sys.executable, "-c", lists), tmp_path) == 0

    # the last is that of the list itself
    assert (tmp_path / "log").read_text() == "['0', '1', '2', '3']\n"


def test_what_cannot_be_started_is_told(tmp_path: Path) -> None:
    """A place to work in that is gone is the host's matter, too many words are the recipe's."""
    gone = tmp_path / "gone"
    with pytest.raises(HostFault, match="no process can be started: No such file or directory"):
        held(tmp_path, "true", cwd=gone)
    with pytest.raises(RecipeFault, match="true is given more than a program can be given"):
        held(tmp_path, "true", "x" * 128 * 1024)
    with pytest.raises(RecipeFault, match="true is given more than a program can be given"):
        held(tmp_path, "true", *["x" * 100_000] * 80)
    # one less is none too many
    assert code(held(tmp_path, "true", "x" * (128 * 1024 - 1)), tmp_path) == 0


def test_a_starter_that_does_not_answer_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is bounded whatever becomes of it; it was waited for without end."""
    before = held(tmp_path, "sh", "-c", "exit 5")
    stopped = starter_of(before)
    os.kill(stopped, signal.SIGSTOP)
    monkeypatch.setattr(keepers, "PATIENCE", 0.2)

    with pytest.raises(HostFault, match="no process can be started: what starts it does not"):
        held(tmp_path, "true")

    assert ends(stopped)
    monkeypatch.undo()
    after = held(tmp_path, "sh", "-c", "exit 6")
    assert (code(before, tmp_path), code(after, tmp_path)) == (5, 6)


def test_a_keeper_that_the_kernel_refuses_something_is_the_hosts_matter(tmp_path: Path) -> None:
    """What it says then is no exit code; it was taken for one, and that was a bug of ours."""
    child = held(tmp_path, "true")
    resource.prlimit(child.identity.pid, resource.RLIMIT_NOFILE, (5, 5))
    child.release()
    child.drop()
    assert ends(child.identity.pid)

    for _ in range(2):
        with pytest.raises(HostFault, match="Too many open files; raise the limit"):
            local_process.exit_code(child.identity)

    local_process.end([child.identity], tmp_path)


def test_a_fork_that_the_kernel_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the starter waits for the next order."""
    ours, its = socket.socketpair()
    said, word = os.pipe()

    def refused() -> None:
        def no_fork() -> int:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

        monkeypatch.setattr(os, "fork", no_fork)
        starter.serve(its)

    with ours, its:
        for _ in range(2):
            socket.send_fds(ours, [b"k"], [word] * starter.HANDED)
        ours.shutdown(socket.SHUT_WR)
        assert in_child(refused) == 0

    os.close(word)
    words = os.read(said, 4096)
    os.close(said)
    fault = keeper.refused(words[: len(words) // 2])
    assert words[: len(words) // 2] == words[len(words) // 2 :]
    assert fault is not None
    assert fault.errno == errno.EAGAIN


def test_a_program_without_a_name_says_so(tmp_path: Path) -> None:
    """Its log was empty."""
    assert code(held(tmp_path, ""), tmp_path) == 127
    assert "the empty name cannot be run" in (tmp_path / "log").read_text()


def test_words_that_an_app_puts_into_its_keepers_mouth_are_no_code(tmp_path: Path) -> None:
    """It may be of the same user, and reach what the keeper has open: no reason to stumble."""
    meddles = (
        "import os\n"
        "place = f'/proc/{os.getppid()}/fd/'\n"
        "pipes = [x for x in os.listdir(place) if 'pipe' in os.readlink(place + x)]\n"
        "os.write(os.open(place + pipes[0], os.O_WRONLY), b'junk')\n"
    )

    assert code(held(tmp_path, sys.executable, "-c", meddles), tmp_path) == -signal.SIGKILL


def test_a_program_begins_with_no_signal_ignored(tmp_path: Path) -> None:
    """Whoever has started us with `nohup` has not asked that of an app, nor has Python."""

    def begins() -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGRTMAX):
            signal.signal(number, signal.SIG_IGN)
        child = held(tmp_path, "grep", "^SigIgn:", "/proc/self/status")
        assert code(child, tmp_path) == 0
        ignored = int((tmp_path / "log").read_text().split()[1], 16)
        # the C library keeps two for itself and lets nobody set them: not those of our caller
        assert {n for n in signal.valid_signals() if ignored >> (n - 1) & 1} == set()

    assert in_child(begins) == 0
