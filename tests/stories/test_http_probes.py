"""Probes over HTTP of an app that really answers, on either engine."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from canon_sweep.core.attempts import Outcome
from stories.fleet import Fleet

TAG = "1.0.0+1"
LABEL = "traefik.http.services.${STACK_NAME}.loadbalancer.server.port"
# answers /302 with 302, and so on
WEB = """\
import http.server, os, signal, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked for", self.path, flush=True)
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
        "stop_grace_period": "100ms",
        "deploy": {"labels": list(labels), "update_config": {"monitor": "100ms"}},
        "x-canon-sweep": {
            "command": ["{python}", "{source}/web.py"],
            "environment": {"PORT": f"{{ports.{port}}}"},
            "ready": {"port": port},
        },
    }


def publish(fleet: Fleet, services: dict[str, Any], tag: str = TAG) -> None:
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
    publish(anywhere, {"app": web()})
    asks(
        anywhere, *({"port": 8080, "path": path, "statuses": [200, 302]} for path in ("/", "/302"))
    )

    assert anywhere.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_a_status_that_is_none_of_them_is_red(anywhere: Fleet) -> None:
    """The line names those that would have passed, and has the service's own last words."""
    publish(anywhere, {"app": web()})
    anywhere.options["timeouts"] = {"probe": "1s"}
    asks(anywhere, {"port": 8080, "path": "/301", "statuses": [200, 302]})

    entry = anywhere.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    told, _, said = entry.reason.partition("; app said: ")
    assert told == "install: GET app:8080/301: answered 301, not 200 or 302"
    assert said.endswith("asked for /301")


def test_a_probe_without_a_port_asks_where_the_router_is_told_to(anywhere: Fleet) -> None:
    """The service, too: it is the one with the label, whatever it is called."""
    front = web("traefik.enable=true", f"{LABEL}=${{PORT:-8080}}")
    publish(anywhere, {"db": web(port=9000), "front": front})
    asks(anywhere, {"path": "/302", "status": 302}, {"service": "front"})

    assert anywhere.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_each_version_is_asked_at_its_own_port(fleet: Fleet) -> None:
    """An app that moves to another port is upgraded from the one that it had."""
    publish(fleet, {"app": web(f"{LABEL}=8080")})
    publish(fleet, {"app": web(f"{LABEL}=9090", port=9090)}, "1.1.0+1")
    asks(fleet, {})

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED
    assert entry.base == TAG


@pytest.mark.parametrize(
    ("probe", "why"),
    [
        ({"service": "web", "port": 8080}, "service web of .* does not run"),
        ({"service": "app", "port": 81}, "service app of .* has no port 81"),
    ],
)
def test_a_probe_of_what_no_release_has_says_where_it_is_written(
    fleet: Fleet, probe: dict[str, Any], why: str
) -> None:
    """The recipe may have renamed it, or the settings may be wrong: somebody has to look."""
    publish(fleet, {"app": web()})
    asks(fleet, {"path": "/x", **probe})

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert re.search(rf"{why} \(see the probe's service and port in the recipe's", entry.reason)


@pytest.mark.parametrize(
    ("services", "probe", "why"),
    [
        ({"app": []}, {}, "no service has a label traefik.http.services.<name>.loadbalancer"),
        ({"app": [f"{LABEL}=8080"], "b": [f"{LABEL}=8080"]}, {}, "several services have a label"),
        ({"app": [f"{LABEL}=8080"], "b": []}, {"service": "b"}, "service b has no label"),
        ({"app": [f"{LABEL}=8080", f"{LABEL.replace('}', '}_api')}=9090"]}, {}, "'8080', '9090'"),
        ({"app": [f"{LABEL}=http"]}, {}, "that is no port: 'http'"),
        ({"app": [f"{LABEL}=70000"]}, {}, "that is no port: '70000'"),
    ],
)
def test_where_no_label_says_the_port_the_line_says_what_to_write(
    fleet: Fleet, services: dict[str, list[str]], probe: dict[str, str], why: str
) -> None:
    """The recipe, the cause, and the two keys of the settings."""
    publish(fleet, {name: web(*labels) for name, labels in services.items()})
    asks(fleet, {"path": "/x", **probe})

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert entry.reason.startswith("install: GET ")
    assert "/x of notes 1.0.0+1 has no port, and " in entry.reason
    assert why in entry.reason
    assert entry.reason.endswith("; say the probe's service and port in the recipe's settings")


def test_a_base_that_has_no_such_label_is_a_base_all_the_same(fleet: Fleet) -> None:
    """What a probe says of the new version is nothing that an old one has to know."""
    publish(fleet, {"app": web()})
    publish(fleet, {"app": web(f"{LABEL}=8080")}, "1.1.0+1")
    asks(fleet, {})

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED
    assert entry.base == TAG
