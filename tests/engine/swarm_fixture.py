"""The session's Docker Engine, started when the first test asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from engine.docker_host import CannotStart, DockerHost


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """The address of a Docker Engine in Swarm mode that only the tests use.

    It has the external network ``proxy`` and the images of `docker_host`.
    Where none can be started the test is skipped with the reason, or fails if
    ``CANON_SWEEP_REQUIRE_SWARM=1``.
    """
    host = DockerHost()
    try:
        try:
            host.start()
        except CannotStart as reason:
            if os.environ.get("CANON_SWEEP_REQUIRE_SWARM") == "1":
                pytest.fail(f"a Swarm is required: {reason}")
            pytest.skip(str(reason))
        yield host.url
    finally:
        host.stop()
