"""Site: pages on a volume, shown and written over HTTP."""

import os
import re
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGES = Path(os.environ["DATA"])
PAGE = re.compile(r"/([a-z0-9][a-z0-9-]{0,63}\.html)")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(200, b"ok\n")
            return
        page = self.page()
        if page is not None and page.exists():
            self.answer(200, page.read_bytes())
        else:
            self.answer(404, b"<p>There is no such page.</p>\n")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        page = self.page()
        if page is None:
            self.answer(400, b"<p>A page is named like /news.html.</p>\n")
            return
        write(page, body)
        self.answer(201, b"<p>Written.</p>\n")

    def page(self) -> Path | None:
        match = PAGE.fullmatch("/index.html" if self.path == "/" else self.path)
        return None if match is None else PAGES / match[1]

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing of what went well: health is asked every second."""


def write(page: Path, body: bytes) -> None:
    draft = page.with_suffix(".new")
    draft.write_bytes(body)
    draft.replace(page)


def main() -> None:
    # the first process of a container gets no default handler
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if not (PAGES / "index.html").exists():
        write(PAGES / "index.html", b"<h1>Welcome</h1>\n")
    address = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    with ThreadingHTTPServer(address, Handler) as server:
        print(f"site {os.environ.get('VERSION', '')} listens on port {address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
