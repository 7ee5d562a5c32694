"""Servers of git's own protocol that let people wait: until all have come, or for ever."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

from mirror.servers import HOST
from mirror.world import GIT_ENV

# seconds; whoever waits so long waits in vain
PATIENCE = 60


class _Server(ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 100


@contextmanager
def _serving(handler: type[BaseRequestHandler]) -> Iterator[str]:
    """Its URL."""
    with _Server((HOST, 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"git://{HOST}:{server.server_address[1]}"
        finally:
            server.shutdown()


@dataclass
class Door:
    """Serves the repositories in ``ground``; nobody is let in before ``wanted`` have come."""

    ground: Path
    root: str = ""
    wanted: int = 0
    came: int = 0
    _moved: threading.Condition = field(default_factory=threading.Condition)

    @classmethod
    @contextmanager
    def before(cls, ground: Path) -> Iterator[Door]:
        """One that is open."""
        door = cls(ground)

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                line = self.request.fileno()
                if door._knock():
                    command = ["git", "daemon", "--inetd", "--export-all"]
                    command += [f"--base-path={ground}", "--enable=receive-pack"]
                    subprocess.run(command, stdin=line, stdout=line, env=GIT_ENV, check=False)

        with _serving(Handler) as door.root:
            yield door

    def url(self, repo: Path) -> str:
        """A repository's."""
        return f"{self.root}/{repo.relative_to(self.ground)}"

    def shut_until(self, wanted: int) -> None:
        """From now on nobody is let in before so many have come."""
        with self._moved:
            self.wanted, self.came = wanted, 0

    def _knock(self) -> bool:
        with self._moved:
            self.came += 1
            self._moved.notify_all()
            return self._moved.wait_for(lambda: self.came >= self.wanted, PATIENCE)


@dataclass
class Silence:
    """Servers that say nothing, and who waits for them; each is another server to whoever asks."""

    came: int = 0
    waiting: int = 0
    most: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def one_more(self) -> Iterator[str]:
        """Its URL."""
        silence = self

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                silence._comes(1)
                try:
                    while self.request.recv(1000):
                        pass
                except ConnectionError:
                    pass
                finally:
                    silence._comes(-1)

        with _serving(Handler) as root:
            yield f"{root}/x.git"

    def _comes(self, number: int) -> None:
        with self._turn:
            self.came += max(number, 0)
            self.waiting += number
            self.most = max(self.most, self.waiting)
