"""`doctor` as an operator types it: what is printed, the exit code, and that nothing changes."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.cli import main
from canon_sweep.state import lock
from child import in_child
from cli import test_commands
from cli.test_commands import PROGRAM, answer, config, said
from cli.typed import Call
from stories.fleet import Fleet, toml

# a fixture
call = test_commands.call
NAMES = ("notes", "site")
OUTCOMES = {"ok", "warn", "fail", "unknown"}


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Two recipes, swept once, and mirrors that show main."""
    fleet = Fleet(tmp_path)
    for recipe in NAMES:
        fleet.publishes(recipe, "1.0.0+1")
    fleet.sweeps()
    return fleet


def everything(folder: Path) -> str:
    """A digest of all that is in a folder: names, modes, owners, times and content."""
    digest = hashlib.sha256()
    for path in sorted([folder, *folder.rglob("*")]):
        about = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        fields = (path, about.st_mode, about.st_uid, about.st_mtime_ns, about.st_ino, content)
        digest.update(repr(fields).encode())
    return digest.hexdigest()


def test_a_host_that_is_well_has_a_line_for_each_recipe(call: Call) -> None:
    """It is short as long as nothing is wrong."""
    done = call("doctor")

    assert done.returncode == 0, done.stdout
    lines = [line.strip() for line in done.stdout.splitlines()]
    # what the test's own configuration is warned of
    ends = [f"(host)  warn     recipes.{name}.expectedNA.upgrade: it has no end" for name in NAMES]
    assert all(map(str.startswith, lines[1:3], ends))
    assert [line.split(maxsplit=2) for line in lines[3:5]] == [
        ["notes", "ok", "in step with upstream"],
        ["site", "ok", "in step with upstream"],
    ]
    assert lines[5].startswith("2 recipes, ")
    assert lines[5].endswith(" checks: 2 to know of")


def test_every_check_is_in_the_json(call: Call) -> None:
    """What was asked, how it is, what was found and what to do."""
    done = call("doctor", "--json")

    result = answer(done)
    assert result.keys() == {"exit_code", "user", "totals", "host", "recipes"}
    checks = [*result["host"], *(each for one in result["recipes"] for each in one["checks"])]
    assert all(check.keys() == {"subject", "outcome", "found", "do"} for check in checks)
    assert result["totals"].keys() == OUTCOMES
    assert sum(result["totals"].values()) == len(checks)
    assert [one["recipe"] for one in result["recipes"]] == list(NAMES)
    assert all(one["enrolled"] for one in result["recipes"])
    step = {"main": "same", "new": 0, "moved": 0, "gone": 0}
    assert [one["behind"] for one in result["recipes"]] == [step, step]
    assert result["exit_code"] == done.returncode == 0


