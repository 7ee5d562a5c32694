"""Nobody works on somebody else's state."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from canon_sweep.errors import UsageFault
from canon_sweep.state.owner import check_owner, command_as

ARGV = ["/nix/store/x/bin/canon-sweep", "verify", "--config", "/etc/a b.toml"]


def somebody_elses(folder: Path) -> Path:
    """A folder of another user: root can give one away, others know one of root's."""
    if os.geteuid() != 0:
        return Path("/")
    folder.mkdir()
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    return folder


def test_ones_own_and_what_is_not_there_yet_may_be_used(tmp_path: Path) -> None:
    """A first command makes the folders."""
    check_owner([tmp_path, tmp_path / "none" / "yet"], ARGV)


@pytest.mark.host
def test_somebody_elses_state_is_refused_with_the_command_to_type(tmp_path: Path) -> None:
    """Root no less: what it makes there, the service cannot replace."""
    folder = somebody_elses(tmp_path / "state")
    owner = folder.owner()

    with pytest.raises(UsageFault) as fault:
        check_owner([tmp_path, folder], ARGV)

    assert fault.value.exit_code == 2
    assert f"{folder} belongs to {owner}" in fault.value.what
    assert "canon-sweep verify --config '/etc/a b.toml'" in fault.value.do


def test_reading_needs_no_owner(tmp_path: Path) -> None:
    """It leaves nothing behind."""
    check_owner([somebody_elses(tmp_path / "state")], ARGV, only_reads=True)


def test_the_command_is_one_that_can_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root needs no sudo; sudo forgets which configuration was meant."""
    monkeypatch.setenv("CANON_SWEEP_CONFIG", "/etc/other.toml")
    nobody = pwd.getpwnam("nobody").pw_uid

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert command_as(nobody, ["x", "verify"]) == "runuser -u nobody -- canon-sweep verify"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    wanted = "env CANON_SWEEP_CONFIG=/etc/other.toml canon-sweep verify"
    assert command_as(nobody, ["x", "verify"]) == f"sudo -u nobody {wanted}"
    assert command_as(0, ["x", "verify"]) == f"sudo {wanted}"
