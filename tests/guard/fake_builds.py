"""A fake Drone and a fake Woodpecker in one: nothing of either is here but recorded shapes.

What they answer was seen of Drone 2.25 and Woodpecker 3.17: idle, busy, without a token, with
one that may not ask, of an open-source build, with a broken row, and at a wrong path.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from http_host import HttpHost

QUEUE = "/api/queue"
INCOMPLETE = "/api/builds/incomplete"
INFO = "/api/queue/info"
PAGE = b"<!DOCTYPE html><html><head><title>Drone CI</title></head></html>"
TOKEN = "an-administrators-token"

STAGE = {
    "id": 31, "repo_id": 4, "build_id": 17, "number": 1, "name": "default", "kind": "pipeline",
    "type": "docker", "status": "running", "errignore": False, "exit_code": 0, "machine": "ci",
    "os": "linux", "arch": "amd64", "started": 1781405000, "stopped": 0, "version": 3,
}  # fmt: skip
REPO = {
    "id": 4, "uid": "4", "namespace": "recipes", "name": "ghost", "slug": "recipes/ghost",
    "active": True, "counter": 12, "build": {
        "id": 17, "repo_id": 4, "number": 12, "status": "running", "event": "pull_request",
        "ref": "refs/pull/3/head", "started": 1781405000, "finished": 0,
    },
}  # fmt: skip
TASK = {
    "id": "55", "pid": 1, "name": "test", "labels": {"repo": "recipes/ghost"}, "dependencies": None,
    "agent_id": 1, "agent_name": "ci", "pipeline_id": 9, "pipeline_number": 12,
}  # fmt: skip


def info(**lists: list[Any]) -> dict[str, Any]:
    """What Woodpecker says of its queue."""
    return {
        "pending": [],
        "waiting_on_deps": [],
        "running": [],
        "stats": {"worker_count": 2, "pending_count": 0, "running_count": 0},
        "paused": False,
    } | lists


@dataclass(slots=True)
class Answer:
    """A status with a body, as it was seen."""

    status: int = 200
    body: bytes = b"[]"
    kind: str = "application/json"


SAYS = {
    401: Answer(401, b'{"message":"Unauthorized"}'),
    403: Answer(403, b'{"message":"Forbidden"}'),
    500: Answer(500, b'{"message":"sql: Scan error on column index 5"}'),
    501: Answer(501, b'{"message":"Not Implemented"}'),
    200: Answer(200, PAGE, "text/html; charset=UTF-8"),
}


def of(value: Any) -> Answer:
    """Anything as JSON."""
    return Answer(body=json.dumps(value).encode())


@dataclass(slots=True)
class FakeBuilds:
    """A server of builds; ``before`` is called with the path of each request first."""

    url: str
    token_file: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None

    def idles(self) -> None:
        """Nothing runs and nothing waits."""
        self.answers = {QUEUE: of([]), INCOMPLETE: of([]), INFO: of(info())}

    def builds(self) -> None:
        """One build runs."""
        self.answers = {QUEUE: of([STAGE]), INCOMPLETE: of([REPO]), INFO: of(info(running=[TASK]))}

    def table(self, kind: str = "drone") -> dict[str, Any]:
        """The settings' table that names it."""
        return {kind: {"url": self.url, "tokenFile": str(self.token_file)}}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeBuilds

    def do_GET(self) -> None:
        self.fake.asked.append(self.path)
        self.fake.before(self.path)
        answer = self.fake.answers.get(self.path, SAYS[200])
        given = self.headers.get("Authorization")
        if self.path in self.fake.answers and given != f"Bearer {TOKEN}":
            answer = SAYS[401 if given is None else 403]
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def fake_builds(folder: Path) -> Iterator[FakeBuilds]:
    """An idle server, with a token that it accepts in a file."""
    token = folder / "builds-token"
    token.write_text(f"{TOKEN}\n")

    class Handler(_Handler):
        fake = FakeBuilds("", token)

    with HttpHost(("127.0.0.1", 0), Handler) as host:
        fake = Handler.fake
        fake.url = f"http://127.0.0.1:{host.server_port}"
        fake.idles()
        threading.Thread(target=host.serve_forever, args=(0.01,), daemon=True).start()
        yield fake
        host.shutdown()
