"""A stand-in of a harness that writes our own form of a result, and lets us promote.

By environment: ``RECIPE``, ``TAG``, ``COMMIT``, ``BASE``, ``RUN``, ``CHECKOUT``, ``RESULT``.  What
a green run leaves is a stack of its own name, down, with one volume: see `standin.engine`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from standin import engine
from standin.behaviour import Behaviour, acts, chosen

TIERS = ("install", "custom", "backup", "restore", "upgrade")


def main() -> int:
    """One test."""
    recipe, tree = os.environ["RECIPE"], Path(os.environ["CHECKOUT"])
    behaviour = chosen(recipe, tree)
    print(f"testing {recipe} {os.environ['TAG']} in {tree}", flush=True)
    acts(behaviour, tree)
    if behaviour.word == "stack-left":
        engine.leave_up("note-abc123_ci_localhost")
    if behaviour.word == "hasty":
        engine.go_at_once("note-abc123_ci_localhost")
    result = _result(recipe, behaviour)
    statuses = {tier["status"] for tier in result["tiers"]}
    green = statuses <= {"pass", "n/a"}
    if green and behaviour.word != "hands-nothing-over":
        result |= _kept(recipe, behaviour)
    Path(os.environ["RESULT"]).write_text(json.dumps(result))
    return int(green) if behaviour.word == "contradicts" else int(not green)


def _result(recipe: str, behaviour: Behaviour) -> dict[str, Any]:
    base = os.environ["BASE"]
    tiers = []
    for tier in TIERS:
        status, reason = "pass", ""
        if tier == "upgrade" and not base:
            status, reason = "n/a", "there is no older release"
        if tier == behaviour.argument:
            status = {"red": "fail", "skips": "n/a", "cannot": "infra"}[behaviour.word]
            reason = "" if behaviour.word == "skips" else f"{tier} did not do"
        tiers.append({"tier": tier, "status": status, "reason": reason, "seconds": 0.1})
    return {
        "schema": "canon-sweep-1",
        "recipe": "another" if behaviour.word == "other-recipe" else recipe,
        "run": "another" if behaviour.word == "other-run" else os.environ["RUN"],
        "tag": os.environ["TAG"],
        "commit": os.environ["COMMIT"],
        "cold": behaviour.word != "warm",
        "base": base or None,
        "ended": datetime.now(UTC).isoformat(),
        "tiers": tiers,
        "images": {"app:1": "sha256:1"},
    }


def _kept(recipe: str, behaviour: Behaviour) -> dict[str, Any]:
    name = hashlib.sha256(os.environ["RUN"].encode()).hexdigest()[:6]
    stack = behaviour.argument if behaviour.word == "names" else f"kept-{name}_ci_localhost"
    volumes = [f"{stack}_data"]
    if behaviour.word != "loses":
        engine.make_volume(volumes[0], f"{recipe} {os.environ['TAG']}\n")
    if behaviour.word == "keeps-up":
        engine.leave_up(stack)
    return {"stack": stack, "domain": stack.replace("_", "."), "volumes": volumes}


if __name__ == "__main__":
    sys.exit(main())
