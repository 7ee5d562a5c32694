"""A front of a registry that does not always answer: a fake, with the real one behind it."""

from __future__ import annotations

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler

from http_host import HttpHost

BUSY = {"errors": [{"code": "TOOMANYREQUESTS", "message": "you have reached your pull rate limit"}]}
# of an answer, what an engine needs besides the body
PASSED_ON = ("Content-Type", "Content-Length", "Docker-Content-Digest")


class Front(HttpHost):
    """Passes on what an engine asks a registry for; ``host`` is how an image's name begins.

    Where a part of the path is among ``stalls`` nothing is answered until `close`, where it
    is among ``busy`` the answer is 429.  ``asked`` has the paths of manifests, in order.
    """

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passage)
        self.behind = behind
        self.stalls: tuple[str, ...] = ()
        self.busy: tuple[str, ...] = ()
        self.asked: list[str] = []
        self.closed = threading.Event()
        self.host = f"localhost:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Nobody answers any more."""
        if not self.closed.is_set():
            self.closed.set()
            self.shutdown()
            self.server_close()


class _Passage(BaseHTTPRequestHandler):
    server: Front

    def do_GET(self) -> None:
        if "/manifests/" in self.path:
            self.server.asked.append(self.path)
        if any(part in self.path for part in self.server.stalls):
            self.server.closed.wait()
        elif any(part in self.path for part in self.server.busy):
            self._answer(429, {"Content-Type": "application/json"}, json.dumps(BUSY).encode())
        else:
            self._pass_on()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _pass_on(self) -> None:
        connection = http.client.HTTPConnection(self.server.behind, timeout=30)
        wanted = {"Accept": ", ".join(self.headers.get_all("Accept") or ["*/*"])}
        connection.request(self.command, self.path, headers=wanted)
        got = connection.getresponse()
        kept = {name: got.headers[name] for name in PASSED_ON if got.headers[name]}
        self._answer(got.status, kept, got.read())
        connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass
