"""Processes of the local engine: each is found again, and ended, by any later process.

A program runs under a keeper (see `keeper`), and the keeper's identity is the one
that is recorded.  The keeper is started *held*: it waits on a pipe before it starts the
program.  Only when its identity is on disk is it let go, and if we die before that,
the pipe closes and it ends by itself.  So there is no instant at which a program runs
that no record names.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import msgspec

from canon_sweep import interrupt, process
from canon_sweep.core import denial
from canon_sweep.engine.local import keeper, keepers, kernel
from canon_sweep.engine.local.keeper import Order
from canon_sweep.engine.local.keepers import Ordered
from canon_sweep.engine.local.kernel import Stat
from canon_sweep.errors import HostFault, RecipeFault

GRACE = 5.0
# a killed process can only be late when the kernel is stuck, e.g. on a dead disk
KILL_WAIT = 10.0
RESCAN = 0.25
# what multiplies while it is killed must not be faster than we are
KILL_RESCAN = 0.02


class Identity(msgspec.Struct, frozen=True):
    """One process, and never another that got the same number later.

    ``start`` is in clock ticks since the boot that ``boot`` names.
    """

    pid: int
    start: int
    boot: str


class Held(msgspec.Struct, frozen=True):
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


# Children are the operating system process's, not one engine object's: whoever
# asks first must be able to learn the exit code.
_children: dict[Identity, Ordered] = {}
_ends: dict[Identity, int | OSError | None] = {}


def start_held(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    home: Path,
    cwd: Path,
    output: IO[bytes],
    grace: float = GRACE,
) -> Held:
    """Start a keeper that waits before it starts ``command``, for the stack of the folder ``home``.

    What the command leaves running has ``grace`` seconds to end after it.

    Raises:
        RecipeFault: the command and its environment are too long for the kernel.
        HostFault: no process can be started.
    """
    if keepers.is_too_long(command, env):
        raise RecipeFault(f"{command[0][:80]} is given more than a program can be given")
    order = Order(list(command), dict(env), str(home), str(cwd), grace, keepers.limits())
    try:
        reader, gate = os.pipe()
    except OSError as error:
        raise _no_process(error) from error
    # a signal before the child has a name would leave its gate open
    with interrupt.Deferred() as deferred, ExitStack() as otherwise:
        otherwise.callback(os.close, gate)
        try:
            child = keepers.OURS.order(order, reader, output.fileno())
        except OSError as error:
            raise _no_process(error) from error
        finally:
            os.close(reader)
        identity = Identity(child.pid, child.start, kernel.boot())
        _children[identity] = child
        deferred.lift()
        otherwise.pop_all()
    return Held(identity, gate)


def _no_process(error: OSError) -> HostFault:
    what = f"no process can be started: {error.strerror}"
    return HostFault(what, do=denial.remedy(error.errno))


def runs(identity: Identity) -> bool:
    """Whether exactly this process still runs."""
    found = kernel.stat(identity.pid)
    return found is not None and found.runs and _is(identity, found)


def is_up(identity: Identity) -> bool:
    """Whether the program itself runs, not only its keeper before or after it."""
    return kernel.name_of(identity.pid) == keeper.KEEPS and runs(identity)


def exit_code(identity: Identity) -> int | None:
    """The exit code of an ended child, negative for a signal.

    None while it runs, and None for ever when another process started it.

    Raises:
        HostFault: the kernel did not let it be started, or kept.
    """
    if identity not in _children or runs(identity):
        return None
    if isinstance(code := _told(identity), OSError):
        raise _no_process(code)
    # whoever does not tell it was killed: what else ends a keeper, it says in the log
    return -signal.SIGKILL if code is None else code


def _told(identity: Identity) -> int | OSError | None:
    """What an ended keeper of ours has told of its program's end."""
    if identity not in _ends:
        _ends[identity] = _children[identity].told()
    return _ends[identity]


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
    """End processes with all that they started, and wait until all is gone.

    SIGTERM first, SIGKILL after ``grace`` seconds.  Whatever a program's children did
    to get away, they are below its keeper.  Where the keeper was killed they are known
    by the mark in their environment, or by its session and by working in, or writing
    to, the folder ``home``.

    Raises:
        HostFault: something survived SIGKILL.
    """
    every = tuple(identities)
    ours = [each for each in every if not _left_nobody(each)]
    gone = not ours or _end_with(signal.SIGTERM, ours, home, grace)
    if not gone and not _end_with(signal.SIGKILL, ours, home, KILL_WAIT):
        raise HostFault(f"processes of {home.name} cannot be killed", do="look for them in `ps`")
    for identity in every:
        child = _children.pop(identity, None)
        _ends.pop(identity, None)
        if child is not None:
            child.bury()


