"""A program in a session of its own, heard until it ends, with all that it has started.

Whatever leaves its process group, or its session, is found all the same: meanwhile the
kernel makes what loses its parent a child of ours.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import termios
import time
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fcntl import ioctl
from pathlib import Path

import msgspec

from canon_sweep import interrupt, process
from canon_sweep.core import denial
from canon_sweep.engine.local import kernel
from canon_sweep.errors import HostFault
from canon_sweep.harness.remains import GONE, killed, named

_PR_SET_CHILD_SUBREAPER = 36
# seconds between two looks for what has ended without anybody to notice
_LOOK = 5.0
# seconds in which what is said may wait to be heard
_HEAR = 0.2
_ROWS, _COLUMNS = 24, 120


class Program(msgspec.Struct, frozen=True):
    """What is run; ``timeout`` and ``stop_time`` are in seconds.

    ``stop_time`` is how long it has to end once it was told to.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    timeout: float
    stop_time: float
    terminal: bool = False


class Ended(msgspec.Struct, frozen=True):
    """How it ended: the exit code, negative for a signal; ``late`` is whether we ended it.

    ``left`` are the programs that it left running and that were killed, ``alive`` those
    that could not be.
    """

    code: int
    late: bool
    left: tuple[str, ...]
    alive: tuple[str, ...]


def follow(program: Program, hear: Callable[[bytes], None]) -> Ended:
    """Run a program to its end, and end what it left; ``hear`` gets what it says as it comes.

    Raises:
        HostFault: it cannot be run.
    """
    own = _children()
    # a signal that came between the fork and its name would leave it running
    with _adopting(), interrupt.Deferred() as deferred:
        child, output = _started(program)
        left: list[str] = []
        ended = False
        try:
            with interrupt.Lifted(deferred):
                ended = _listen(child, output, program.timeout, hear, own)
        finally:
            # also when we are interrupted: what we started does not outlive us
            try:
                if not ended:
                    _ask_to_end(child, program.stop_time, output, hear, own)
            finally:
                # its leader is waited for last: until then nobody else can get its number
                alive = _end_all(child.pid, own, left)
                code, stays = _waited_for(child)
                os.close(output)
    return Ended(code, not ended, tuple(left), (*alive, *stays))


def _started(program: Program) -> tuple[process.Child, int]:
    """The program, and where it is heard."""
    ours, theirs = _two_ends(program)
    try:
        with os.fdopen(theirs, "r+b" if program.terminal else "wb", buffering=0) as end:
            if program.terminal:
                # without echo, and without a carriage return at each line
                tty.setraw(theirs)
                ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
            child = process.start(
                program.command,
                env=program.env,
                cwd=program.cwd,
                output=end,
                stdin=end if program.terminal else None,
            )
    except OSError as error:
        os.close(ours)
        what = f"{program.command[0]} cannot be run: {error.strerror}"
        raise HostFault(what, do=denial.remedy(error.errno)) from error
    return child, ours


def _two_ends(program: Program) -> tuple[int, int]:
    try:
        return os.openpty() if program.terminal else os.pipe()
    except OSError as error:
        what = f"the harness cannot be heard: {error.strerror}"
        raise HostFault(what, do=denial.remedy(error.errno)) from error


def _listen(
    child: process.Child,
    output: int,
    seconds: float,
    hear: Callable[[bytes], None],
    own: frozenset[int],
) -> bool:
    """As `process.listen`; what has ended below it meanwhile is waited for."""

    def reap() -> None:
        _reap(_children() - own - {child.pid})

    return process.listen(child, output, seconds, hear, look=_LOOK, idle=reap)


def _ask_to_end(
    child: process.Child,
    seconds: float,
    output: int,
    hear: Callable[[bytes], None],
    own: frozenset[int],
) -> None:
    """Tell a child's process group to end, and wait for all of it; what it says is heard.

    Its leader may be a wrapper that is gone at once, and what takes down is below it.
    """
    deadline = time.monotonic() + seconds
    _tell_group(child.pid, signal.SIGTERM)
    with suppress(OSError):
        _listen(child, output, seconds, hear, own)
    while (left := deadline - time.monotonic()) > 0 and (rest := _of_group(child.pid, own)):
        with suppress(ProcessLookupError):
            process.await_end(os.pidfd_open(rest[0]), min(left, _HEAR))
        process.drain(output, hear)


def _of_group(leader: int, own: frozenset[int]) -> list[int]:
    """What runs in a leader's process group, without itself."""
    found = []
    for each in _of_session(leader, own):
        with suppress(ProcessLookupError):
            if each.runs and os.getpgid(each.pid) == leader:
                found.append(each.pid)
    return found


def _tell_group(leader: int, number: signal.Signals) -> None:
    # what has become another user's is not ours to tell
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _waited_for(child: process.Child) -> tuple[int, tuple[str, ...]]:
    """A child's exit code; with its name, if it was killed and is there all the same."""
    process.await_end(os.pidfd_open(child.pid), GONE)
    code = child.poll()
    return (-signal.SIGKILL, (named(child.pid),)) if code is None else (code, ())


@contextmanager
def _adopting() -> Iterator[None]:
    """While this is entered, what loses its parent below us becomes our child."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _children() -> frozenset[int]:
    me = os.getpid()
    return frozenset(pid for pid, each in kernel.everybody().items() if each.parent == me)


def _end_all(session: int, own: frozenset[int], left: list[str]) -> tuple[str, ...]:
    """Kill whatever a session's leader has left, and say of each what it is in ``left``.

    Gives those that are still there after a while: another user's, or held by the kernel.
    """

    def reap() -> None:
        _reap(_children() - own - {session})

    left += [named(each.pid) for each in _of_session(session, own) if each.runs]
    _tell_group(session, signal.SIGKILL)
    return killed(lambda: _of_session(session, own), reap, left)


def _of_session(session: int, own: frozenset[int]) -> list[kernel.Stat]:
    """What a session's leader started, without itself."""
    table = kernel.everybody()
    me = os.getpid()
    # what was ours before is none of it, with all that it has started
    strangers = {pid: each for pid, each in table.items() if pid not in own}
    below = {each.pid: each for each in kernel.descendants(me, strangers)}
    below |= {pid: each for pid, each in strangers.items() if each.session == session}
    return [each for pid, each in below.items() if pid not in (session, me)]


def _reap(pids: frozenset[int]) -> None:
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
