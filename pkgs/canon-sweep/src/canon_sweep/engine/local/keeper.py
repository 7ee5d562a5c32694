"""Keeps a program of the local engine, with all that it starts, in one hand.

It becomes what the first process is to a container: whatever the program's children do
to get away (a session of their own, a double fork), the kernel hands them to the keeper,
and the keeper ends only after the last of them.

A keeper is forked by the starter (see `starter`), and has two pipes of whoever ordered
it.  Through the one it says that it is there, and at its end the program's exit code;
on the other it waits for a byte before it starts anything.  SIGTERM to it, or the
program's end, ends everything: SIGTERM first, SIGKILL after the grace.

What the program says goes through a pipe to a scribe, a child of the keeper's: it keeps
the end of it in the file that is the keeper's stdout, which stays small.

Each process under it has ``MARK`` in its environment, by which those are found whose
keeper was killed; it itself is found by the stack's folder among its arguments (see
`show`), which nobody can take away.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from typing import NamedTuple

from canon_sweep.engine.local import kernel

# what its arguments begin with, as if it were a program; the stack's folder comes next
SHOWN = (sys.executable, "-I", "-S", __file__)
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

# the starter's forks have these from it: to make them takes as long as a fork
_PRCTL = ctypes.CDLL(None, use_errno=True).prctl
# Python's own, and what the starter was started with
_NOT_DEFAULT = tuple(
    each for each in signal.valid_signals() if signal.getsignal(each) is not signal.SIG_DFL
)

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
# where the first and the last byte of the arguments are, among the fields from the state on
_ARGUMENTS_FROM, _ARGUMENTS_TO = 45, 46

_RESCAN = 0.02
# a program as a rule leaves nobody but the scribe, and that ends at once
_SCRIBE = 0.005
_ORDERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_AWAITED = (signal.SIGCHLD, *_ORDERS)
_NOT_STARTED = 127
_CHUNK = 64 * 1024
# for the scribe after everybody else has ended; a stranger may have an end of its pipe
_DRAIN = 2.0
# what the word begins with when it says what the kernel has refused
_REFUSED = b"!"


class Order(NamedTuple):
    """A program to keep, for the stack of the folder ``home``.

    What it leaves running has ``grace`` seconds to end after it.  ``limits`` are the
    soft and hard ones of whoever orders it, by the kernel's number of the resource.
    """

    command: list[str]
    environment: dict[str, str]
    home: str
    cwd: str
    grace: float
    limits: dict[int, tuple[int, int]]


def refuse(word: int, error: OSError | MemoryError) -> None:
    """Say what the kernel has refused, in place of a process or an exit code."""
    number = error.errno if isinstance(error, OSError) else errno.ENOMEM
    why = os.strerror(number) if number else str(error)
    os.write(word, b"%s%d %s" % (_REFUSED, number or 0, why.encode()))


def refused(word: bytes) -> OSError | None:
    """What the kernel has refused, if that is what this word says."""
    number, _, why = word.removeprefix(_REFUSED).partition(b" ")
    if not word.startswith(_REFUSED) or not number.isdigit():
        return None
    return OSError(int(number), why.decode("utf-8", "replace"))


def mark_of(pid: int, start: int, boot_id: str, home: str) -> str:
    """What the environment of everything under this keeper says."""
    return f"{boot_id}/{pid}/{start}{home}"


def mark_in(pid: int) -> bytes | None:
    """What a process's environment says of the keeper that it was started under, if it does."""
    start = f"{MARK}=".encode()
    environment = kernel.environment_of(pid)
    if start not in environment:
        return None
    variables = environment.split(b"\0")
    return next((each.removeprefix(start) for each in variables if each.startswith(start)), None)


