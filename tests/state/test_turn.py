"""The run's lock, and those who wait for their turn."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from canon_sweep.errors import DeferredFault
from canon_sweep.state import lock

QUEUES = """
import sys
from pathlib import Path
from canon_sweep.state import lock
def say(_):
    print("queues", flush=True)
with lock.held(Path(sys.argv[1]), 60, say):
    print("has it", flush=True)
    sys.stdin.readline()
print("is done", flush=True)
"""


@contextmanager
def queueing(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that waits for the lock, and keeps it until it is told something."""
    command = [sys.executable, "-c", QUEUES, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "queues\n"
        yield child


def test_who_queues_has_his_turn_and_then_it_is_ours_again(tmp_path: Path) -> None:
    """However many they are: each of them, one after another."""
    path = tmp_path / "lock"
    told: list[str] = []
    with lock.held(path) as turn, queueing(path) as first, queueing(path) as second:
        for each in (first, second):
            assert each.stdin is not None
            each.stdin.write("go on\n")
            each.stdin.flush()
        _until_queued(path, 2)

        assert turn.let_in(lambda: 60.0, told.append)

        for each in (first, second):
            assert each.stdout is not None
            assert each.stdout.read() == "has it\nis done\n"
        with pytest.raises(DeferredFault), lock.held(path):
            pass
    assert len(told) == 1


def test_nobody_who_queues_costs_nothing(tmp_path: Path) -> None:
    """The lock is never let go of, and nothing is said."""
    told: list[str] = []
    with lock.held(tmp_path / "lock") as turn:
        assert turn.let_in(lambda: 60.0, told.append)
    assert told == []


def test_a_turn_that_lasts_too_long_is_not_ours_any_more(tmp_path: Path) -> None:
    """Whoever has no time left is told so, and does nothing that needs it."""
    path = tmp_path / "lock"
    with lock.held(path) as turn, queueing(path) as other:
        _until_queued(path, 1)
        ends = iter([1.0] * 20)

        assert not turn.let_in(lambda: next(ends, 0.0), lambda _: None)

        assert not turn.is_ours
        assert other.stdin is not None
        other.stdin.write("go on\n")


def test_who_queues_for_too_long_is_deferred(tmp_path: Path) -> None:
    """As whoever does not queue is at once."""
    path = tmp_path / "lock"
    with lock.held(path), pytest.raises(DeferredFault), lock.held(path, 0.2):
        pass


def _until_queued(path: Path, count: int) -> None:
    """Wait until so many are in the queue, as the kernel lists them."""
    inode = path.with_name("lock.queue").stat().st_ino
    end = time.monotonic() + 20
    while Path("/proc/locks").read_text().count(f":{inode} ") < count:
        assert time.monotonic() < end
        time.sleep(0.01)  # nobody tells of a lock that is taken
