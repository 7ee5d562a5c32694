"""Git's own protocol: ``git daemon``, started for each connection.

A program: the folder that is served; it prints its port, and ends with its input.  A daemon
that listens by itself has five places for those who wait, and a sixth comes again a second
later: with eight at once that would be what is measured.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from mirror.world import GIT_ENV

BACKLOG = 1000
HOST = "127.0.0.1"


def main(served: str) -> None:
    """Serve until the input ends."""
    exec_path = subprocess.check_output(["git", "--exec-path"], text=True).strip()
    command = [f"{exec_path}/git-daemon", "--inetd", "--export-all", f"--base-path={served}"]
    # waited for, so that the time that they had is counted as this program's
    signal.signal(signal.SIGCHLD, _reap)
    listener = socket.create_server((HOST, 0), backlog=BACKLOG)
    serve = threading.Thread(
        target=_serve, args=(listener, [*command, "--enable=receive-pack"]), daemon=True
    )
    serve.start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


def _serve(listener: socket.socket, command: list[str]) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            ends = [(os.POSIX_SPAWN_DUP2, connection.fileno(), end) for end in (0, 1)]
            os.posix_spawn(command[0], command, GIT_ENV, file_actions=ends)


def _reap(*_: object) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main(sys.argv[1])
