"""How much of a command's start is ours: CPU time over that of a bare interpreter.

Ratios within one run, so that a slow machine says the same as a fast one.  The
goal: `--help` and `status` below 0.25 s of CPU, about 12 bare interpreters.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 10
CONFIG = """
stateDir = "{0}/state"
cacheDir = "{0}/cache"
engine = "local"
[recipes.notes]
upstream = "file://{0}/a"
mirror = "file://{0}/b"
"""
MAIN = "from canon_sweep.entry import main; main()"


def cpu_seconds(*command: str) -> float:
    """The least CPU time of several runs of a command, in seconds."""
    times = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def main() -> None:
    """Print a line for each command."""
    bare = cpu_seconds(sys.executable, "-c", "pass")
    print(f"{'bare interpreter':20} {bare:.3f} s")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text(CONFIG.format(folder))
        for words in (["--help"], ["status", "--config", str(config)]):
            used = cpu_seconds(sys.executable, "-c", MAIN, *words)
            print(f"{words[0]:20} {used:.3f} s, {used / bare:.1f} times a bare interpreter")


if __name__ == "__main__":
    main()
