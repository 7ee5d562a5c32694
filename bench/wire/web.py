"""Smart HTTP: ``git http-backend`` behind a server of threads, open to everybody.

A program: the folder that is served and one for its own files; it prints its port, and ends
with its input.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from mirror.servers import HttpServer

BACKLOG = 1000


def main(served: Path, own: Path) -> None:
    """Serve until the input ends."""
    with HttpServer.started(served, own) as web:
        web.server.wanted = None
        # a connection that finds no room would try again a second later
        web.server.socket.listen(BACKLOG)
        print(web.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
