"""A sweep starts, and speaks to, what its settings name: by the kernel's own account."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from canon_sweep.engine.local.keepers import STARTER
from mirror.servers import Daemon, HttpServer
from stories.fleet import RUNS, Fleet
from traced import traced

PROGRAM = [sys.executable, "-c", "from canon_sweep.entry import main; main()"]
SEED = re.compile(r'sh -c echo (note|site)-[0-9a-f]{6} > "\$DATA/token"')
CHECK = ("sh", "-c", 'cat "$DATA/token"')
SERVICE = ("sh", "-c", RUNS)

CONFIG = """
stateDir = "{folder}/state"
cacheDir = "{folder}/cache"
engine = "local"

[credentials."127.0.0.1:{http.port}"]
username = "sweeper"
tokenFile = "{http.token_file}"
"""
RECIPE = """
[recipes.{name}]
upstream = "{upstream}"
mirror = "{mirror}"

[[recipes.{name}.data.seed]]
type = "exec"
command = ['sh', '-c', 'echo {{token}} > "$DATA/token"']

[[recipes.{name}.data.check]]
type = "exec"
command = ['sh', '-c', 'cat "$DATA/token"']
contains = "{{token}}"
"""


def _unexpected(programs: tuple[tuple[str, ...], ...], state: Path) -> list[tuple[str, ...]]:
    """Those that are no starter of the local engine, and nothing of the recipe's or the probes'."""
    volumes = re.compile(f"{re.escape(str(state))}/local/volumes/[a-z0-9_-]+/token")
    found = []
    for command in programs:
        starts = command[: len(STARTER)] == STARTER
        reads = command[:1] == ("cat",) and volumes.fullmatch(" ".join(command[1:]))
        known = command in {SERVICE, CHECK, ("sleep", "1000")}
        if not (starts or known or reads or SEED.fullmatch(" ".join(command))):
            found.append(command)
    return found


@pytest.mark.host
def test_a_sweep_does_nothing_that_its_settings_do_not_name(fleet: Fleet, tmp_path: Path) -> None:
    """Two servers, the recipe's own command, those of the probes; at a no-op only servers."""
    command = [*PROGRAM, "run", "--config", str(tmp_path / "config.toml")]
    with (
        HttpServer.started(fleet.folder, tmp_path) as http,
        Daemon.started(fleet.folder) as daemon,
    ):
        config = CONFIG.format(folder=tmp_path, http=http)
        for name in ("notes", "site"):
            fleet.publishes(name, "1.0.0+1")
            fleet.publishes(name, "1.1.0+1")
            config += RECIPE.format(
                name=name,
                upstream=http.url(fleet.upstream(name)),
                mirror=daemon.url(fleet.mirror(name)),
            )
        (tmp_path / "config.toml").write_text(config)

        first = traced(command, tmp_path / "first")
        second = traced(command, tmp_path / "second")

    servers = {f"127.0.0.1:{http.port}", f"127.0.0.1:{daemon.port}"}
    assert first.exit_code == 0, first.output
    assert first.peers == servers
    assert len(first.programs) > 20
    assert _unexpected(first.programs, tmp_path / "state") == [tuple(command)]
    assert second.exit_code == 0, second.output
    assert second.peers == servers
    assert second.programs == (tuple(command),)
