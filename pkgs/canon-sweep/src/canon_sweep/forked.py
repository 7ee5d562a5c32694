"""A process of our own code, forked: it ends with its parent, and says nothing to anybody else.

What hangs in a library that cannot be interrupted is ended with its process, and what is the
process's own (a time-out, a home folder, a limit) is not another's.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from canon_sweep import interrupt
from canon_sweep.core import denial
from canon_sweep.errors import HostFault
from canon_sweep.process import await_end

_PR_SET_PDEATHSIG = 1
# found before there is a child: looking for it takes a lock that another thread may have held
_prctl = ctypes.CDLL(None).prctl
_LENGTH = 4
# bytes; of what is larger the allocator makes a mapping of its own each time, for a line of few
_CHUNK = 64 * 1024
Work = Callable[[socket.socket], None]


class Child(msgspec.Struct):
    """A forked process, and the line on which it is spoken to.

    ``heard`` is what came of a message that is not whole yet.
    """

    pid: int
    line: socket.socket
    heard: bytearray = msgspec.field(default_factory=bytearray)

    def say(self, message: bytes) -> None:
        """Send a message.

        Raises:
            OSError: it has ended.
        """
        say(self.line, message)

    def hear(self) -> Iterator[bytes] | None:
        """Read what there is, at least a part; the messages that are whole now, None at its end."""
        try:
            part = self.line.recv(_CHUNK)
        except ConnectionError:
            part = b""
        if not part:
            return None
        self.heard += part
        return _whole(self.heard)

    def end(self, patience: float = 0.0) -> int:
        """Close the line, and kill it unless it ends within so many seconds; its exit status."""
        self.line.close()
        if patience:
            await_end(os.pidfd_open(self.pid), patience)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        # until then nobody else can get its number
        return os.waitpid(self.pid, 0)[1]


def forked(work: Work, *, most_memory: int | None = None) -> Child:
    """Let a process do ``work`` on its end of a line; it ends when that returns, or this thread.

    Nothing else is shared with it from then on: no open file, no signal that somebody sends to
    our group.  It has what we have in memory, so no other thread should hold a lock now.
    ``most_memory`` is in bytes, more than it has at the beginning.

    Raises:
        HostFault: there is no process to be had.
    """
    try:
        ours, theirs = socket.socketpair()
    except OSError as error:
        raise _none_to_be_had(error) from error
    parent = os.getpid()
    with interrupt.Deferred():
        try:
            pid = os.fork()
        except OSError as error:
            ours.close()
            theirs.close()
            raise _none_to_be_had(error) from error
        if pid == 0:
            _be_child(work, theirs, parent, most_memory)
        theirs.close()
        return Child(pid, ours)


def _none_to_be_had(error: OSError) -> HostFault:
    what = f"no process can be started: {error.strerror}"
    return HostFault(what, do=denial.remedy(error.errno))


def say(line: socket.socket, message: bytes) -> None:
    """Send one message."""
    line.sendall(framed(message))


def framed(message: bytes) -> bytes:
    """A message as it is sent."""
    return len(message).to_bytes(_LENGTH, "big") + message


def messages(line: socket.socket) -> Iterator[bytes]:
    """Every message that comes, until the other end is closed."""
    heard = bytearray()
    while part := line.recv(_CHUNK):
        heard += part
        yield from _whole(heard)


def _whole(heard: bytearray) -> Iterator[bytes]:
    """Take the messages that are whole out of what was heard."""
    found = []
    begin = 0
    while len(heard) >= begin + _LENGTH:
        end = begin + _LENGTH + int.from_bytes(heard[begin : begin + _LENGTH], "big")
        if len(heard) < end:
            break
        found.append(bytes(heard[begin + _LENGTH : end]))
        begin = end
    del heard[:begin]
    return iter(found)


def _be_child(work: Work, line: socket.socket, parent: int, most_memory: int | None) -> None:
    """Never returns: whatever is above us on the stack is the parent's."""
    code = 1
    try:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # it died before we could say so
        for number in (*interrupt.SIGNALS, signal.SIGUSR1):
            # who ends the group ends our parent, who knows what to do about us
            signal.signal(number, signal.SIG_IGN)
        _close_all_but(line.fileno())
        if most_memory is not None:
            _limit(most_memory)
        # what is never looked at for garbage is never written to, and stays our parent's
        gc.freeze()
        work(line)
        code = 0
    finally:
        os._exit(code)


def _close_all_but(kept: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))


def _limit(most: int) -> None:
    pages = int(open("/proc/self/statm").read().split()[0])  # noqa: SIM115, PTH123
    wanted = pages * resource.getpagesize() + most
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
