"""What a command really did, by the kernel's account: programs started, peers spoken to."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_STARTED = re.compile(r"execve\(\"[^\"]*\", (\[.*\]), 0x[0-9a-f]+ .*\) = 0$", re.MULTILINE)
_PEER = re.compile(r"^connect\(\d+, \{(.*)\}, \d+\)", re.MULTILINE)
_PORT = re.compile(r"_port=htons\((\d+)\)")
_HOST = re.compile(r"inet_addr\(\"([^\"]*)\"\)|inet_pton\(AF_INET6, \"([^\"]*)\"")
_SOCKET = re.compile(r"sun_path=(.*)")


@dataclass(frozen=True)
class Trace:
    """``programs`` are the words of each command, ``peers`` hosts with ports, or sockets."""

    exit_code: int
    output: str
    programs: tuple[tuple[str, ...], ...]
    peers: frozenset[str]


def problem() -> str | None:
    """Why nothing can be traced here; None where it can, or must."""
    if os.environ.get("CANON_SWEEP_REQUIRE_ALL") == "1":
        return None
    if shutil.which("strace") is None:
        return "strace is not installed"
    traced = subprocess.run(["strace", "-qq", "true"], capture_output=True, check=False)
    return None if traced.returncode == 0 else "nothing may be traced here"


def traced(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> Trace:
    """Run a command, and note what it and all that it starts do; ``folder`` is for the notes."""
    folder.mkdir()
    strace = ["strace", "-qq", "-ff", "--seccomp-bpf", "-e", "trace=execve,connect"]
    strace += ["-e", "signal=none", "-s", "65536", "-o", str(folder / "of")]
    done = subprocess.run([*strace, *command], env=env, capture_output=True, text=True, check=False)
    notes = [path.read_text(errors="replace") for path in sorted(folder.glob("of.*"))]
    assert notes, done.stderr
    return Trace(
        done.returncode,
        done.stdout + done.stderr,
        tuple(words for note in notes for words in _programs(note)),
        frozenset(peer for note in notes for peer in map(_peer, _PEER.findall(note)) if peer),
    )


def _programs(note: str) -> list[tuple[str, ...]]:
    # as strace writes them the words are literals of C, which Python reads too
    return [tuple(ast.literal_eval(words)) for words in _STARTED.findall(note)]


def _peer(address: str) -> str | None:
    """One peer; None for a connect that only takes an address back."""
    socket, port, host = (pattern.search(address) for pattern in (_SOCKET, _PORT, _HOST))
    if socket:
        return socket[1].strip('"')
    if port and host:
        return f"{host[1] or host[2]}:{port[1]}"
    return None if "AF_UNSPEC" in address else address
