"""Keeps a program of the local engine, with all that it starts, in one hand.

Run as a program of its own, with little but what Python has built in: every service
waits for it to start.  It becomes what
the first process is to a container: whatever the program's children do to get away
(a session of their own, a double fork), the kernel hands them to the keeper, and the
keeper ends only after the last of them, with the program's own exit code.

    keeper.py HOME GATE GRACE COMMAND...

HOME is the folder of the stack that it keeps the program for.  It waits for a byte on
the descriptor GATE before it starts anything.  SIGTERM to it, or the program's end,
ends everything: SIGTERM first, SIGKILL after GRACE seconds.

What the program says goes through a pipe to a scribe, a child of the keeper's: it keeps
the end of it in the file that is the keeper's stdout, which stays small.

Each process under it has ``MARK`` in its environment, by which those are found whose
keeper was killed; it itself is found by HOME among its arguments, which nobody can take away.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

MARK = "CANON_SWEEP_KEEPER"
# the name that the keeper has in /proc/<pid>/comm before its program has begun
STARTS = "canon-starter"
# while its program runs
KEEPS = "canon-keeper"
# and while it ends what the program has left behind
ENDS = "canon-ender"
# and the one that writes down what is said
WRITES = "canon-scribe"
# the bytes that are kept of what a program said; for a while it may be twice as many
MOST_SAID = 1024 * 1024

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

_RESCAN = 0.02
_ORDERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_AWAITED = (signal.SIGCHLD, *_ORDERS)
_NOT_STARTED = 127
_CHUNK = 64 * 1024
# for the scribe after everybody else has ended; a stranger may have an end of its pipe
_DRAIN = 2.0


class Stat:
    """A line of the kernel's table; ``start`` is in clock ticks since the boot."""

    __slots__ = ("parent", "pid", "session", "start", "state")

    def __init__(self, pid: int, text: str) -> None:
        # the program's name stands in parentheses and may hold anything, ')' too
        fields = text[text.rindex(")") + 1 :].split()
        self.pid = pid
        self.state = fields[0]
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.start = int(fields[19])

    @property
    def runs(self) -> bool:
        """Whether it has not ended; one that has may still wait to be noticed."""
        return self.state not in "ZX"


def stat(pid: int) -> Stat | None:
    """What the kernel says of a process, or None where there is none of that number."""
    text = _text(f"/proc/{pid}/stat")
    return Stat(pid, text) if text else None


def everybody() -> dict[int, Stat]:
    """Every process of the host, by its number."""
    with os.scandir("/proc") as entries:
        found = [stat(int(entry.name)) for entry in entries if entry.name.isdecimal()]
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
    return (_text(f"/proc/{pid}/comm") or "").rstrip("\n")


def boot() -> str:
    """The name of the time since the last boot."""
    return (_text("/proc/sys/kernel/random/boot_id") or "").strip()


def _text(path: str) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, ProcessLookupError):
        return None
    try:
        return os.read(descriptor, 8192).decode("utf-8", "replace")
    except ProcessLookupError:
        return None
    finally:
        os.close(descriptor)


def mark_of(pid: int, start: int, boot_id: str, home: str) -> str:
    """What the environment of everything under this keeper says."""
    return f"{boot_id}/{pid}/{start}{home}"


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


def main(arguments: Sequence[str]) -> int:
    """Keep a command; the exit code of it, or minus the signal that killed it."""
    home, gate, grace, *command = arguments
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _prctl(_PR_SET_NAME, STARTS.encode())
    if not os.read(int(gate), 1):
        return 0
    os.close(int(gate))
    said, output = os.pipe()
    scribe = os.fork()
    if scribe == 0:
        os.close(output)
        _write_down(said)
    os.close(said)
    leader = _start(command, home, output)
    return _until_all_ended(leader, scribe, float(grace))