def keep(order: Order, gate: int, word: int) -> None:
    """Say that we are there, wait at the gate, keep the program, and say how it ended.

    Raises:
        OSError: there is no such place to work in, or the kernel refuses something.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(order.cwd)
    for number, limit in order.limits.items():
        resource.setrlimit(number, limit)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _prctl(_PR_SET_NAME, STARTS.encode())
    own = kernel.stat(os.getpid())
    assert own is not None
    os.write(word, b"%d %d" % (own.pid, own.start))
    if not os.read(gate, 1):
        return
    os.close(gate)
    said, output = os.pipe()
    scribe = os.fork()
    if scribe == 0:
        os.close(output)
        # our end of it would hide from its reader that the keeper has ended
        os.close(word)
        _write_down(said)
    os.close(said)
    mark = {MARK: mark_of(own.pid, own.start, kernel.boot(), order.home)}
    leader = _start(order.command, order.environment | mark, output, own.pid)
    code = _until_all_ended(leader, scribe, order.grace)
    os.write(word, b"%d" % code)


def show(arguments: list[str]) -> None:
    """Have the kernel tell these as our arguments.

    Raises:
        OSError: those that we were started with have left too little room.
    """
    with open("/proc/self/stat", "rb") as file:  # noqa: PTH123  # without what a path imports
        fields = kernel.fields_of(file.read())
    first, last = int(fields[_ARGUMENTS_FROM]), int(fields[_ARGUMENTS_TO])
    words = b"".join(os.fsencode(each) + b"\0" for each in arguments)
    if len(words) > last - first:
        raise OSError(f"no room for {arguments[-1]} among the arguments")
    ctypes.memmove(first, words.ljust(last - first, b"\0"), last - first)


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


def _start(command: list[str], environment: dict[str, str], output: int, keeper: int) -> int:
    # both ends close when a program begins: the kernel tells us by the end of the pipe
    reader, writer = os.pipe()
    leader = os.fork()
    if leader == 0:
        os.dup2(output, 1)
        os.dup2(output, 2)
        _become(command, environment, keeper)
    os.close(output)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    _prctl(_PR_SET_NAME, KEEPS.encode())
    return leader


def _become(command: list[str], environment: dict[str, str], keeper: int) -> None:
    """The child's part; it does not return."""
    try:
        # a program that signals its group (`kill 0`) must not hit the keeper
        os.setpgid(0, 0)
        # without its keeper a program would run unwatched
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == keeper:
            for number in _NOT_DEFAULT:
                with suppress(OSError, ValueError):
                    signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            # that is its task, and no shell reads it
            os.execvpe(command[0], command, environment)  # noqa: S606
    except (OSError, ValueError) as error:
        # an empty name is none of the kernel's errors
        why = error.strerror if isinstance(error, OSError) else error
        said = f"{command[0] or 'the empty name'} cannot be run: {why}\n"
        os.write(2, said.encode("utf-8", "replace"))
    finally:
        os._exit(_NOT_STARTED)


def _until_all_ended(leader: int, scribe: int, grace: float) -> int:
    code: int | None = None
    kill_at: float | None = None
    told: set[tuple[int, int]] = set()
    while True:
        before = code
        ended, code = _reap(leader, code)
        if ended:
            return _NOT_STARTED if code is None else code
        if code is not None and before is None:
            _prctl(_PR_SET_NAME, ENDS.encode())
            kill_at = time.monotonic() + grace if kill_at is None else kill_at
            # where nobody else is left there is no need to look for them
            if signal.sigtimedwait(_AWAITED, _SCRIBE) is not None:
                continue
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
    below = [
        each for each in kernel.descendants(os.getpid(), kernel.everybody()) if each.pid != scribe
    ]
    for each in below:
        if kill:
            kernel.tell(each, signal.SIGKILL)
        elif (each.pid, each.start) not in told:
            kernel.tell(each, signal.SIGTERM)
            told.add((each.pid, each.start))
    return any(each.runs for each in below)


def _prctl(option: int, value: int | bytes) -> None:
    argument = ctypes.c_char_p(value) if isinstance(value, bytes) else ctypes.c_ulong(value)
    rest = (ctypes.c_ulong(0),) * 3
    if _PRCTL(ctypes.c_int(option), argument, *rest) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
