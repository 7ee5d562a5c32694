"""Probes over HTTP of an app that really answers, on either engine."""

from __future__ import annotations

import json
from typing import Any

from canon_sweep.core.attempts import Outcome
from stories.fleet import Fleet

TAG = "1.0.0+1"
# answers /302 with 302, and so on
WEB = """\
import http.server, os, signal, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(self.path.strip("/") or 200))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""


def web(*labels: str, port: int = 8080) -> dict[str, Any]:
    """A service that answers at a port, for either engine."""
    return {
        "image": "canon-sweep/python:1",
        "command": ["python3", "/web.py"],
        "environment": {"PORT": f"{port}"},
        "configs": [{"source": "program", "target": "/web.py"}],
        "stop_grace_period": "1s",
        "deploy": {"labels": list(labels), "update_config": {"monitor": "100ms"}},
        "x-canon-sweep": {
            "command": ["{python}", "{source}/web.py"],
            "environment": {"PORT": f"{{ports.{port}}}"},
            "ready": {"port": port},
        },
    }


def publish(fleet: Fleet, tag: str = TAG, **services: dict[str, Any]) -> None:
    """A recipe of these services; the program is there for each."""
    tree = {
        "version": "3.8",
        "services": services,
        "configs": {"program": {"file": "./web.py", "name": "${STACK_NAME}_program"}},
    }
    fleet.options |= {"timeouts": {"probe": "10s" if "swarm" in fleet.options else "400ms"}}
    fleet.add("notes", data={})
    fleet.commits("notes", tag, {"compose.yml": json.dumps(tree), "web.py": WEB})


def asks(fleet: Fleet, *probes: dict[str, Any]) -> None:
    """The operator's probes."""
    fleet.add("notes", probes=[{"type": "http"} | probe for probe in probes])


def test_any_of_several_statuses_will_do(anywhere: Fleet) -> None:
    """An app that sends to its login page is up, and one that fails is not."""
    publish(anywhere, app=web())
    asks(
        anywhere, *({"port": 8080, "path": path, "statuses": [200, 302]} for path in ("/", "/302"))
    )

    assert anywhere.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_a_status_that_is_none_of_them_is_red(fleet: Fleet) -> None:
    """The line names those that would have passed; a redirect is never followed."""
    publish(fleet, app=web())
    asks(fleet, {"port": 8080, "path": "/301", "statuses": [200, 302]})

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert entry.reason == "install: GET app:8080/301: answered 301, not 200 or 302"
