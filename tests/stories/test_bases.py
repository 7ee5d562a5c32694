"""What an upgrade begins with: a base that is really up, with data of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.errors import GoneFault
from stories.engines import intercepted
from stories.fleet import CHECK, Fleet, compose

# takes connections once it has made its tables
PROGRAM = (
    'import os, socket, time; time.sleep({delay}); open(os.environ["DATA"] + "/tables", "a");'
    ' server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])));'
    " time.sleep(1000)"
)
LATE, PROMPT = PROGRAM.format(delay=0.5), PROGRAM.format(delay=0)
INTO_TABLES = {
    "type": "exec",
    "command": ["sh", "-c", 'test -e "$DATA/tables" && echo {token} > "$DATA/token"'],
}
PORT = {"type": "tcp", "service": "app", "port": 8080}


def listening(program: str, tag: str) -> dict[str, str]:
    """A recipe whose program takes connections."""
    tree = json.loads(compose("", tag))
    local = tree["services"]["app"]["x-canon-sweep"]
    local["command"] = ["{python}", "-c", program]
    local["environment"]["PORT"] = "{ports.8080}"
    return {"compose.yml": json.dumps(tree)}


@pytest.fixture
def late(fleet: Fleet) -> Fleet:
    """A release that takes its time, and one that upgrades it."""
    fleet.options["timeouts"] = {"probe": "10s"}
    fleet.commits("notes", "1.0.0+1", listening(LATE, "1.0.0+1"))
    fleet.commits("notes", "1.1.0+1", listening(PROMPT, "1.1.0+1"))
    return fleet


def test_a_base_is_given_data_only_when_it_answers(late: Fleet) -> None:
    """It takes none before, and would be called broken for it."""
    late.add("notes", probes=[PORT], data={"seed": [INTO_TABLES], "check": [CHECK]})

    entry = late.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED, entry.reason
    assert entry.base == "1.0.0+1"
    assert entry.broken_bases == ()


def test_a_base_need_not_have_what_a_probe_asks(late: Fleet) -> None:
    """Probes are about the release; a service that came later is not waited for."""
    late.commits("notes", "1.2.0+1", with_another(listening(PROMPT, "1.2.0+1")))
    late.add("notes", probes=[PORT, PORT | {"service": "web"}], upgradeBase="1.1.0+1")

    entry = late.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED, entry.reason
    assert entry.base == "1.1.0+1"


def test_a_base_whose_image_is_gone_is_broken(late: Fleet) -> None:
    """Nobody can deploy it any more; the releases that came after it can be."""
    late.commits("notes", "1.2.0+1", listening(PROMPT, "1.2.0+1"))
    late.add("notes", probes=[PORT])

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "prepare" and arguments[0].version == "1.1.0+1":
            raise GoneFault("it is gone")

    late.wrap = lambda engine: intercepted(engine, before)

    entry = late.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTED, entry.reason
    assert entry.base == "1.0.0+1"
    assert [(base.tag, base.reason) for base in entry.broken_bases] == [("1.1.0+1", "it is gone")]


def with_another(files: dict[str, str]) -> dict[str, str]:
    """The same with one more service of the kind."""
    tree = json.loads(files["compose.yml"])
    tree["services"]["web"] = tree["services"]["app"] | {"volumes": []}
    local = tree["services"]["web"]["x-canon-sweep"]
    tree["services"]["web"]["x-canon-sweep"] = local | {
        "environment": {"PORT": "{ports.8080}", "DATA": "."}
    }
    return {"compose.yml": json.dumps(tree)}
