"""Processes of the local engine: each is found again, and ended, by any later process.

A child is started *held*: it waits on a pipe before it becomes the program.
Only when its identity is on disk is it let go, and if we die before that, the
pipe closes and the child ends by itself.  So there is no instant at which a
program runs that no record names.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from canon_sweep import process
from canon_sweep.errors import HostFault, RecipeFault

GRACE = 5.0
# a killed process can only be late when the kernel is stuck, e.g. on a dead disk
KILL_WAIT = 10.0
RESCAN = 0.25

_HOLD = """\
import os, signal, sys
go, command = int(sys.argv[1]), sys.argv[2:]
if not os.read(go, 1):
    sys.exit(0)
os.close(go)
for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, ())
try:
    os.execvp(command[0], command)
except OSError as error:
    os.write(2, f"{command[0]} cannot be run: {error.strerror}\\n".encode("utf-8", "replace"))
os._exit(127)
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, and never another that got the same number later.

    ``start`` is in clock ticks since the boot that ``boot`` names.
    """

    pid: int
    start: int
    boot: str


@dataclass(frozen=True, slots=True)
class Held:
    """A child that waits for `release`; `drop` without it ends the child."""

    identity: Identity
    gate: int

    def release(self) -> None:
        """Let the child become its program.

        A child that somebody has killed meanwhile is noticed by who waits for it.
        """
        try:
            os.write(self.gate, b"g")
        except BrokenPipeError:
            return

    def drop(self) -> None:
        """Give up our end of the pipe; to be called exactly once."""
        os.close(self.gate)


@dataclass(frozen=True, slots=True)
class _Stat:
    state: str
    session: int
    start: int

    @property
    def runs(self) -> bool:
        return self.state not in "ZX"


# Children are the operating system process's, not one engine object's: whoever
# asks first must be able to learn the exit code.
_children: dict[Identity, subprocess.Popen[bytes]] = {}


def start_held(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, output: IO[bytes]
) -> Held:
    """Start a child that waits before it becomes ``command``.

    Raises:
        RecipeFault: the command and its environment are too long for the kernel.
        HostFault: no process can be started.
    """
    reader, gate = os.pipe()
    hold = [sys.executable, "-I", "-S", "-c", _HOLD, str(reader), *command]
    try:
        child = process.start(hold, env=env, cwd=cwd, output=output, pass_fds=[reader])
    except OSError as error:
        os.close(gate)
        if error.errno == errno.E2BIG:
            raise RecipeFault(
                f"{command[0][:80]} is given more than a program can be given"
            ) from error
        raise HostFault(f"no process can be started: {error.strerror}") from error
    finally:
        os.close(reader)
    found = _stat(child.pid)
    # it is our child and not waited for yet: its entry cannot have gone
    assert found is not None
    identity = Identity(child.pid, found.start, _boot())
    _children[identity] = child
    return Held(identity, gate)


def runs(identity: Identity) -> bool:
    """Whether exactly this process still runs."""
    found = _stat(identity.pid)
    return (
        found is not None
        and found.runs
        and found.start == identity.start
        and identity.boot == _boot()
    )


def exit_code(identity: Identity) -> int | None:
    """The exit code of an ended child, negative for a signal.

    None while it runs, and None for ever when another process started it.
    """
    child = _children.get(identity)
    return None if child is None else child.poll()


def seconds_up(identity: Identity) -> float:
    """How long ago the process was started."""
    ticks = os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - identity.start / ticks


def watch(identity: Identity) -> int | None:
    """A file descriptor that becomes readable when the process ends; None if it has.

    The caller closes it.
    """
    descriptor = _descriptor(identity.pid)
    if descriptor is not None and not runs(identity):
        os.close(descriptor)
        return None
    return descriptor


def end(identities: Iterable[Identity], home: Path, grace: float = GRACE) -> None:
    """End processes with everything in their sessions, and wait until all is gone.

    SIGTERM first, SIGKILL after ``grace`` seconds.  Processes that the dead
    leader of a session left behind are known by working in, or writing to, the
    folder ``home``.  One that left its session (a daemon) is not found.

    Raises:
        HostFault: something survived SIGKILL.
    """
    ours = tuple(identities)
    gone = _end_with(signal.SIGTERM, ours, home, grace)
    if not gone and not _end_with(signal.SIGKILL, ours, home, KILL_WAIT):
        raise HostFault(f"processes of {home.name} cannot be killed", do="look for them in `ps`")
    for identity in ours:
        child = _children.pop(identity, None)
        if child is not None:
            child.wait()


def _end_with(number: signal.Signals, ours: Sequence[Identity], home: Path, bound: float) -> bool:
    deadline = time.monotonic() + bound
    told: set[int] = set()
    while True:
        with ExitStack() as open_until:
            poller = select.poll()
            watched = list(_watched(ours, home, open_until))
            for pid, descriptor in watched:
                poller.register(descriptor, select.POLLIN)
                if pid not in told:
                    _tell(descriptor, number)
                    told.add(pid)
            left = deadline - time.monotonic()
            if not watched or left <= 0:
                return not watched
            # the bound finds what was forked between the look and the signal
            poller.poll(min(left, RESCAN) * 1000)


def _watched(
    ours: Sequence[Identity], home: Path, open_until: ExitStack
) -> Iterator[tuple[int, int]]:
    for identity in ours:
        for pid in members(identity, home):
            descriptor = _descriptor(pid)
            if descriptor is None:
                continue
            open_until.callback(os.close, descriptor)
            found = _stat(pid)
            # the descriptor is of whoever had the number when it was opened
            if found is not None and found.session == identity.pid:
                yield pid, descriptor


def members(identity: Identity, home: Path) -> list[int]:
    """Process numbers of what runs in the session that this process leads or led."""
    if identity.boot != _boot():
        return []
    leader = _stat(identity.pid)
    if leader is not None and leader.start != identity.start:
        # the kernel gives a number away again only when its session is empty
        return []
    found = [pid for pid in _pids() if _in_session(pid, identity.pid)]
    return found if leader is not None else [pid for pid in found if _is_at_home(pid, home)]


def _pids() -> Iterator[int]:
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            yield int(entry.name)


def _in_session(pid: int, session: int) -> bool:
    found = _stat(pid)
    return found is not None and found.runs and found.session == session


def _is_at_home(pid: int, home: Path) -> bool:
    for link in ("cwd", "fd/1", "fd/2"):
        try:
            place = Path(f"/proc/{pid}/{link}").readlink()
        except OSError:
            continue
        if place.is_relative_to(home):
            return True
    return False


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # the program's name stands in parentheses and may hold anything, ')' too
    fields = text[text.rindex(")") + 1 :].split()
    return _Stat(state=fields[0], session=int(fields[3]), start=int(fields[19]))


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def _descriptor(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _tell(descriptor: int, number: signal.Signals) -> None:
    try:
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return
