"""The servers of a run: git's own protocol and smart HTTP, each near and far away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wire.ground import ENV

HOST = "127.0.0.1"
LATENCY = 20
HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Program:
    """One of the programs beside this module, that serves at a port."""

    pid: int
    port: int

    @classmethod
    @contextmanager
    def started(cls, name: str, *words: str) -> Iterator[Program]:
        """Start it, and end it by the end of its input; so does our own end."""
        command = [sys.executable, str(HERE / name), *words]
        with subprocess.Popen(
            command, env=ENV, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin
            assert process.stdout
            try:
                yield cls(process.pid, int(process.stdout.readline()))
            finally:
                process.stdin.close()

    def cpu(self) -> float:
        """The seconds of CPU time that it has had, with those of its children that ended."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(each) for each in after_name[11:15]) / TICKS


@dataclass(frozen=True)
class Wire:
    """A way to the repositories: how they are spoken to, and how far away they are.

    ``latency`` is a round trip in milliseconds, ``relay`` what makes it.
    """

    scheme: str
    latency: int
    server: Program
    relay: Program | None = None

    @property
    def port(self) -> int:
        """Where it begins."""
        return (self.relay or self.server).port

    def url(self, side: str, recipe: str) -> str:
        """The URL of a recipe's repository."""
        return f"{self.scheme}://{HOST}:{self.port}/{side}/{recipe}.git"


@contextmanager
def serving(served: Path, own: Path) -> Iterator[tuple[Wire, ...]]:
    """All wires to the repositories below ``served``."""
    own.mkdir()
    with (
        Program.started("inetd.py", str(served)) as daemon,
        Program.started("web.py", str(served), str(own)) as web,
        Program.started("delay.py", str(daemon.port), "0", str(LATENCY)) as far_daemon,
        Program.started("delay.py", str(web.port), "0", str(LATENCY)) as far_web,
    ):
        yield (
            Wire("git", 0, daemon),
            Wire("git", LATENCY, daemon, far_daemon),
            Wire("http", 0, web),
            Wire("http", LATENCY, web, far_web),
        )
