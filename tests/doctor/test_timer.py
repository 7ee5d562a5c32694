"""The timer, by a program that plays systemctl; a machine's own is asked in the stories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from canon_sweep.core.checkup import Check
from canon_sweep.doctor import timer
from doctor.looking import are_clear, outcomes

NEXT = "NextElapseUSecRealtime=Sun 2026-12-06 03:00:00 UTC"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host that systemd has booted."""
    monkeypatch.setattr(timer, "_IS_HERE", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def shows(folder: Path, of_timer: str, of_service: str) -> list[Check]:
    """What is found where systemd says this; a stand-in for it."""
    program = folder / "systemctl"
    program.write_text(
        f"""#!/bin/sh
for word; do :; done
case $word in
  canon-sweep.timer) printf '%s\\n' {of_timer} ;;
  canon-sweep.service) printf '%s\\n' {of_service} ;;
esac
"""
    )
    program.chmod(0o755)
    checks = list(timer.timer_checks())
    assert are_clear(checks)
    return checks


def state(load: str, active: str, result: str = "success", *more: str) -> str:
    lines = (f"LoadState={load}", f"ActiveState={active}", f"Result={result}", *more)
    return " ".join(f"'{line}'" for line in lines)


def test_a_timer_that_is_active_says_when(folder: Path) -> None:
    """And the last run has gone well."""
    found = shows(folder, state("loaded", "active", "success", NEXT), state("loaded", "inactive"))

    assert outcomes(found) == {"timer": "ok", "service": "ok"}
    assert "Sun 2026-12-06 03:00:00 UTC" in found[0].found


def test_a_timer_that_is_not_active_is_a_fault(folder: Path) -> None:
    """The hollow sweep again: every night would look green."""
    dead = state("loaded", "inactive", "success", "NextElapseUSecRealtime=")

    found = shows(folder, dead, state("loaded", "failed", "exit-code"))

    assert outcomes(found) == {"timer": "fail", "service": "warn"}
    assert "exit-code" in found[1].found


@pytest.mark.parametrize(
    ("load", "step"), [("masked", "unmask canon-sweep."), ("bad-setting", "status canon-sweep.")]
)
def test_units_that_systemd_does_not_start_are_a_fault(folder: Path, load: str, step: str) -> None:
    """They are there, as if they were not: nothing said would look like a yes."""
    of_timer = state(load, "inactive", "success", "NextElapseUSecRealtime=")

    found = shows(folder, of_timer, state(load, "inactive"))

    assert outcomes(found) == {"timer": "fail", "service": "fail"}
    assert all(step in check.do for check in found)


def test_without_the_units_nothing_is_said(folder: Path) -> None:
    """Somebody else begins the sweeps there, or nobody does yet."""
    none = state("not-found", "inactive", "success", "NextElapseUSecRealtime=")

    assert shows(folder, none, state("not-found", "inactive")) == []


def test_a_systemd_that_cannot_be_asked_is_unknown(folder: Path) -> None:
    """Never a yes."""
    found = shows(folder, "'nonsense'", "'nonsense'")

    assert outcomes(found) == {"timer": "unknown"}


def test_where_systemd_has_not_booted_the_host_it_is_not_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container has no timers."""
    monkeypatch.setattr(timer, "_IS_HERE", folder / "none")

    assert list(timer.timer_checks()) == []
