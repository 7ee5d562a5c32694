"""What happens in a Docker engine, as it tells those who listen."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from canon_sweep.engine.swarm.trouble import TROUBLE
from canon_sweep.errors import HostFault


class Event(msgspec.Struct, frozen=True):
    """Something that happened: ``container`` ``start``, ``service`` ``update``, ..."""

    kind: str
    action: str
    attributes: Mapping[str, str]


class Events:
    """The engine's events, read by a thread so that waiting can be bounded."""

    def __init__(self, host: str, stream: Any) -> None:
        self._host = host
        self._stream = stream
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="docker-events", daemon=True).start()

    def wait(self, concerns: Callable[[Event], bool], timeout: float) -> None:
        """Return at the next event that concerns the caller, or after ``timeout`` seconds.

        Raises:
            HostFault: the engine ended while it was listened to.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                event = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return
            if event is None:
                raise HostFault(f"Docker at {self._host} stopped in the middle")
            if concerns(event):
                return

    def close(self) -> None:
        """Unsubscribe."""
        with suppress(*TROUBLE, AttributeError):
            self._stream.close()

    def _read(self) -> None:
        with suppress(*TROUBLE, AttributeError, ValueError):
            for line in self._stream:
                attributes = line.get("Actor", {}).get("Attributes") or {}
                self._queue.put(Event(line.get("Type", ""), line.get("Action", ""), attributes))
        self._queue.put(None)
