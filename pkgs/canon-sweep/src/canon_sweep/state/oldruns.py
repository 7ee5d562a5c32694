"""Which folders of past runs may go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from canon_sweep.state import runs, storage

LONGEST_RUN = timedelta(days=3)
"""For so long a run without results may be at work; `maxRuntime` is less, unless it is set so."""


def old_runs(folder: Path, keep: int, named: Iterable[str], now: datetime) -> tuple[Path, ...]:
    """The runs beyond the newest ``keep``, the oldest first.

    What anybody still reads stays: the runs that records name (``named``), the one that
    ``latest`` leads to, the last sweep, and every sweep of named recipes since.  A run without
    results may be at work: a sweep that has let somebody in does not have the lock meanwhile.

    Raises:
        StateFault: the folder cannot be read.
    """
    found = runs.newest_first(folder)
    last = runs.past(folder, now).last_sweep
    kept = {*named, *(path.name for path in found[:keep]), _latest(folder)}
    kept |= {path.name for path in found[keep:] if _may_be_at_work(path, now)}
    read = set()
    for path in found[: runs.LOOKS_BACK] if last is not None else ():
        if runs.command_of(path) == "run":
            read.add(path.name)
        if last is not None and path.name == last.run_id:
            break
    return tuple(path for path in reversed(found) if path.name not in kept | read)


def _may_be_at_work(run: Path, now: datetime) -> bool:
    # by its name first: years of results are not read for it
    return now - runs.began(run) < LONGEST_RUN and not runs.command_of(run)


def _latest(folder: Path) -> str:
    try:
        return (folder / "latest").readlink().name
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise storage.denied(f"{folder}/latest cannot be read", error) from error
