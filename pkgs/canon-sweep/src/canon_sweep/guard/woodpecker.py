"""Woodpecker: one answer has all that runs or waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from canon_sweep.core.count import counted
from canon_sweep.guard.server import Server


class _Queue(msgspec.Struct):
    pending: list[dict[str, Any]]
    waiting_on_deps: list[dict[str, Any]]
    running: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Woodpecker:
    """A Woodpecker server; the token has to be an administrator's."""

    server: Server

    def in_flight(self) -> str | None:
        """How many workflows run and wait.

        Raises:
            WebFault: its queue cannot be had.
        """
        queue = self.server.ask("/api/queue/info", _Queue)
        waiting = len(queue.pending) + len(queue.waiting_on_deps)
        if not queue.running and not waiting:
            return None
        running = counted(len(queue.running), "running workflow")
        return f"{self.server.name} has {running}, and {waiting} waiting"
