"""Asks a running app whether it does what it should."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec

from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import Fault, RecipeFault
from canon_sweep.harness.request import NotThereError, NotYetError, Request, bounded_request
from canon_sweep.settings.recipes import ExecProbe, HttpProbe, Probe, TcpProbe

ONE_TRY = 10.0
INTERVAL = 0.1
# the files of a release may say otherwise than those that a probe was written for
_RENAMED = "see the probe's service and port in the recipe's settings"


class RunningApp(msgspec.Struct, frozen=True):
    """The app that is asked: where it runs, its address to the world, its data's token."""

    engine: Engine
    stack: str
    domain: str
    exec_timeout: float

    @property
    def token(self) -> str:
        """What this app's seeded data is known by; no other stack has the same."""
        return self.stack.partition("_")[0]


def until_pass(probe: Probe, app: RunningApp, timeout: float) -> None:
    """Ask until a probe has passed, for ``timeout`` seconds.

    Raises:
        RecipeFault: it did not; it says which, what was answered last, and what the service said.
    """
    _retried(probe, app, timeout, NotYetError, min(ONE_TRY, timeout))


def perform(probe: Probe, app: RunningApp, timeout: float) -> None:
    """Do a probe's request once, as for data that must not be written twice.

    Only a connection that nobody accepts is tried again, for ``timeout`` seconds; a
    request that is accepted may take as long.

    Raises:
        RecipeFault: it was not answered as it should.
    """
    _retried(probe, app, timeout, NotThereError, timeout)


def _retried(
    probe: Probe, app: RunningApp, timeout: float, again: type[NotYetError], one_try: float
) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            _ask(probe, app, one_try)
        except NotYetError as problem:
            if not isinstance(problem, again) or time.monotonic() >= deadline:
                raise RecipeFault(
                    f"{describe(probe)}: {problem}{_last_words(probe, app)}"
                ) from None
        else:
            return
        # an app tells nobody when it begins to answer: there is no event to await
        time.sleep(INTERVAL)


def _last_words(probe: Probe, app: RunningApp) -> str:
    """What the service that did not answer as it should said last, if it said anything."""
    words = ""
    # they are lost with a service that runs no more, and that is told already
    with suppress(Fault):
        words = app.engine.last_words(app.stack, probe.service or "")
    return f"; {probe.service} said: {words}" if words else ""


def describe(probe: Probe) -> str:
    """A probe in a few words, for a reason or a log."""
    match probe:
        case HttpProbe(port=None):
            return f"{probe.method} {probe.service or ''}{probe.path}"
        case HttpProbe():
            return f"{probe.method} {probe.service}:{probe.port}{probe.path}"
        case TcpProbe():
            return f"tcp {probe.service}:{probe.port}"
        case ExecProbe():
            return f"exec {probe.service}: {' '.join(probe.command)}"


def _ask(probe: Probe, app: RunningApp, one_try: float) -> None:
    fill = _filler(app.token)
    match probe:
        case HttpProbe():
            _ask_http(probe, app, fill, one_try)
        case TcpProbe():
            _ask_tcp(probe, app, one_try)
        case ExecProbe():
            _ask_exec(probe, app, fill)


def _filler(token: str) -> Callable[[str], str]:
    return lambda text: text.replace("{token}", token)


def _ask_http(
    probe: HttpProbe, app: RunningApp, fill: Callable[[str], str], one_try: float
) -> None:
    host, port = _address(probe, app)
    request = Request(
        method=probe.method,
        url=f"http://{host}:{port}{fill(probe.path)}",
        headers={"Host": app.domain} | {k: fill(v) for k, v in probe.headers.items()},
        body=fill(probe.body).encode(),
    )
    status, body = bounded_request(request, one_try)
    if status not in probe.passing:
        passing = " or ".join(map(str, probe.passing))
        raise NotYetError(f"answered {status}, not {passing}{_shown(body)}")
    if fill(probe.contains) not in body:
        raise NotYetError(f"the answer does not contain {fill(probe.contains)!r}{_shown(body)}")


def _ask_tcp(probe: TcpProbe, app: RunningApp, one_try: float) -> None:
    address = _address(probe, app)
    deadline = time.monotonic() + one_try
    for number in range(1, probe.successes + 1):
        try:
            left = max(deadline - time.monotonic(), 0.001)
            socket.create_connection(address, timeout=left).close()
        except OSError as error:
            raise NotThereError(f"connection {number} of {probe.successes}: {error}") from error


def _ask_exec(probe: ExecProbe, app: RunningApp, fill: Callable[[str], str]) -> None:
    command = [fill(word) for word in probe.command]
    try:
        done = app.engine.execute(app.stack, probe.service, command, app.exec_timeout)
    except RecipeFault as fault:
        raise NotYetError(str(fault)) from fault
    if done.exit_code != 0:
        raise NotYetError(f"exit code {done.exit_code}{_shown(done.output)}")
    if fill(probe.contains) not in done.output:
        raise NotYetError(
            f"the output does not contain {fill(probe.contains)!r}{_shown(done.output)}"
        )


def _address(probe: HttpProbe | TcpProbe, app: RunningApp) -> tuple[str, int]:
    assert probe.service is not None, "it is aimed"
    assert probe.port is not None, "it is aimed"
    try:
        address = app.engine.address(app.stack, probe.service, probe.port)
    except RecipeFault as fault:
        raise NotThereError(f"{fault} ({_RENAMED})") from fault
    return address.host, address.port


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return f": {line[:120]}" if line else ""