def _write_down(said: int) -> None:
    """The scribe's part, until nobody can say anything any more; it does not return."""
    try:
        _prctl(_PR_SET_NAME, WRITES.encode())
        # what earlier starts said stays before it
        start = os.fstat(1).st_size
        kept = bytearray()
        while part := os.read(said, _CHUNK):
            kept += part
            if len(kept) <= 2 * MOST_SAID:
                _add(part)
                continue
            del kept[:-MOST_SAID]
            with suppress(OSError):
                os.ftruncate(1, start)
                os.lseek(1, start, os.SEEK_SET)
            _add(kept)
    finally:
        os._exit(0)


def _add(text: bytes | bytearray) -> None:
    # a full disk costs words: whoever says them must not wait for ever
    with suppress(OSError), memoryview(text) as left:
        done = 0
        while done < len(left):
            done += os.write(1, left[done:])


def _start(command: list[str], home: str, output: int) -> int:
    keeper = os.getpid()
    own = stat(keeper)
    assert own is not None
    os.environ[MARK] = mark_of(keeper, own.start, boot(), home)
    # both ends close when a program begins: the kernel tells us by the end of the pipe
    reader, writer = os.pipe()
    leader = os.fork()
    if leader == 0:
        os.dup2(output, 1)
        os.dup2(output, 2)
        _become(command, keeper)
    os.close(output)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    _prctl(_PR_SET_NAME, KEEPS.encode())
    return leader


def _become(command: list[str], keeper: int) -> None:
    """The child's part; it does not return."""
    try:
        # a program that signals its group (`kill 0`) must not hit the keeper
        os.setpgid(0, 0)
        # without its keeper a program would run unwatched
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == keeper:
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                with suppress(OSError, ValueError):
                    signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.execvp(command[0], command)  # noqa: S606  # that is its task, and no shell reads it
    except OSError as error:
        said = f"{command[0]} cannot be run: {error.strerror}\n"
        os.write(2, said.encode("utf-8", "replace"))
    finally:
        os._exit(_NOT_STARTED)


def _until_all_ended(leader: int, scribe: int, grace: float) -> int:
    code: int | None = None
    kill_at: float | None = None
    told: set[tuple[int, int]] = set()
    while True:
        ended, code = _reap(leader, code)
        if ended:
            return _NOT_STARTED if code is None else code
        if code is not None and kill_at is None:
            _prctl(_PR_SET_NAME, ENDS.encode())
            kill_at = time.monotonic() + grace
        if kill_at is not None:
            now = time.monotonic()
            if not _end_all(told, scribe, kill=now >= kill_at) and now >= kill_at + _DRAIN:
                _end_all(told, 0, kill=True)
        awaited = signal.sigtimedwait(_AWAITED, 60 if kill_at is None else _RESCAN)
        if awaited is not None and awaited.si_signo in _ORDERS and kill_at is None:
            kill_at = time.monotonic() + grace


def _reap(leader: int, code: int | None) -> tuple[bool, int | None]:
    """Whether no child is left, and the leader's exit code once it is known."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True, code
        if pid == 0:
            return False, code
        if pid == leader:
            code = os.waitstatus_to_exitcode(status)


def _end_all(told: set[tuple[int, int]], scribe: int, *, kill: bool) -> bool:
    """SIGTERM once, or SIGKILL, to all that is below us now but the scribe; False if nobody is."""
    below = [each for each in descendants(os.getpid(), everybody()) if each.pid != scribe]
    for each in below:
        if kill:
            tell(each, signal.SIGKILL)
        elif (each.pid, each.start) not in told:
            tell(each, signal.SIGTERM)
            told.add((each.pid, each.start))
    return any(each.runs for each in below)


def _prctl(option: int, value: int | bytes) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    argument = ctypes.c_char_p(value) if isinstance(value, bytes) else ctypes.c_ulong(value)
    rest = (ctypes.c_ulong(0),) * 3
    if libc.prctl(ctypes.c_int(option), argument, *rest) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _end_as(code: int) -> None:
    """End the way the program did, so that whoever waits for us sees its signal."""
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = signal.Signals(-code)
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.kill(os.getpid(), number)
    os._exit(code & 0xFF)


if __name__ == "__main__":
    _end_as(main(sys.argv[1:]))
