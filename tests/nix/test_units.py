"""The rendered units, as systemd reads them."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from canon_sweep.settings.load import load
from canon_sweep.state.store import State
from host import needs
from nix.rendered import HOSTS, RENDERED, settings_of, text_of, units

# tenths: what systemd calls an exposure of 1.5
EXPOSURE = 15


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> str:
    """Each host whose texts are kept."""
    name: str = request.param
    return name


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Ask systemd-analyze, which needs no boot."""
    program = needs("systemd-analyze")
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def written(host: str, folder: Path) -> list[Path]:
    """The units of a host as files of their own."""
    for name in units(host):
        (folder / name).write_text(text_of(host, f"systemd/{name}"))
    return sorted(folder.iterdir())


def test_units_are_what_systemd_knows(host: str, tmp_path: Path) -> None:
    """It exits with 0 on a key that it does not know, and only says so."""
    done = analyze("verify", "--man=no", *written(host, tmp_path))

    assert (done.returncode, done.stderr) == (0, "")


def test_a_key_that_systemd_does_not_know_would_be_seen(tmp_path: Path) -> None:
    """So that the test above cannot pass by not looking."""
    for path in written("machine", tmp_path):
        path.write_text(path.read_text().replace("ProtectSystem=", "ProtectSytem="))

    done = analyze("verify", "--man=no", *sorted(tmp_path.iterdir()))

    assert "ProtectSytem" in done.stderr


def test_services_may_do_little(host: str, tmp_path: Path) -> None:
    """An exposure of at most 1.5, of 10."""
    services = [path for path in written(host, tmp_path) if path.suffix == ".service"]

    for service in services:
        words = ("security", "--offline=true", f"--threshold={EXPOSURE}", service)
        done = analyze(*words)
        assert done.returncode == 0, done.stdout.splitlines()[-1]
    assert services


def test_a_week_has_its_sweep(host: str) -> None:
    """Each time can be read, and one that was missed is caught up."""
    timer = settings_of(text_of(host, "systemd/canon-sweep.timer"), "Timer")

    assert timer["Persistent"] == ["true"]
    for time in timer["OnCalendar"]:
        assert analyze("calendar", time).returncode == 0, time


def test_the_service_ends_as_the_timer_expects(host: str) -> None:
    """Deferred is no failure, and what a killed run leaves is cleaned up at once."""
    service = settings_of(text_of(host, "systemd/canon-sweep.service"), "Service")

    assert service["Type"] == ["oneshot"]
    assert service["SuccessExitStatus"] == ["75"]
    assert service["ExecStart"][0].endswith("/bin/canon-sweep run")
    assert service["ExecStopPost"][0].endswith("/bin/canon-sweep recover")


def test_a_resume_is_the_sweep_with_another_word(host: str) -> None:
    """It may do what a sweep may, fails as loudly, and waits for one that is on."""
    sweep, resume = (
        text_of(host, f"systemd/{name}.service") for name in ("canon-sweep", "canon-sweep-resume")
    )
    told, own = settings_of(sweep, "Unit"), settings_of(resume, "Unit")

    assert settings_of(resume, "Service") == settings_of(sweep, "Service") | {
        "ExecStart": [f"{settings_of(sweep, 'Service')['ExecStart'][0]} --resume"]
    }
    assert own.get("OnFailure") == told.get("OnFailure")
    after = own["After"][0].split()
    assert after == [*told["After"][0].split(), "canon-sweep.service"]
    # both at once would wait for each other for ever
    assert "canon-sweep-resume" not in sweep


def test_half_an_hour_is_begun_only_while_something_is_due(host: str) -> None:
    """A file says so to systemd; without it no program is started, and no line is written."""
    path = settings_of(text_of(host, "systemd/canon-sweep-resume.path"), "Path")
    timer = settings_of(text_of(host, "systemd/canon-sweep-resume.timer"), "Timer")
    unit = settings_of(text_of(host, "systemd/canon-sweep-resume.service"), "Unit")

    mark = State.of(load(RENDERED / host / "config.toml")).waiting.mark
    assert path == {"PathExists": [str(mark)], "Unit": ["canon-sweep-resume.timer"]}
    assert unit["ConditionPathExists"] == [str(mark)]
    assert timer == {"OnActiveSec": ["30min"], "RemainAfterElapse": ["false"]}


def test_prune_is_the_sweep_with_another_word(host: str) -> None:
    """It may do as little, a sweep that is on is no failure of its, and a sweep waits for it."""
    sweep, prune = (
        settings_of(text_of(host, f"systemd/{name}.service"), "Service")
        for name in ("canon-sweep", "canon-sweep-prune")
    )
    told = settings_of(text_of(host, "systemd/canon-sweep.service"), "Unit")
    own = settings_of(text_of(host, "systemd/canon-sweep-prune.service"), "Unit")

    assert prune["ExecStart"][0].endswith("/bin/canon-sweep prune")
    assert prune["SuccessExitStatus"] == ["75"]
    assert {key for key in sweep if sweep[key] != prune.get(key)} == {
        "ExecStart",
        "TimeoutStartSec",
    }
    # a sweep that found the lock taken would be gone for the week
    assert "canon-sweep-prune.service" in told["After"][0].split()
    assert "canon-sweep" not in own["After"][0]
    # what it leaves to a person has to reach one
    assert own.get("OnFailure") == told.get("OnFailure")


def test_prune_has_its_times(host: str) -> None:
    """Where it has any: the machine of the clock's stories has none."""
    name = "systemd/canon-sweep-prune.timer"
    if host == "local":
        assert not (RENDERED / host / name).exists()
        return
    timer = settings_of(text_of(host, name), "Timer")

    assert timer["Persistent"] == ["true"]
    assert all(analyze("calendar", time).returncode == 0 for time in timer["OnCalendar"])


def test_the_configuration_is_sound(host: str) -> None:
    """systemd's limit is a little over the program's own, and it may write where it must."""
    settings = load(RENDERED / host / "config.toml")
    service = settings_of(text_of(host, "systemd/canon-sweep.service"), "Service")

    assert settings.enrolled(date(2026, 12, 1))
    own = f"{settings.max_runtime / 3600:g}h"
    assert service["TimeoutStartSec"] == [f"{own} 30min"]
    assert [f"/var/lib/{name}" for name in service["StateDirectory"]] == [str(settings.state_dir)]
    assert [f"/var/cache/{n}" for n in service["CacheDirectory"]] == [str(settings.cache_dir)]


def test_every_secret_is_handed_over(host: str) -> None:
    """What the configuration names is what systemd loads, and no path of it is in there."""
    settings = load(RENDERED / host / "config.toml")
    service = settings_of(text_of(host, "systemd/canon-sweep.service"), "Service")
    guard = settings.guard
    servers = (server for server in (guard.drone, guard.woodpecker) if server is not None)
    named = (
        {server.token_file.name for server in servers}
        | ({settings.forge.token_file.name} if settings.forge else set())
        | {
            file.name
            for each in settings.credentials.values()
            for file in (each.token_file, each.ssh_key_file, each.ssh_passphrase_file)
            if file is not None
        }
        | {each.password_file.name for each in settings.registries.values()}
        | {file.name for each in settings.recipes.values() for file in each.env_files.values()}
    )

    assert {line.partition(":")[0] for line in service.get("LoadCredential", [])} == named


def test_no_text_depends_on_who_built_it(host: str) -> None:
    """A store path would make the text another one on each release."""
    for path in (RENDERED / host).rglob("*"):
        assert path.is_dir() or "/nix/store" not in path.read_text(), path
