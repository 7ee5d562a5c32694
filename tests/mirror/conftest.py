"""Real repositories behind real servers, and servers that lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mirror.kept import Kept
from mirror.servers import Daemon, Hostile, HttpServer, Sshd, sshd_problem
from mirror.world import Repo, World

TRANSPORTS = ("file", "git", "http", "ssh")


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that every server serves; each test has its own folder in it."""
    return tmp_path_factory.mktemp("ground")


@pytest.fixture
def place(ground: Path, tmp_path: Path) -> Path:
    """This test's folder below ``ground``."""
    place = ground / tmp_path.name
    place.mkdir()
    return place


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A main branch of three commits and two annotated releases, made once."""
    repo = Repo.made(tmp_path_factory.mktemp("pattern") / "up.git")
    first = repo.commit("one")
    repo.tag("1.0.0+v1", first, annotated=True)
    second = repo.commit("two")
    repo.tag("1.1.0+v1", second, annotated=True)
    repo.commit("three")
    return Kept.of(repo.path)


@pytest.fixture
def up(place: Path, pattern: Kept) -> Repo:
    """An upstream of three commits and two releases."""
    return Repo(pattern.laid(place / "up.git"))


@pytest.fixture
def mirror(place: Path) -> Repo:
    """A mirror without any ref."""
    return Repo.made(place / "mirror.git")


@pytest.fixture
def world(up: Repo, mirror: Repo, place: Path) -> World:
    """Upstream and mirror as folders of this machine, and no clone yet."""
    return World(up, mirror, place / "cache" / "clone.git", up.path.as_uri(), mirror.path.as_uri())


@pytest.fixture(scope="session")
def daemon(ground: Path) -> Iterator[Daemon]:
    """A ``git daemon`` that also takes pushes."""
    with Daemon.started(ground) as daemon:
        yield daemon


@pytest.fixture
def http(ground: Path, tmp_path: Path) -> Iterator[HttpServer]:
    """``git http-backend`` behind basic auth, with a list of what was asked."""
    with HttpServer.started(ground, tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def sshd(ground: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real sshd with its own host key."""
    problem = sshd_problem()
    if problem:
        pytest.skip(problem)
    with Sshd.started(ground, tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def served(request: pytest.FixtureRequest, world: World) -> Callable[[str], World]:
    """The world with upstream and mirror behind one kind of server."""

    def behind(kind: str) -> World:
        if kind == "file":
            return world
        server = request.getfixturevalue({"git": "daemon", "http": "http", "ssh": "sshd"}[kind])
        world.upstream_url = server.url(world.up.path)
        world.mirror_url = server.url(world.mirror.path)
        world.credentials = server.credentials
        return world

    return behind


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    """A server of the git protocol whose answer the test writes."""
    with Hostile.started() as server:
        yield server