def _left_nobody(identity: Identity) -> bool:
    """Whether it is a keeper of ours that ended as it should, after the last that it kept."""
    return identity in _children and not runs(identity) and isinstance(_told(identity), int)


def _end_with(number: signal.Signals, ours: Sequence[Identity], home: Path, bound: float) -> bool:
    deadline = time.monotonic() + bound
    rescan = RESCAN if number is signal.SIGTERM else KILL_RESCAN
    told: set[tuple[int, int]] = set()
    while True:
        table = kernel.everybody()
        alive = [table[each.pid] for each in ours if _runs_in(table, each)]
        keepers = [each for each in alive if _is_keeper(each)]
        # a record of before there were keepers, or one that has not become one yet
        others = [each for each in alive if each not in keepers]
        members = [*others, *_members(ours, home, table)]
        if number is signal.SIGTERM:
            # a keeper tells its own; told twice, some programs drop everything
            below = {each.pid for each in _below(keepers, table)}
            targets = [*keepers, *(each for each in members if each.pid not in below)]
        else:
            # never a keeper: what it keeps would get away.  One that was stopped goes on.
            targets = members
            for each in keepers:
                kernel.tell(each, signal.SIGCONT)
        for each in targets:
            if (each.pid, each.start) not in told:
                kernel.tell(each, number)
                told.add((each.pid, each.start))
        left = deadline - time.monotonic()
        if left <= 0 or not (keepers or members):
            return not (keepers or members)
        # the bound finds what was forked between the look and the signal
        _await_all([*keepers, *members], min(left, rescan))


def _await_all(processes: Sequence[Stat], seconds: float) -> None:
    """Until all of them have ended, ``seconds`` at most; each look at the host has its price."""
    until = time.monotonic() + seconds
    for each in processes:
        descriptor = _descriptor(each.pid)
        if descriptor is not None:
            process.await_end(descriptor, until - time.monotonic())


def _members(ours: Sequence[Identity], home: Path, table: dict[int, Stat]) -> Iterator[Stat]:
    """What these keepers keep, or kept; not the keepers themselves."""
    boot = kernel.boot()
    here = [each for each in ours if each.boot == boot]
    keepers = [table[each.pid] for each in here if _runs_in(table, each)]
    kept = {each.pid for each in _below(keepers, table)}
    marks = {os.fsencode(keeper.mark_of(each.pid, each.start, boot, str(home))) for each in here}
    # the kernel gives a number away again only when its session is empty
    sessions = {each.pid for each in here if _is_free_or(each, table)}
    numbers = {each.pid for each in keepers}
    for each in table.values():
        if each.pid in numbers or not (each.runs and each.is_program):
            continue
        at_home = each.session in sessions and _is_at_home(each.pid, home)
        if each.pid in kept or at_home or keeper.mark_in(each.pid) in marks:
            yield each


def _below(keepers: Sequence[Stat], table: dict[int, Stat]) -> Iterator[Stat]:
    for each in keepers:
        yield from kernel.descendants(each.pid, table)


def _is_keeper(process: Stat) -> bool:
    return kernel.name_of(process.pid) in (keeper.STARTS, keeper.KEEPS, keeper.ENDS)


def _is(identity: Identity, found: Stat) -> bool:
    return found.start == identity.start and identity.boot == kernel.boot()


def _runs_in(table: dict[int, Stat], identity: Identity) -> bool:
    found = table.get(identity.pid)
    return found is not None and found.runs and _is(identity, found)


def _is_free_or(identity: Identity, table: dict[int, Stat]) -> bool:
    found = table.get(identity.pid)
    return found is None or found.start == identity.start


def _is_at_home(pid: int, home: Path) -> bool:
    for link in ("cwd", "fd/1", "fd/2"):
        try:
            place = Path(f"/proc/{pid}/{link}").readlink()
        except OSError:
            continue
        if place.is_relative_to(home):
            return True
    return False


def _descriptor(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None
