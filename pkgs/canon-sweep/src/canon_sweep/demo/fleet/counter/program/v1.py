"""Counter: counts by name in a JSON file, over HTTP."""

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STATE = Path(os.environ["DATA"]) / "state.json"
COUNTER = re.compile(r"/counters/([A-Za-z0-9_-]{1,64})")
WRITING = threading.Lock()


def counters() -> dict[str, int]:
    state: dict[str, dict[str, int]] = json.loads(STATE.read_text())
    return state["counters"]


def save(counted: dict[str, int]) -> None:
    draft = STATE.with_suffix(".new")
    with draft.open("w") as file:
        json.dump({"counters": counted}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(STATE)


def count_up(name: str) -> int:
    with WRITING:
        counted = counters()
        counted[name] = counted.get(name, 0) + 1
        save(counted)
    return counted[name]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(200, "ok")
        elif self.path == "/counters":
            self.answer_with(lambda: json.dumps(counters(), sort_keys=True))
        else:
            self.answer(404, "no such page")

    def do_POST(self) -> None:
        match = COUNTER.fullmatch(self.path)
        if match is None:
            self.answer(400, "a counter is /counters/<name>")
            return
        name = match[1]
        self.answer_with(lambda: str(count_up(name)))

    def answer_with(self, text: Callable[[], str]) -> None:
        try:
            self.answer(200, text())
        except (OSError, ValueError, KeyError) as error:
            print(f"{self.path}: {error!r}", flush=True)
            self.answer(500, "the counts cannot be read")

    def answer(self, status: int, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing of what went well: health is asked every second."""


def main() -> None:
    # the first process of a container gets no default handler
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if not STATE.exists():
        save({})
    address = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    with ThreadingHTTPServer(address, Handler) as server:
        print(f"counter {os.environ.get('VERSION', '')} listens on port {address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
