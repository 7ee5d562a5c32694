"""A process of our own code: what is said to it, and that it ends."""

from __future__ import annotations

import os
import resource
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from canon_sweep import forked, interrupt
from canon_sweep.errors import HostFault


def echo(line: socket.socket) -> None:
    """Say everything again."""
    for message in forked.messages(line):
        forked.say(line, message)


def heard(child: forked.Child) -> bytes:
    """The next message."""
    while True:
        said = child.hear()
        assert said is not None, "it has ended"
        for message in said:
            return message


@pytest.mark.parametrize("size", [0, 1, 300_000, 5_000_000])
def test_a_message_arrives_whole(size: int) -> None:
    """However long it is, and in however many parts it comes."""
    child = forked.forked(echo)
    message = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    child.say(message)

    assert heard(child) == message
    assert os.waitstatus_to_exitcode(child.end(5.0)) == 0


def test_whoever_ends_the_group_does_not_end_it() -> None:
    """Its parent knows what to do about it."""
    child = forked.forked(echo)
    child.say(b"there")
    assert heard(child) == b"there"

    for number in interrupt.SIGNALS:
        os.kill(child.pid, number)
    child.say(b"still there")

    assert heard(child) == b"still there"
    child.end()


def test_it_has_nothing_of_its_parents_but_memory(tmp_path: Path) -> None:
    """A lock that the parent holds is not held by it as well."""

    def tell(line: socket.socket) -> None:
        found = []
        for number in range(1000):
            with suppress(OSError):
                found.append(str(Path(f"/proc/self/fd/{number}").readlink()))
        forked.say(line, "\n".join(found).encode())

    with (tmp_path / "lock").open("w"):
        child = forked.forked(tell)
        *others, own = sorted(heard(child).decode().split("\n"))

    assert others == [os.devnull] * 3
    assert own.startswith("socket:")
    child.end()


def test_a_mistake_of_its_own_is_an_end() -> None:
    """And nothing is printed; the parent goes on."""

    def fail(_line: socket.socket) -> None:
        raise RuntimeError("no")

    child = forked.forked(fail)

    assert child.hear() is None
    assert os.waitstatus_to_exitcode(child.end(5.0)) == 1


def test_it_has_only_so_much_memory() -> None:
    """What a server sends it does not take the host's."""

    def take(line: socket.socket) -> None:
        try:
            forked.say(line, b"all of it" if bytearray(200_000_000) else b"")
        except MemoryError:
            forked.say(line, b"not that much")

    child = forked.forked(take, most_memory=100_000_000)

    assert heard(child) == b"not that much"
    child.end()


def test_a_child_that_hangs_is_killed() -> None:
    """Whoever has it does not wait for it."""
    child = forked.forked(lambda _line: signal.pause())

    assert os.waitstatus_to_exitcode(child.end()) == -signal.SIGKILL


def test_no_file_left_for_a_line_is_the_hosts_fault() -> None:
    """As no process left is: whoever wanted one may do without."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    try:
        with pytest.raises(HostFault, match="no process can be started: Too many open files"):
            forked.forked(echo)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
