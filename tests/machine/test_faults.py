"""A fault in the module's texts turns a story red: the stories see what they are for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from machine.container import Container
from stories import promote, timer

pytestmark = pytest.mark.machine

UNITS = Path("etc/systemd/system")
SERVICE, TIMER = "canon-sweep.service", "canon-sweep.timer"


def plant(node: Container, unit: str, line: str, other: str) -> None:
    """Change a line of a unit on the disk of a machine that is off."""
    path = node.disk / UNITS / unit
    text, found = re.subn(f"^{line}$", other, path.read_text(), flags=re.MULTILINE)
    assert found == 1
    path.write_text(text)


@pytest.mark.parametrize(
    ("line", "other", "seen"),
    [
        ("ExecStart=.*", "ExecStart=/nowhere/bin/canon-sweep run", "status=203/EXEC|No such file"),
        ("CacheDirectory=canon-sweep", "", "Read-only file system|cannot be"),
        ("RestrictAddressFamilies=AF_INET", "", "notes error/sync"),
    ],
    ids=["wrong-path", "nowhere-to-write", "no-network"],
)
def test_a_service_that_cannot_do_its_work(
    node: Container, line: str, other: str, seen: str
) -> None:
    """A path that is not there, a folder that it may not write to, a network it may not use."""
    plant(node, SERVICE, line, other)

    with pytest.raises(AssertionError):
        promote.story(node)

    assert re.search(seen, node.succeed("journalctl --no-pager --unit canon-sweep.service"))
    assert node.succeed("ls /var/lib/canon-sweep/canonicals 2>/dev/null || true") == ""


@pytest.mark.parametrize(
    ("line", "other", "seen"),
    [
        ("Persistent=true", "Persistent=false", "InvocationID .* never ended with 0"),
        ("OnCalendar=Sun .*", "OnCalendar=daily", "the next sweep is at .* 00:00:00 "),
    ],
    ids=["forgets", "another-day"],
)
def test_a_timer_that_is_not_as_promised(node: Container, line: str, other: str, seen: str) -> None:
    """It forgets a missed week, or fires on another day."""
    plant(node, TIMER, line, other)
    node.patience = 40.0

    with pytest.raises(AssertionError, match=seen):
        timer.story(node)


def test_a_timer_that_nobody_starts(node: Container) -> None:
    """It is there, and would never fire."""
    (node.disk / UNITS / "timers.target.wants" / TIMER).unlink()

    with pytest.raises(AssertionError, match=f"{TIMER} is inactive"):
        timer.story(node)
