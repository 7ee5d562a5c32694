"""Waits for services of the local engine: an exit is noticed at once, readiness within 50 ms."""

from __future__ import annotations

import os
import re
import select
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec

from canon_sweep import process
from canon_sweep.engine.local import log as local_log
from canon_sweep.engine.local import process as local_process
from canon_sweep.engine.local.plan import Ready
from canon_sweep.engine.local.state import Running
from canon_sweep.errors import RecipeFault

# the first look comes soon, for a program that is up at once, and the others ever later
FIRST_TICK = 0.004
TICK = 0.05
PROBE_TIMEOUT = 2.0
# of a service that does not say when it is ready, only that it does not fall at once is known
SETTLE = 0.2

_STATUS = re.compile(rb"HTTP/1\.[01] 200\b")


class Watch(msgspec.Struct):
    """The services of one deployment while somebody waits for them.

    ``pending`` are not ready yet, ``ended`` have exited as they may; ``begun`` has
    when a program was first seen to run.
    """

    services: Mapping[str, Running]
    logs: Path
    deadline: float
    pending: set[str] = msgspec.field(default_factory=set)
    ended: set[str] = msgspec.field(default_factory=set)
    begun: dict[str, float] = msgspec.field(default_factory=dict)

    def wait(self) -> None:
        """Return when every service is ready.

        Raises:
            RecipeFault: a service ended, or not all were ready at the deadline.
        """
        self.pending = set(self.services)
        tick = FIRST_TICK
        while True:
            self._note_exits()
            for name in sorted(self.pending):
                if self._is_ready(name):
                    self.pending.discard(name)
            if not self.pending:
                # one that answered and fell in the same instant is not ready
                self._note_exits()
                return
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise self._late()
            self._sleep(min(tick, left))
            tick = min(2 * tick, TICK)

    def _is_ready(self, name: str) -> bool:
        running = self.services[name]
        if not local_process.is_up(running.identity):
            return False
        if running.ready is not None:
            return _answers_as_wanted(running, running.ready, self.deadline)
        began = self.begun.setdefault(name, time.monotonic())
        return time.monotonic() - began >= SETTLE

    def _sleep(self, seconds: float) -> None:
        """Until a service ends, ``seconds`` at most."""
        with ExitStack() as open_until:
            poller = select.poll()
            for name in self.services.keys() - self.ended:
                descriptor = local_process.watch(self.services[name].identity)
                if descriptor is None:
                    return
                open_until.callback(os.close, descriptor)
                poller.register(descriptor, select.POLLIN)
            poller.poll(process.milliseconds(seconds))

    def _note_exits(self) -> None:
        for name in sorted(self.services.keys() - self.ended):
            running = self.services[name]
            if local_process.runs(running.identity):
                continue
            code = local_process.exit_code(running.identity)
            may_end = name not in self.pending or running.ready is None
            if code != 0 or not may_end:
                raise RecipeFault(f"service {name} {_how_it_ended(code)}{self._said(name)}")
            self.pending.discard(name)
            self.ended.add(name)

    def _late(self) -> RecipeFault:
        waits = ", ".join(
            f"{name} ({_wanted(self.services[name])})" for name in sorted(self.pending)
        )
        said = "".join(self._said(name) for name in sorted(self.pending))
        return RecipeFault(f"not ready in time: {waits}{said}")

    def _said(self, name: str) -> str:
        lines = local_log.last_lines(self.logs, name, self.services[name].log_from)
        return f"; its log ends: {lines}" if lines else "; its log is empty"


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "ended (another process started it, so its exit code is not known)"
    if code < 0:
        return f"was killed by signal {-code}"
    return f"ended with exit code {code}"


def _wanted(running: Running) -> str:
    ready = running.ready
    if ready is None:
        return "still running after its start"
    if ready.path is None:
        return f"an open port {ready.port}"
    return f"status 200 of {ready.path} at port {ready.port}"


def _answers_as_wanted(running: Running, ready: Ready, deadline: float) -> bool:
    bound = min(deadline, time.monotonic() + PROBE_TIMEOUT)
    try:
        return _answers(running.ports[ready.port], ready.path, bound)
    except OSError:
        return False


def _answers(port: int, path: str | None, bound: float) -> bool:
    """Whether the port accepts or, with a path, answers 200 before ``bound``.

    By hand, because an HTTP client bounds each read and a service that drips
    bytes would hold up the sweep for ever.
    """
    with socket.create_connection(("127.0.0.1", port), _left(bound)) as connection:
        if path is None:
            return True
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode("ascii"))
        answer = b""
        while len(answer) < 13:
            connection.settimeout(_left(bound))
            part = connection.recv(1024)
            if not part:
                return False
            answer += part
        return _STATUS.match(answer) is not None


def _left(bound: float) -> float:
    return max(0.001, bound - time.monotonic())
