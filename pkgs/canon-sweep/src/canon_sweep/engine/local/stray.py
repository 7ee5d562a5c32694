"""Finds the processes of a stack whose record is gone: an app can remove it.

A keeper has the stack's folder among its arguments, and what it keeps has it in the
environment it was started with: both are the kernel's, and no file's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from canon_sweep.engine.local import keeper, kernel
from canon_sweep.engine.local import process as local_process
from canon_sweep.engine.local.process import Identity

_MARK = re.compile(
    rb"(?P<boot>[^/]+)/(?P<pid>[0-9]{1,9})/(?P<start>[0-9]{1,19})(?P<home>/.*)", re.DOTALL
)


def keepers(home: Path) -> tuple[Identity, ...]:
    """The keepers of a stack, each once: those that run, and those of which something runs."""
    place = os.fsencode(home)
    found: dict[Identity, None] = {}
    for pid in kernel.numbers():
        # few processes of a host have it anywhere, and only those are looked at closely
        if place in kernel.arguments_of(pid) or place in kernel.environment_of(pid):
            found.update(dict.fromkeys(_keepers(pid, place)))
    return tuple(found)


def _keepers(pid: int, home: bytes) -> Iterator[Identity]:
    process = kernel.stat(pid)
    if process is None or not process.runs or not _is_ours(pid):
        return
    if _kept_home(pid) == home:
        yield Identity(pid, process.start, kernel.boot())
    named = _MARK.fullmatch(keeper.mark_in(pid) or b"")
    if named and named["home"] == home:
        identity = Identity(int(named["pid"]), int(named["start"]), named["boot"].decode())
        # a mark is the process's own word: it must not lead us to somebody else
        if not local_process.runs(identity) or _kept_home(identity.pid) == home:
            yield identity


def _kept_home(pid: int) -> bytes | None:
    """The folder that a keeper was started for; None if it is no keeper, or has ended."""
    # of another version too: its Python, and its folder, may be others
    count = len(keeper.SHOWN)
    program = Path(keeper.SHOWN[-1]).name
    arguments = kernel.arguments_of(pid).split(b"\0")
    if len(arguments) <= count or Path(os.fsdecode(arguments[count - 1])).name != program:
        return None
    return arguments[count]


def _is_ours(pid: int) -> bool:
    """Whether it is one of our user's: nobody else's name for it counts."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.geteuid()
    except OSError:
        return False
