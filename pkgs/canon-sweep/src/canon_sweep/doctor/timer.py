"""The timer that makes sweeps come by themselves, where this host's systemd has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from canon_sweep import systemd
from canon_sweep.core.checkup import Check, fail, ok, unknown, warn
from canon_sweep.core.names import plain
from canon_sweep.errors import HostFault

TIMER = "canon-sweep.timer"
SERVICE = "canon-sweep.service"
_SECONDS = 10.0
# systemd's own sign that it is process 1 here
_IS_HERE = Path("/run/systemd/system")
_NONE = "not-found"
_ANY = ("LoadState", "ActiveState", "Result")


def timer_checks() -> Iterator[Check]:
    """Whether a next sweep will come, and how the last one ended; nothing where there is none.

    Only a host with the module has these units: without them somebody else begins the sweeps.
    """
    if not _IS_HERE.is_dir():
        return
    try:
        timers = [*systemd.shown([TIMER], (*_ANY, "NextElapseUSecRealtime"), _SECONDS)]
        services = [*systemd.shown([SERVICE], _ANY, _SECONDS)]
    except HostFault as fault:
        yield unknown("timer", f"whether it is active: {fault.what}", fault.do)
        return
    for unit in timers:
        if unit["LoadState"] == "loaded":
            yield _timer(unit["ActiveState"], plain(unit["NextElapseUSecRealtime"]))
        elif unit["LoadState"] != _NONE:
            yield _unusable("timer", TIMER, unit["LoadState"])
    for unit in services:
        if unit["LoadState"] not in ("loaded", _NONE):
            yield _unusable("service", SERVICE, unit["LoadState"])
        elif unit["LoadState"] == "loaded":
            yield _service(unit["ActiveState"], plain(unit["Result"]))


def _unusable(subject: str, unit: str, load: str) -> Check:
    """One that is there, and that systemd does not start: masked, or with a mistake in it."""
    step = f"systemctl unmask {unit}" if load == "masked" else f"see: systemctl status {unit}"
    return fail(subject, f"{unit} is {plain(load)}: no sweep comes by itself", step)


def _timer(state: str, at: str) -> Check:
    if state == "active":
        return ok("timer", f"{TIMER} is active" + (f", next at {at}" if at else ""))
    found = f"{TIMER} is {plain(state)}: no sweep comes by itself"
    return fail("timer", found, f"systemctl start {TIMER}")


def _service(state: str, result: str) -> Check:
    if state in ("active", "activating"):
        return ok("service", "a run is at work now")
    if result in ("", "success"):
        return ok("service", f"{SERVICE} has not failed since the host came up")
    found = f"the last run of {SERVICE} failed ({result})"
    return warn("service", found, "canon-sweep status; journalctl -u canon-sweep")
