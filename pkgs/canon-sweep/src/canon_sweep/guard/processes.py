"""Processes of this host by their command lines."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from canon_sweep.core.names import cut, plain
from canon_sweep.errors import HostFault

_PROC = Path("/proc")
_SHOWN = 120


class Processes(msgspec.Struct, frozen=True):
    """Processes whose whole command line, its words joined by spaces, matches a pattern."""

    patterns: Sequence[str]
    proc: Path = _PROC

    def in_flight(self) -> str | None:
        """The first that matches and is neither ours nor what has started us.

        Raises:
            HostFault: other people's processes cannot be seen.
        """
        # hidden from a service by ProtectProc=, which would look like nobody there
        if not (self.proc / "1").exists():
            raise HostFault(
                "the processes of this host cannot be seen",
                do="let the service see them: ProtectProc=default",
            )
        me = os.getpid()
        own, words = set(_ancestry(self.proc, me)), _command_line(self.proc / str(me))
        for pid in _numbers(self.proc):
            line = _command_line(self.proc / str(pid)) if pid not in own else ""
            if line == words and me in _ancestry(self.proc, pid):
                continue  # who asks remotes for us is no program of its own
            if line and any(fnmatchcase(line, pattern) for pattern in self.patterns):
                shown = cut(line, _SHOWN)
                return f"process {pid} runs: {plain(shown)}"
        return None


def _numbers(proc: Path) -> Iterator[int]:
    try:
        names = [each.name for each in proc.iterdir()]
    except OSError as error:
        raise HostFault(f"{proc} cannot be read: {error.strerror}") from error
    yield from sorted(int(name) for name in names if name.isdecimal())


def _command_line(folder: Path) -> str:
    """A process's words; empty of a thread of the kernel, and of one that has just ended."""
    try:
        content = (folder / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    except OSError as error:
        raise HostFault(f"{folder}/cmdline cannot be read: {error.strerror}") from error
    return content.rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")


def _ancestry(proc: Path, pid: int) -> Iterator[int]:
    """A process and those that it descends from: a shell's words may have the pattern too."""
    while pid > 1:
        yield pid
        try:
            text = (proc / str(pid) / "stat").read_text("utf-8", "replace")
        except OSError:
            return
        # the second field is a name in parentheses, with whatever in it
        pid = int(text.rpartition(")")[2].split()[1])
