"""The session's Docker Engines, each started when the first test asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import installed
from engine.docker_host import DockerHost
from engine.installed import NEWER, OWN, Installed, or_skip

_MADE: dict[str, Callable[[], Installed]] = {OWN: installed.own, NEWER: installed.newer}


class DockerHosts:
    """The engines that only the tests use.

    They have the external network ``proxy`` and the images of `docker_host`.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, DockerHost] = {}
        self._path = os.environ["PATH"]

    def use(self, name: str) -> str:
        """The address of an engine, whose ``docker`` is the one in PATH from now on.

        Where none can be started the test is skipped with the reason, or fails if
        ``CANON_SWEEP_REQUIRE_SWARM=1``.
        """
        release = _release(name)
        if name not in self._hosts:
            self._hosts[name] = DockerHost(release)
            or_skip(self._hosts[name].start)
        programs = [] if release.programs is None else [str(release.programs)]
        os.environ["PATH"] = os.pathsep.join([*programs, self._path])
        return self._hosts[name].url

    def program(self, name: str) -> str:
        """The ``docker`` of a release, without its engine; skips or fails as `use` does."""
        return str((_release(name).programs or Path()) / "docker")

    def stop(self) -> None:
        """End them all."""
        for host in self._hosts.values():
            host.stop()
        os.environ["PATH"] = self._path


def _release(name: str) -> Installed:
    return or_skip(_MADE[name])


@pytest.fixture(scope="session")
def docker_hosts() -> Iterator[DockerHosts]:
    """What has no engine before a test has asked for one."""
    hosts = DockerHosts()
    yield hosts
    hosts.stop()


# the parameters of a fixture that is for all of them
SWARMS = [pytest.param(name, marks=pytest.mark.swarm) for name in (OWN, NEWER)]


@pytest.fixture(params=SWARMS)
def docker_host(request: pytest.FixtureRequest, docker_hosts: DockerHosts) -> str:
    """The address of a Docker Engine in Swarm mode, of each release that there is."""
    return docker_hosts.use(request.param)
