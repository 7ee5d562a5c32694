"""What a little web program needs: answers of one content type, and a server."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """A program's ``get`` answers GET requests, its ``post`` POST, and so on."""

    content_type = "text/plain; charset=utf-8"
    front: str | None = None

    def do_GET(self) -> None:
        self.respond()

    def do_POST(self) -> None:
        self.respond()

    def do_PUT(self) -> None:
        self.respond()

    def do_DELETE(self) -> None:
        self.respond()

    def respond(self) -> None:
        if self.path == "/health":
            self.answer(200, "ok")
        else:
            getattr(self, self.command.lower(), self.refuse)()

    def get(self) -> None:
        if self.path == "/" and self.front is not None:
            self.answer(200, self.front)
        else:
            self.answer(404, "no such page")

    def refuse(self) -> None:
        self.answer(405, "that cannot be done here")

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status: int, text: str) -> None:
        self.send(status, f"{text}\n".encode())

    def send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", self.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing of what went well: health is asked every second."""


def serve(name: str, handler: type[Handler]) -> None:
    # the first process of a container gets no default handler
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    with ThreadingHTTPServer(address, handler) as server:
        print(f"{name} {os.environ.get('VERSION', '')} listens on port {address[1]}", flush=True)
        server.serve_forever()
