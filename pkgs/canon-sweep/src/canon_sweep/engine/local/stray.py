"""Finds the processes of a stack whose record is gone: an app can remove it.

A keeper has the stack's folder among its arguments, and what it keeps has it in the
environment it was started with: both are the kernel's, and no file's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from canon_sweep.engine.local import keeper
from canon_sweep.engine.local import process as local_process
from canon_sweep.engine.local.keeper import Stat
from canon_sweep.engine.local.process import Identity

_MARK = re.compile(
    rb"(?P<boot>[^/]+)/(?P<pid>[0-9]{1,9})/(?P<start>[0-9]{1,19})(?P<home>/.*)", re.DOTALL
)


def keepers(home: Path) -> tuple[Identity, ...]:
    """The keepers of a stack, each once: those that run, and those of which something runs."""
    found: dict[Identity, None] = {}
    for each in keeper.everybody().values():
        if each.runs and _is_ours(each.pid):
            found.update(dict.fromkeys(_keepers(each, os.fsencode(home))))
    return tuple(found)


def _keepers(process: Stat, home: bytes) -> Iterator[Identity]:
    if _kept_home(process.pid) == home:
        yield Identity(process.pid, process.start, keeper.boot())
    named = _MARK.fullmatch(local_process.mark(process.pid) or b"")
    if named and named["home"] == home:
        identity = Identity(int(named["pid"]), int(named["start"]), named["boot"].decode())
        # a mark is the process's own word: it must not lead us to somebody else
        if not local_process.runs(identity) or _kept_home(identity.pid) == home:
            yield identity


def _kept_home(pid: int) -> bytes | None:
    """The folder that a keeper was started for; None if it is no keeper."""
    # of another version too: its Python, and its folder, may be others
    count = len(local_process.KEEPER)
    program = Path(local_process.KEEPER[-1]).name
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended
        return None
    if len(arguments) <= count or Path(os.fsdecode(arguments[count - 1])).name != program:
        return None
    return arguments[count]


def _is_ours(pid: int) -> bool:
    """Whether it is one of our user's: nobody else's name for it counts."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.geteuid()
    except OSError:
        return False
