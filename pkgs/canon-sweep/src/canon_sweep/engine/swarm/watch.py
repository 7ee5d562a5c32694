"""Waits for a state, driven by the engine's events."""

from __future__ import annotations

import time
from collections.abc import Callable

from canon_sweep.engine.swarm.api import Docker
from canon_sweep.engine.swarm.events import Event
from canon_sweep.engine.swarm.facts import NAMESPACE
from canon_sweep.engine.swarm.ready import Look


def until(docker: Docker, stack: str, look: Callable[[], Look], timeout: float) -> Look:
    """Look, and look again at each event of the stack, until nothing is waited for.

    Returns the last look, which still waits for something if ``timeout`` seconds are over.
    """
    deadline = time.monotonic() + timeout

    def concerns(event: Event) -> bool:
        # a health check is an exec; its outcome has an event of its own
        if event.kind == "container":
            ours = event.attributes.get(NAMESPACE) == stack
            return ours and not event.action.startswith("exec_")
        return event.attributes.get("name", "").startswith(f"{stack}_")

    # subscribed before the first look: nothing can happen unseen between the two
    with docker.events() as events:
        while True:
            seen = look()
            left = deadline - time.monotonic()
            if not seen.waiting or left <= 0:
                return seen
            events.wait(concerns, min(left, seen.again))
