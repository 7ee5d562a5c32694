"""A process that is struck at a moment that the Docker Engine tells of."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from child import forked

# what an engine tells of, and changes nothing: probes ask again and again
_NO_STEP = ("exec_", "health_status", "top")
# images are there before, and a node that has lost its engine often enough tells of itself for ever
_NO_KIND = ("image", "node")


def strike(
    host: str, work: Callable[[], object], moment: int, blow: Callable[[int], object]
) -> str:
    """Do the work in a child, and strike it at the n-th moment, from 1 on.

    What the moment was; empty where the work was done before it came.
    """
    struck = ""
    with _told(host) as events:
        pid = forked(work)
        for number, event in enumerate(_until_end(events, pid), start=1):
            if number == moment:
                struck = event
                blow(pid)
                break
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == 0 or (struck and code == -signal.SIGKILL), code
    return struck


def kill(pid: int) -> None:
    """As a crash, or somebody's `kill -9`, would."""
    os.kill(pid, signal.SIGKILL)


@contextmanager
def _told(host: str) -> Iterator[int]:
    """What the engine tells from now on, a line an event: a descriptor to read it from."""
    form = "{{.Type}} {{.Action}}"
    command = ["docker", "-H", host, "events", "--since", f"{time.time():.9f}", "--format", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as events:
        assert events.stdout is not None
        try:
            yield events.stdout.fileno()
        finally:
            events.kill()


def _until_end(events: int, pid: int) -> Iterator[str]:
    """Each step that the engine tells of, while the process runs."""
    ends = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(events, select.POLLIN)
    poller.register(ends, select.POLLIN)
    begun = b""
    try:
        while True:
            ready = {descriptor for descriptor, _ in poller.poll()}
            if events in ready:
                *lines, begun = (begun + os.read(events, 65536)).split(b"\n")
                yield from filter(_is_step, map(bytes.decode, lines))
            elif ends in ready:
                return
    finally:
        os.close(ends)


def _is_step(event: str) -> bool:
    kind, _, action = event.partition(" ")
    return kind not in _NO_KIND and not action.startswith(_NO_STEP)
