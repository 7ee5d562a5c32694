"""Folders of this host: there, ours to use, and closed to others where they have to be."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from canon_sweep.core.checkup import Check, fail, ok, warn
from canon_sweep.core.denial import remedy
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.settings.records import Settings
from canon_sweep.state.folders import hindrance
from canon_sweep.state.layout import UNMADE
from canon_sweep.state.owner import other_owner

_OTHERS = 0o077
_READS = os.R_OK | os.X_OK
_WRITES = _READS | os.W_OK


def folder_checks(settings: Settings, viewer: Viewer) -> Iterator[Check]:
    """The folders of state, cache and canonicals, as a run would use them."""
    yield from _folder("stateDir", settings.state_dir, viewer, closed=True)
    yield from _folder("cacheDir", settings.cache_dir, viewer)
    if settings.canonicals_dir is not None:
        if settings.harness_promotes:
            yield from _read("canonicalsDir", settings.canonicals_dir, viewer)
        else:
            yield from _folder("canonicalsDir", settings.canonicals_dir, viewer)


def _folder(subject: str, folder: Path, viewer: Viewer, *, closed: bool = False) -> Iterator[Check]:
    """A folder that a run makes, if it is not there, and writes to."""
    mode = _mode(folder)
    if isinstance(mode, OSError):
        yield _unseen(subject, folder, mode, viewer)
    elif mode is None:
        yield _makable(subject, folder, viewer)
    elif not stat.S_ISDIR(mode):
        yield fail(subject, f"{folder} is no folder", f"remove it, or set another {subject}")
    elif not viewer.is_owner:
        yield viewer.unseen(subject, f"whether {viewer.owner} may write to {folder}")
    elif other := other_owner(folder):
        yield fail(
            subject,
            f"{folder} belongs to {other.name}, and you are {viewer.me}",
            f"let it belong to {viewer.me}: chown -R {viewer.me} {folder}",
        )
    elif not os.access(folder, _WRITES):
        yield fail(subject, f"{folder} cannot be written", "see its rights, and its file system")
    elif closed and mode & _OTHERS:
        shown = f"{stat.S_IMODE(mode):04o}"
        yield warn(subject, f"{folder} is open to other users ({shown})", f"chmod 0700 {folder}")
    else:
        yield ok(subject, f"{folder} is {viewer.me}'s, {stat.S_IMODE(mode):04o}, and writable")


def _read(subject: str, folder: Path, viewer: Viewer) -> Iterator[Check]:
    """A folder that another tool keeps, and that a run reads."""
    mode = _mode(folder)
    if isinstance(mode, OSError):
        yield _unseen(subject, folder, mode, viewer)
    elif mode is None:
        yield warn(subject, f"{folder} is not there", UNMADE)
    elif not viewer.is_owner:
        yield viewer.unseen(subject, f"whether {viewer.owner} may read {folder}")
    elif not stat.S_ISDIR(mode) or not os.access(folder, _READS):
        yield fail(subject, f"{folder} cannot be read", "see its owner and its rights")
    else:
        yield ok(subject, f"{folder} can be read")


def _makable(subject: str, folder: Path, viewer: Viewer) -> Check:
    if not viewer.is_owner:
        return viewer.unseen(subject, f"whether {viewer.owner} may make {folder}")
    found = hindrance(folder)
    if found is None:
        return ok(subject, f"{folder} is not there yet: the first run makes it")
    return fail(subject, *found)


def _mode(folder: Path) -> int | OSError | None:
    """What it is; None if it is not there, the kernel's error if it cannot be looked at."""
    try:
        return folder.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        return error


def _unseen(subject: str, folder: Path, error: OSError, viewer: Viewer) -> Check:
    found = f"{folder} cannot be looked at: {error.strerror}"
    return viewer.failed(subject, found, remedy(error.errno))
