"""A fleet whose recipes run on either engine, and say what they were deployed with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crash.swarm_fleet import promptly
from engine.docker_host import BUSYBOX
from stories.fleet import Fleet

SAYS = "said "


def compose(tag: str, says: Mapping[str, str], **more: Any) -> str:
    """A compose file of one service, which says these values and rests; ``more`` is of it."""
    told = " ".join(f"{name}=$${name}" for name in says)
    program = f'echo "{SAYS}{tag} {told}"; exec sleep 1000'
    service: dict[str, Any] = {
        "image": BUSYBOX,
        "command": ["sh", "-c", program],
        "environment": {"DATA": "/data", **says},
        "volumes": ["data:/data"],
        "stop_grace_period": "100ms",
        "deploy": promptly(tag),
        "x-canon-sweep": {
            "command": ["sh", "-c", program],
            "environment": {"DATA": "{volumes.data}"},
        },
    }
    # JSON is YAML
    return json.dumps({"services": {"app": service | more}, "volumes": {"data": {}}})


def said(fleet: Fleet, recipe: str = "notes") -> list[str]:
    """What the recipe's deployments of the last run said, in order, each once in a row."""
    log = fleet.folder / "state" / "runs" / "latest" / f"{recipe}.log"
    lines = log.read_text().splitlines()
    found = [line.partition(SAYS)[2].strip() for line in lines if SAYS in line]
    return [line for number, line in enumerate(found) if found[number - 1 : number] != [line]]
