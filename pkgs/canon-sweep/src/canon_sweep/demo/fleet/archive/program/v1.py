"""Archive: one page, always the same."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGES = {"/health": "ok", "/": "The forum is closed; its threads can be read here."}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{PAGES.get(self.path, 'no such page')}\n".encode()
        self.send_response(200 if self.path in PAGES else 404)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing of what went well: health is asked every second."""


def main() -> None:
    # the first process of a container gets no default handler
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    with ThreadingHTTPServer(address, Handler) as server:
        print(f"archive {os.environ.get('VERSION', '')} listens on port {address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
