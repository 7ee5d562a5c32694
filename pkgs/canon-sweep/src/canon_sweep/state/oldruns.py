"""Which folders of past runs may go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from canon_sweep.state import runs, storage


def old_runs(folder: Path, keep: int, named: Iterable[str], now: datetime) -> tuple[Path, ...]:
    """The runs beyond the newest ``keep``, the oldest first.

    What anybody still reads stays: the runs that records name (``named``), the one that
    ``latest`` leads to, the last sweep, and every sweep of named recipes since.

    Raises:
        StateFault: the folder cannot be read.
    """
    found = runs.newest_first(folder)
    last = runs.past(folder, now).last_sweep
    kept = {*named, *(path.name for path in found[:keep]), _latest(folder)}
    read = set()
    for path in found[: runs.LOOKS_BACK] if last is not None else ():
        if runs.command_of(path) == "run":
            read.add(path.name)
        if last is not None and path.name == last.run_id:
            break
    return tuple(path for path in reversed(found) if path.name not in kept | read)


def _latest(folder: Path) -> str:
    try:
        return (folder / "latest").readlink().name
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise storage.denied(f"{folder}/latest cannot be read", error) from error
