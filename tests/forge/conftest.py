"""A fake forge for each test, and a real Gitea, started when the first test asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from canon_sweep.engine.local import ready
from forge.fake import FakeForge, fake_forge
from forge.forged import Forged
from forge.gitea_host import CannotStart, Gitea
from forge.program import CannotBuild


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeForge]:
    """A forge without any repository."""
    with fake_forge(tmp_path) as forge:
        yield forge


@pytest.fixture(scope="session")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    """The session's server, of which each test has an organisation of its own.

    Where there can be none the test is skipped with the reason, or fails if
    ``CANON_SWEEP_REQUIRE_ALL=1``.
    """
    try:
        server = Gitea.started(tmp_path_factory.mktemp("gitea"))
    except (CannotBuild, CannotStart) as reason:
        if os.environ.get("CANON_SWEEP_REQUIRE_ALL") == "1":
            pytest.fail(f"a Gitea is required: {reason}")
        pytest.skip(str(reason))
    yield server
    server.stop()


@pytest.fixture
def forged(gitea: Gitea, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forged]:
    """A fleet without recipes whose mirrors lie on the real one."""
    monkeypatch.setattr(ready, "SETTLE", 0.0)
    made = Forged.made(gitea, tmp_path)
    yield made
    engine = made.fleet.engine()
    for stack in engine.stacks_of_ours():
        engine.undeploy(stack)
