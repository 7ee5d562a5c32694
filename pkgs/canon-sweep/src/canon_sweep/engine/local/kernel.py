"""What the kernel says of the host's processes, and how exactly one of them is told something.

The starter has it too, which has little but what Python has built in.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

_CHUNK = 64 * 1024
_PF_KTHREAD = 0x00200000
# all others of the kernel's threads are its children
_FIRST_THREAD = 2


class Stat:
    """A line of the kernel's table; ``start`` is in clock ticks since the boot.

    ``is_program`` is false for the kernel's own threads.
    """

    __slots__ = ("is_program", "parent", "pid", "session", "start", "state")

    def __init__(self, pid: int, line: bytes) -> None:
        fields = fields_of(line)
        self.pid = pid
        self.state = fields[0]
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.is_program = not int(fields[6]) & _PF_KTHREAD
        self.start = int(fields[19])

    @property
    def runs(self) -> bool:
        """Whether it has not ended; one that has may still wait to be noticed."""
        return self.state not in (b"Z", b"X")


def fields_of(line: bytes) -> list[bytes]:
    """The fields of a line of the table, from the third on: the state."""
    # the program's name stands in parentheses and may hold anything, ')' too
    return line[line.rindex(b")") + 1 :].split()


def stat(pid: int) -> Stat | None:
    """What the kernel says of a process, or None where there is none of that number."""
    line = _content(f"/proc/{pid}/stat")
    return Stat(pid, line) if line else None


def numbers() -> list[int]:
    """The number of every process of the host; as a rule without the kernel's own threads."""
    threads = _threads()
    # a name is enough, and there are many
    names = os.listdir("/proc")  # noqa: PTH208
    return [int(name) for name in names if name.isdecimal() and name not in threads]


def _threads() -> frozenset[str]:
    """The numbers of the kernel's own threads, if it tells them at once; some may be left out.

    They are half of an idle host's processes, and to look at each takes as long.
    """
    first = stat(_FIRST_THREAD)
    if first is None or first.is_program:
        # in a container it is anybody, and his children are programs
        return frozenset()
    others = _content(f"/proc/{_FIRST_THREAD}/task/{_FIRST_THREAD}/children").decode("ascii")
    return frozenset((str(_FIRST_THREAD), *others.split()))


def everybody() -> dict[int, Stat]:
    """Every process of the host, by its number; as a rule without the kernel's own threads."""
    found = map(stat, numbers())
    return {each.pid: each for each in found if each is not None}


def descendants(ancestor: int, table: dict[int, Stat]) -> Iterator[Stat]:
    """The children of a process, their children, and so on."""
    children: dict[int, list[Stat]] = {}
    for each in table.values():
        children.setdefault(each.parent, []).append(each)
    front = [ancestor]
    while front:
        for child in children.get(front.pop(), ()):
            front.append(child.pid)
            yield child


def name_of(pid: int) -> str:
    """The name that a process goes by; empty where there is none of that number."""
    return _content(f"/proc/{pid}/comm").decode("utf-8", "replace").rstrip("\n")


def arguments_of(pid: int) -> bytes:
    """What a process was started with, a NUL after each word; empty if that is not to be read."""
    return _if_ours(f"/proc/{pid}/cmdline")


def environment_of(pid: int) -> bytes:
    """The variables that a process was started with, as `arguments_of` has its words."""
    return _if_ours(f"/proc/{pid}/environ")


def boot() -> str:
    """The name of the time since the last boot."""
    return _content("/proc/sys/kernel/random/boot_id").decode("ascii").strip()


def _content(path: str) -> bytes:
    """All that a file of the kernel's holds; nothing, where its process has ended."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        return b""
    try:
        content = part = os.read(descriptor, _CHUNK)
        # such a file is made while it is read: less than there is room for is all
        while len(part) == _CHUNK:
            part = os.read(descriptor, _CHUNK)
            content += part
    except ProcessLookupError:
        return b""
    finally:
        os.close(descriptor)
    return content


def _if_ours(path: str) -> bytes:
    try:
        return _content(path)
    except OSError:  # another's
        return b""


def tell(process: Stat, number: signal.Signals) -> None:
    """Send a signal to exactly this process, and never to the next of its number."""
    with suppress(ProcessLookupError, PermissionError):
        descriptor = os.pidfd_open(process.pid)
        try:
            # the descriptor is of whoever had the number when it was opened
            now = stat(process.pid)
            if now is not None and now.start == process.start:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)
