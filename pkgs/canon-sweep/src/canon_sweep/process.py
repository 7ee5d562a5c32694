"""The one door to other programs.

Commands are argument vectors, never shell text, so that no text from a git
repository is ever interpreted.  The environment is given in full: a child sees
nothing of ours that it was not handed.
"""

from __future__ import annotations

import math
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from canon_sweep import interrupt
from canon_sweep.core import denial
from canon_sweep.errors import HostFault

Child = subprocess.Popen[bytes]

MAX_OUTPUT = 1024 * 1024
# between SIGTERM and SIGKILL, in seconds
GRACE = 2.0
_CHUNK = 64 * 1024
# milliseconds, which the kernel counts in 32 bits
_LONGEST_POLL = 2**31 - 1
# more than the largest pipe that the kernel gives to anybody but root
_MOST_DRAINED = 2 * 1024 * 1024


class Completed(msgspec.Struct, frozen=True):
    """What a command answered; ``output`` is stdout and stderr as they came."""

    exit_code: int
    output: str


class LateFault(HostFault):
    """A command that took longer than it may; ``output`` is what it had said, as of `Completed`."""

    def __init__(self, what: str, output: str) -> None:
        super().__init__(what)
        self.output = output


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    timeout: float,
    cwd: Path | None = None,
) -> Completed:
    """Run a command to its end, and end what it left in its process group.

    ``timeout`` is in seconds.  Of a longer output the last `MAX_OUTPUT` bytes are kept.

    Raises:
        HostFault: the program is missing.
        LateFault: it took longer than ``timeout``.
    """
    said = _Tail(MAX_OUTPUT)
    # a signal that came between the fork and its name would leave it running
    with interrupt.Deferred() as deferred:
        child = _started(command, env, cwd)
        assert child.stdout is not None
        ended = False
        try:
            with interrupt.Lifted(deferred):
                ended = listen(child, child.stdout.fileno(), timeout, said.add)
        finally:
            # also when we are interrupted: what we started does not outlive us
            code = _end_group(child, at_once=ended)
    if not ended:
        raise LateFault(f"{command[0]} did not end within {timeout:g} s", said.text())
    return Completed(code, said.text())


def _started(
    command: Sequence[str], env: Mapping[str, str], cwd: Path | None
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(command),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        what = f"{command[0]} cannot be run: {error.strerror}"
        raise HostFault(what, do=denial.remedy(error.errno)) from error


class _Tail:
    """The end of what was said, however much that was."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = bytearray()
        self._dropped = 0

    def add(self, part: bytes) -> None:
        self._kept += part
        # now and then, not at each part: moving the rest costs
        if len(self._kept) > 2 * self._most:
            self._cut()

    def text(self) -> str:
        self._cut()
        before = f"({self._dropped} bytes before)\n" if self._dropped else ""
        return before + self._kept.decode("utf-8", "replace")

    def _cut(self) -> None:
        extra = max(0, len(self._kept) - self._most)
        del self._kept[:extra]
        self._dropped += extra


def listen(
    child: Child,
    output: int,
    seconds: float,
    hear: Callable[[bytes], None],
    *,
    look: float = math.inf,
    idle: Callable[[], None] = lambda: None,
) -> bool:
    """Hear what a child says until it has ended; False if that takes too long.

    The end of its output does not count: something that it started may hold the pipe.
    ``idle`` is called whenever nothing was said for ``look`` seconds.
    """
    deadline = time.monotonic() + seconds
    descriptor = os.pidfd_open(child.pid)
    try:
        poller = select.poll()
        poller.register(output, select.POLLIN)
        poller.register(descriptor, select.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            ready = {number for number, _ in poller.poll(milliseconds(min(left, look)))}
            if descriptor in ready:
                drain(output, hear)
                return True
            if output in ready and not _heard(output, hear):
                poller.unregister(output)
            if not ready:
                idle()
        return False
    finally:
        os.close(descriptor)


def drain(output: int, hear: Callable[[bytes], None]) -> None:
    """Hear what was said already; at most a pipe's worth, as others may still write."""
    os.set_blocking(output, False)
    for _ in range(_MOST_DRAINED // _CHUNK):
        if not _heard(output, hear):
            return


def _heard(output: int, hear: Callable[[bytes], None]) -> bool:
    """Read once; False at the end, which a terminal without anybody at it tells by an error."""
    try:
        part = os.read(output, _CHUNK)
    except OSError:
        return False
    if part:
        hear(part)
    return bool(part)


def _end_group(child: subprocess.Popen[bytes], *, at_once: bool) -> int:
    """End a child's whole process group and return the child's exit code.

    The child is waited for last: until then nobody else can get its number.
    """
    assert child.stdout is not None
    child.stdout.close()
    if not at_once:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        await_end(os.pidfd_open(child.pid), GRACE)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


def await_end(descriptor: int, seconds: float) -> None:
    """Wait until the process of a pidfd has ended, at most so long; the descriptor is closed."""
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        poller.poll(milliseconds(seconds))
    finally:
        os.close(descriptor)


def milliseconds(seconds: float) -> float:
    """A time to wait as the kernel's `poll` takes it: 1 ms at least, 24 days at most."""
    return min(max(1.0, seconds * 1000), _LONGEST_POLL)


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    output: IO[bytes],
    stdin: IO[bytes] | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command in a session and process group of its own and return at once.

    Without ``stdin`` there is nothing for it to read.  The child inherits the file
    descriptors of ``pass_fds`` and no others.

    Raises:
        OSError: the program cannot be started.
    """
    return subprocess.Popen(
        list(command),
        env=dict(env),
        cwd=cwd,
        stdin=stdin or subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=tuple(pass_fds),
    )