def test_it_changes_nothing(call: Call, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """State, cache, upstreams and mirrors are what they were, byte for byte; also where a
    mirror is behind, and where something is wrong.
    """
    fleet.publishes("notes", "1.1.0+1")
    shutil.rmtree(fleet.mirror("site"))
    (fleet.folder / "state").chmod(0o755)
    folders = [fleet.folder / name for name in ("state", "cache", "upstreams", "mirrors")]
    before = [everything(folder) for folder in folders]
    (fleet.folder / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(fleet.folder / "tmp"))

    done = call("doctor")

    assert done.returncode == 1
    assert [everything(folder) for folder in folders] == before
    assert list((fleet.folder / "tmp").iterdir()) == []


def test_a_host_without_a_folder_for_what_does_not_stay_is_one_line(
    call: Call, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk that is full, which is when somebody asks."""
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(fleet.folder / "none"))
        done = call("doctor")

    assert done.returncode == 1
    assert "no folder for what does not stay: No such file" in done.stderr
    assert "; see that it is there; $TMPDIR names another" in done.stderr
    assert done.stderr.count("\n") == 1


def test_only_what_is_not_well_is_told_at_length(call: Call, fleet: Fleet) -> None:
    """Which recipe, what of it, why, and the next step."""
    shutil.rmtree(fleet.mirror("site"))

    done = call("doctor")

    assert done.returncode == 1
    assert "site fail mirror: " in said(done)
    assert f"git init --bare {fleet.mirror('site')}" in said(done)
    assert "notes ok in step with upstream" in said(done)
    assert "2 failed, 1 unknown" in said(done)


def test_named_recipes_are_looked_at_alone(call: Call, fleet: Fleet) -> None:
    """With the host, which they all need."""
    shutil.rmtree(fleet.mirror("site"))

    done = call("doctor", "notes", "--json")

    assert done.returncode == 0
    assert [one["recipe"] for one in answer(done)["recipes"]] == ["notes"]
    assert call("doctor", "no-such-recipe").returncode == 2


def test_a_configuration_that_cannot_be_used_comes_first(call: Call, fleet: Fleet) -> None:
    """As `check` says it; nobody is asked."""
    fleet.options["engine"] = "abacus"

    done = call("doctor", "--json")

    assert done.returncode == 2
    assert answer(done)["error"]["code"] == "settings"


def test_it_runs_beside_a_sweep(call: Call, fleet: Fleet) -> None:
    """The lock is the sweep's, and is left alone."""
    with lock.held(fleet.folder / "state/lock"):
        done = call("doctor")

    assert done.returncode == 0, done.stdout


def test_an_override_without_an_end_is_warned_of(call: Call, fleet: Fleet) -> None:
    """As `check` has it, and no alarm."""
    done = call("doctor")
    assert "has no end" in said(done)
    assert done.returncode == 0


def test_a_record_that_cannot_be_read_is_a_fault(call: Call, fleet: Fleet) -> None:
    """A sweep would decide nothing without it."""
    (fleet.folder / "state/canonicals/notes/canonical.json").write_text("{")

    done = call("doctor")

    assert done.returncode == 1
    assert "state of notes" in said(done)


@pytest.mark.host
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_unprivileged_user_is_told_what_he_cannot_see(
    call: Call, fleet: Fleet, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown, with the command that would see it; no traceback, and nothing of it is a yes."""
    # whatever is imported on the way may be closed to others
    import rich.console  # noqa: F401, PLC0415

    call("doctor")
    nobody = pwd.getpwnam("nobody")

    # not below pytest's own folder, which is closed to others
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(fleet.folder, folder, dirs_exist_ok=True, symlinks=True)
        folder.chmod(0o755)
        fleet = replace(fleet, folder=folder, recipes=moved(fleet, folder))
        path = config(fleet)
        before = everything(folder / "state")

        def as_nobody() -> None:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            monkeypatch.setattr(sys, "argv", ["canon-sweep", "doctor", "--config", str(path)])
            with pytest.raises(SystemExit, match="1"):
                main()

        capfd.readouterr()
        in_child(as_nobody)
        printed = capfd.readouterr()

        said = " ".join(printed.out.split())
        assert "Traceback" not in printed.out + printed.err
        assert "the state belongs to root, and you are nobody" in said
        # once is enough
        assert said.count("type instead: sudo ") == 1
        assert "notes unknown mirror.push: " in said
        assert "fail " not in said
        assert everything(folder / "state") == before


def moved(fleet: Fleet, folder: Path) -> dict[str, dict[str, Any]]:
    """A fleet's recipes in another folder."""
    return {
        name: {
            "upstream": (folder / "upstreams" / f"{name}.git").as_uri(),
            "mirror": (folder / "mirrors" / f"{name}.git").as_uri(),
        }
        for name in fleet.recipes
    }


def test_a_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Whoever waits for a remote that says nothing need not; no process and no folder stays."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"git://127.0.0.1:{server.getsockname()[1]}"
        tree = {
            "stateDir": f"{tmp_path}/state",
            "cacheDir": f"{tmp_path}/cache",
            "engine": "local",
            "recipes": {"notes": {"upstream": f"{url}/up", "mirror": f"{url}/mirror"}},
        }
        (tmp_path / "config.toml").write_text(toml(tree))
        (tmp_path / "tmp").mkdir()
        command = [*PROGRAM, "doctor", "--config", str(tmp_path / "config.toml")]
        env = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
            server.settimeout(30)
            asked, _ = server.accept()
            process.terminate()
            said = process.communicate(timeout=20)[1]
            # whoever asked is gone: nobody has the other end any more
            asked.settimeout(20)
            while asked.recv(4096):
                pass
            asked.close()

    assert process.returncode == 1
    assert "SIGTERM" in said
    assert list((tmp_path / "tmp").iterdir()) == []
