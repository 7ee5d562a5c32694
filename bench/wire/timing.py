"""How long a program takes, and the most memory that it and its children have."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wire.ground import ENV

# seconds between two looks at a sweep's memory
LOOK = 0.05
MIB = 1024  # KiB


@dataclass(frozen=True)
class Spent:
    """What a program took in seconds, and what it said; ``cpu`` is its children's too."""

    wall: float
    cpu: float
    code: int
    said: str
    errors: str


@dataclass(frozen=True)
class Peak:
    """The most memory at one moment, in MiB: of all processes by PSS, of the largest by RSS."""

    pss: float
    rss: float


def spent(words: Sequence[str]) -> Spent:
    """Run a program to its end; nothing else that ends meanwhile is a child of ours."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(words, env=ENV, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(wall, cpu, done.returncode, done.stdout, done.stderr)


def peak(words: Sequence[str]) -> Peak:
    """Run a program to its end and look at its memory all the time; it takes longer so."""
    most_pss = most_rss = 0
    with subprocess.Popen(
        words, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout
        # somebody has to read, or it waits for that
        threading.Thread(target=process.stdout.read, daemon=True).start()
        while process.poll() is None:
            family = _family(process.pid)
            most_pss = max(most_pss, sum(_of(pid, "smaps_rollup", "Pss:") for pid in family))
            most_rss = max(most_rss, *(_of(pid, "status", "VmHWM:") for pid in family))
            time.sleep(LOOK)
    return Peak(most_pss / MIB, most_rss / MIB)


def _family(root: int) -> list[int]:
    """A process and all its descendants."""
    parents = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - names alone
        if name.isdigit():
            try:
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(name)] = int(fields[1])
    family = [root]
    for known in family:
        family += [pid for pid, parent in parents.items() if parent == known]
    return family


def _of(pid: int, file: str, key: str) -> int:
    """A number of KiB in a file about a process; 0 if it has ended."""
    try:
        lines = Path("/proc", str(pid), file).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(key)), 0)
