"""Every engine keeps the promises of `contract`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from canon_sweep.engine.local.engine import LocalEngine
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.ready import Limits
from engine.contract import Bench, Promises
from engine.swarm_fixture import SWARMS

STACK = "note-1a2b3c_ci_localhost"


@pytest.fixture(params=["local", *SWARMS])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A recipe and an engine that is empty before and after the test."""
    engine: LocalEngine | SwarmEngine
    if request.param == "local":
        engine = LocalEngine(tmp_path / "local")
    else:
        host = request.getfixturevalue("docker_hosts").use(request.param)
        engine = SwarmEngine(host, limits=Limits(patience=0, settle=0.5))
    bench = Bench(engine, tmp_path / "recipe", STACK, "note-1a2b3c.ci.localhost")
    yield bench
    bench.clean()


class TestEngines(Promises):
    """Collected once for each engine."""
