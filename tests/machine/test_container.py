"""A machine is what the stories take it for, and no more of the host's than it may be."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from child import in_child
from machine.container import Container, DidNotStart

pytestmark = pytest.mark.machine


def test_a_command_is_roots_and_its_code_and_answer_come_back(machine: Container) -> None:
    """As the NixOS driver has it: bash, strict, stdout only."""
    assert machine.succeed("id -u") == "0\n"
    assert machine.succeed("hostname") == "machine\n"
    assert machine.execute("echo said; echo heard >&2; exit 7") == (7, "said\n")
    assert machine.execute("false; echo not reached") == (1, "")
    machine.fail("false | true")
    with pytest.raises(AssertionError, match="'exit 3' ended with 3"):
        machine.succeed("exit 3")
    with pytest.raises(AssertionError, match="ended with 0"):
        machine.fail("true")


def test_nothing_in_it_can_move_the_clock(machine: Container) -> None:
    """Neither its systemd nor a command of ours may set the time, which is the host's."""
    sys_time = 1 << 25
    for process in ("1", "self"):
        for kind in ("CapEff", "CapBnd"):
            asked = f"awk '/{kind}/ {{ print $2 }}' /proc/{process}/status"
            assert not int(machine.succeed(asked), 16) & sys_time, (process, kind)


def test_units_start_and_fail_as_systemd_says(machine: Container) -> None:
    """A unit is waited for; one that fails or that nobody starts is no endless wait."""
    folder = "/etc/systemd/system"
    machine.succeed(
        f"printf '[Service]\\nExecStart=/bin/sleep inf\\n' >{folder}/sleeps.service",
        f"printf '[Service]\\nType=oneshot\\nExecStart=/bin/false\\n' >{folder}/fails.service",
        "systemctl daemon-reload",
    )

    machine.succeed("systemctl start --no-block sleeps.service")
    machine.wait_for_unit("sleeps.service")

    machine.fail("systemctl start fails.service")
    with pytest.raises(AssertionError, match="is failed"):
        machine.wait_for_unit("fails.service")
    with pytest.raises(AssertionError, match="is inactive"):
        machine.wait_for_unit("nobody-starts.service")


def test_its_disk_survives_a_crash_and_an_orderly_end(machine: Container) -> None:
    """What was written is there at the next boot."""
    machine.succeed("echo kept >/var/lib/kept")

    machine.crash()
    machine.start()

    assert machine.succeed("cat /var/lib/kept") == "kept\n"
    machine.shutdown()
    machine.start()
    assert machine.succeed("cat /var/lib/kept") == "kept\n"


def test_nothing_of_it_is_left(machine: Container) -> None:
    """No process, no mount, no cgroup: also of what commands have left running."""
    # its bus takes longer than its first commands
    machine.wait_until_succeeds("systemd-run --quiet sleep 1000")
    machine.succeed("sleep 1000 >/dev/null 2>&1 &")
    cgroup = machine._cgroup
    folder = machine._folder
    assert "populated 1" in (cgroup / "cgroup.events").read_text()

    machine.crash()

    assert not cgroup.exists()
    assert str(folder) not in Path("/proc/self/mounts").read_text()
    lines = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _says(path, machine.name)]
    assert lines == []


def test_a_session_that_is_killed_takes_its_machines_with_it(machine: Container) -> None:
    """No machine runs on with nobody to end it."""

    def die() -> None:
        machine.start()
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(die) == -signal.SIGKILL

    deadline = time.monotonic() + 10
    while machine._cgroup.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # whoever ends it now is nobody's child


def test_a_machine_that_does_not_start_says_so(machine: Container) -> None:
    """With what its console said, and nothing is left of it."""
    broken = Container(f"{machine.name}-b", machine._folder / "broken", [machine._folder / "root"])

    with pytest.raises(DidNotStart, match=r"(?s)-b: .*\S"):
        broken.start()

    assert not broken._cgroup.exists()


def _says(path: Path, name: str) -> bool:
    try:
        return name in path.read_text(errors="replace")
    except OSError:
        return False
