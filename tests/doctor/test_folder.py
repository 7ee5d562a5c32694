"""Folders: as a run would use them."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.doctor.folder import folder_checks
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.errors import HostFault, StateFault
from canon_sweep.mirror.sync import fetch_ref
from canon_sweep.settings.load import read
from canon_sweep.settings.records import Settings
from canon_sweep.state import lock
from child import in_child
from doctor.looking import SERVICE, SOMEBODY, are_clear, outcomes

RECIPES = {"notes": {"upstream": "file:///a", "mirror": "file:///b"}}
NOBODY = pwd.getpwnam("nobody").pw_uid
NOBODYS = Viewer("nobody", "nobody", "")


def settings(folder: Path, **keys: Any) -> Settings:
    own = {"stateDir": f"{folder}/state", "cacheDir": f"{folder}/cache", "engine": "local"}
    return read(own | {"recipes": RECIPES} | keys, "config.toml")


def test_folders_that_are_ours_are_well(tmp_path: Path) -> None:
    """The state is closed to others."""
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "cache").mkdir()

    assert outcomes(folder_checks(settings(tmp_path), SERVICE)) == {
        "stateDir": "ok",
        "cacheDir": "ok",
    }


def test_folders_that_are_not_there_yet_are_made_by_a_run(tmp_path: Path) -> None:
    """The first day is no fault, and nothing is made by looking."""
    checks = list(folder_checks(settings(tmp_path), SERVICE))

    assert outcomes(checks) == {"stateDir": "ok", "cacheDir": "ok"}
    assert "not there yet" in checks[0].found
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    """Apps say passwords in their logs."""
    (tmp_path / "state").mkdir(mode=0o755)

    checks = list(folder_checks(settings(tmp_path), SERVICE))

    assert outcomes(checks)["stateDir"] == "warn"
    assert "0755" in checks[0].found
    assert are_clear(checks)


def test_a_file_where_a_folder_has_to_be_is_a_fault(tmp_path: Path) -> None:
    """A run would say so only on Sunday."""
    (tmp_path / "state").write_text("")

    checks = list(folder_checks(settings(tmp_path), SERVICE))

    assert outcomes(checks)["stateDir"] == "fail"
    assert are_clear(checks)


@pytest.mark.host
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_folders_that_cannot_be_used_are_faults() -> None:
    """Somebody else's, and one that cannot be made."""

    def as_nobody(folder: Path) -> None:
        os.setuid(NOBODY)
        checks = list(folder_checks(settings(folder), SERVICE))
        assert outcomes(checks) == {"stateDir": "fail", "cacheDir": "fail"}
        assert are_clear(checks)
        assert "cannot make it" in checks[0].found
        assert "belongs to root" in checks[1].found

    # not below pytest's own folder, which is closed to others
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "cache").mkdir(mode=0o755)
        in_child(lambda: as_nobody(folder))


@pytest.mark.host
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_run_says_of_a_folder_that_it_cannot_make_what_doctor_says() -> None:
    """The setting, what is missing, and where; not what lies in it, nor whose the kernel thinks."""

    def as_nobody(folder: Path) -> None:
        os.setuid(NOBODY)
        state, cache = folder / "state", folder / "deep" / "cache"
        told = [
            fault_in(lock.held(state / "lock")),
            fault_in(lock.changing(state / "holds.json")),
            fault_in(fetched(cache / "recipes" / "one.git")),
        ]
        own = settings(folder, cacheDir=str(cache))
        checks = [f"{c.subject}: {c.found}; {c.do}" for c in folder_checks(own, NOBODYS)]
        assert [told[0], told[2]] == checks
        assert told[0] == told[1]
        step = "make it, and let it belong to nobody"
        assert checks == [
            f"stateDir: {state} is not there, and nobody cannot make it in {folder}; {step}",
            f"cacheDir: {cache.parent} is not there, and nobody cannot make it in {folder}; {step}",
        ]

    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        in_child(lambda: as_nobody(Path(name)))


def fault_in(opened: AbstractContextManager[object]) -> str:
    """What is said where something in a folder is about to be opened."""
    with pytest.raises(HostFault) as caught, opened:
        pass
    return str(caught.value)


@contextmanager
def fetched(clone: Path) -> Iterator[str]:
    """A ref of some upstream, in the cache."""
    yield fetch_ref("file:///a", clone, "main", credentials={}, timeout=60.0)


def test_a_file_above_a_folder_is_named(tmp_path: Path) -> None:
    """Nothing can be made in it, whoever tries."""
    (tmp_path / "srv").write_text("")

    with pytest.raises(StateFault) as caught, lock.held(tmp_path / "srv" / "state" / "lock"):
        pass

    assert caught.value.what == f"stateDir: {tmp_path / 'srv'} is no folder"


def test_what_the_owner_may_do_there_nobody_else_can_say(tmp_path: Path) -> None:
    """Never a yes for the service, because root may do whatever it likes."""
    (tmp_path / "state").mkdir(mode=0o700)

    checks = list(folder_checks(settings(tmp_path), SOMEBODY))

    assert outcomes(checks) == {"stateDir": "unknown", "cacheDir": "unknown"}
    assert all("sudo canon-sweep doctor" in check.do for check in checks)


def test_another_tools_canonicals_are_read(tmp_path: Path) -> None:
    """They are the harness's to make."""
    harness = {"command": ["true"], "promotes": True, "result": {"path": "/r/{run}/x"}}
    own = settings(tmp_path, canonicalsDir=f"{tmp_path}/warm", harness=harness)

    before = outcomes(folder_checks(own, SERVICE))["canonicalsDir"]
    (tmp_path / "warm").mkdir()
    after = outcomes(folder_checks(own, SERVICE))["canonicalsDir"]

    assert (before, after) == ("warn", "ok")
