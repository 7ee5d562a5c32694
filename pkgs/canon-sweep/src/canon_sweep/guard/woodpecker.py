"""Woodpecker: one answer has all that runs or waits."""

from __future__ import annotations

from typing import Any

import msgspec

from canon_sweep.core.count import counted
from canon_sweep.guard.server import Server


class _Stats(msgspec.Struct):
    pending_count: int = 0
    waiting_on_deps_count: int = 0
    running_count: int = 0


class _Queue(msgspec.Struct):
    pending: list[dict[str, Any]]
    waiting_on_deps: list[dict[str, Any]]
    running: list[dict[str, Any]]
    stats: _Stats = msgspec.field(default_factory=_Stats)

    @property
    def at_work(self) -> int:
        """How many run; lists and counts are asked both, and the greater counts."""
        return max(len(self.running), self.stats.running_count)

    @property
    def waiting(self) -> int:
        """How many wait, for a worker or for others."""
        counted = self.stats.pending_count + self.stats.waiting_on_deps_count
        return max(len(self.pending) + len(self.waiting_on_deps), counted)


class Woodpecker(msgspec.Struct, frozen=True):
    """A Woodpecker server; the token has to be an administrator's."""

    server: Server

    def in_flight(self) -> str | None:
        """How many workflows run and wait.

        Raises:
            WebFault: its queue cannot be had.
        """
        queue = self.server.ask("/api/queue/info", _Queue)
        if queue.at_work <= 0 and queue.waiting <= 0:
            return None
        running = counted(queue.at_work, "running workflow")
        return f"{self.server.name} has {running}, and {queue.waiting} waiting"
