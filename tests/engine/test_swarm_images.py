"""An image is what its registry has today, and the same one for a whole sweep."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from canon_sweep.core.image import Image
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.ready import Limits
from canon_sweep.errors import HostFault, RecipeFault
from canon_sweep.settings.records import Registry as Login
from canon_sweep.settings.values import SecretFile
from engine.contract import READY_SECONDS, Bench
from engine.docker_host import BUSYBOX
from engine.registry import PASSWORD, USER, Registry, running_registry
from engine.unwell import Front

pytestmark = pytest.mark.swarm

STACK = "imag-1a2b3c_ci_localhost"
LIMITS = Limits(patience=0, settle=0.3, registry=20)
HASTY = Limits(patience=0, settle=0.3, registry=0.3)


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """A real registry, open to everybody."""
    with running_registry() as registry:
        yield registry


@pytest.fixture(scope="module")
def locked() -> Iterator[Registry]:
    """A real registry that serves nobody without the login."""
    with running_registry(locked=True) as registry:
        yield registry


@pytest.fixture
def front(registry: Registry) -> Iterator[Front]:
    """A fake in front of the open one, which does not always answer."""
    front = Front(registry.host)
    yield front
    front.close()


@pytest.fixture
def client(docker_host: str) -> Iterator[Any]:
    """The Docker API itself; what the registries' images are called is forgotten afterwards."""
    client: Any = docker.APIClient(docker_host, version="1.41")
    yield client
    for image in client.images():
        for name in [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]:
            if name.startswith("localhost:"):
                with suppress(docker.errors.ImageNotFound):  # the last name took it along
                    client.remove_image(name, force=True)
    client.close()


Sweep = Callable[..., Bench]


@pytest.fixture
def sweep(docker_host: str, client: Any, tmp_path: Path) -> Iterator[Sweep]:
    """Begins a sweep: an engine that has asked for nothing yet."""
    benches: list[Bench] = []

    def begin(limits: Limits = LIMITS, **registries: Login) -> Bench:
        engine = SwarmEngine(docker_host, limits=limits, registries=registries)
        benches.append(Bench(engine, tmp_path / "recipe", STACK, "imag-1a2b3c.ci.localhost"))
        return benches[-1]

    yield begin
    for bench in benches[-1:]:
        bench.clean()


def prepared(bench: Bench, image: str, seconds: float = READY_SECONDS) -> Image:
    """The one image of a recipe, as it is prepared for a deploy."""
    body = {"image": image, "command": ["sleep", "600"], "stop_grace_period": "0s"}
    (found,) = bench.engine.prepare(bench.app(services={"app": body}), seconds)
    return found


def test_an_image_that_is_not_here_is_fetched(
    sweep: Sweep, registry: Registry, docker_host: str, client: Any
) -> None:
    """By the digest that its registry has it by."""
    digest = registry.publish(docker_host, "fresh:1")
    name = f"{registry.host}/fresh:1"
    client.remove_image(name)

    found = prepared(sweep(), name)
    assert (found.name, found.digest) == (name, digest)
    here = client.inspect_image(name)
    assert here["RepoDigests"] == [f"{registry.host}/fresh@{digest}"]
    assert found.fetched == here["Size"] > 0
    assert prepared(sweep(), name).fetched == 0


def test_a_tag_that_has_moved_is_fetched_again(
    sweep: Sweep, registry: Registry, docker_host: str, client: Any
) -> None:
    """What users get is what is tested, not what an earlier sweep has left here."""
    name = f"{registry.host}/moving:1"
    before = registry.publish(docker_host, "moving:1", "CMD before")
    registry.publish(docker_host, "moving:1", "CMD after")
    client.tag(f"{registry.host}/moving@{before}", f"{registry.host}/moving", "1", force=True)

    found = prepared(sweep(), name)

    assert found.digest != before
    assert client.inspect_image(name)["Config"]["Cmd"] == ["/bin/sh", "-c", "after"]


def test_a_tag_that_moves_during_a_sweep_stays_what_it_was(
    sweep: Sweep, registry: Registry, docker_host: str, client: Any
) -> None:
    """Install, upgrade and reattach run one image: the one that the record will name."""
    name = f"{registry.host}/restless:1"
    first = registry.publish(docker_host, "restless:1", "CMD sleep 600")
    bench = sweep()
    body = {"image": name, "stop_grace_period": "0s"}
    app = bench.app(services={"app": body})
    bench.engine.prepare(app, READY_SECONDS)
    registry.publish(docker_host, "restless:1", "CMD false")

    (again,) = bench.engine.prepare(app, READY_SECONDS)
    bench.engine.deploy(app)
    bench.engine.wait_ready(app, READY_SECONDS)

    assert again.digest == first
    (service,) = client.services()
    run = service["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
    assert run == f"{name}@{first}"


def test_an_image_that_is_tidied_away_during_a_sweep_comes_back_the_same(
    sweep: Sweep, registry: Registry, docker_host: str, client: Any
) -> None:
    """A prune of the host's may come between two recipes."""
    name = f"{registry.host}/tidied:1"
    first = registry.publish(docker_host, "tidied:1", "CMD before")
    bench = sweep()
    prepared(bench, name)
    registry.publish(docker_host, "tidied:1", "CMD after")
    client.remove_image(f"{registry.host}/tidied@{first}", force=True)

    prepared(bench, name)

    found = client.inspect_image(f"{registry.host}/tidied@{first}")
    assert found["Config"]["Cmd"] == ["/bin/sh", "-c", "before"]


def test_a_registry_is_asked_once_a_sweep(
    sweep: Sweep, registry: Registry, front: Front, docker_host: str
) -> None:
    """Registries count what is asked of them; a database's image is in many recipes."""
    registry.publish(docker_host, "counted:1")
    name = f"{front.host}/counted:1"
    bench = sweep()
    prepared(bench, name)
    asked = len(front.asked)

    prepared(bench, name)
    assert len(front.asked) == asked

    prepared(sweep(), name)
    assert len(front.asked) > asked


def test_a_digest_that_is_here_is_not_asked_for(
    sweep: Sweep, registry: Registry, front: Front, docker_host: str
) -> None:
    """It cannot stand for another image."""
    digest = registry.publish(docker_host, "exact:1")
    name = f"{front.host}/exact:1@{digest}"
    prepared(sweep(), name)
    front.asked.clear()

    assert prepared(sweep(), name) == Image(name=name, digest=digest)
    assert front.asked == []


def test_an_image_that_is_gone_is_not_proven_from_what_is_here(
    sweep: Sweep, registry: Registry, docker_host: str
) -> None:
    """Nobody else could deploy the recipe."""
    name = f"{registry.host}/gone:1"
    registry.withdraw("gone:1", registry.publish(docker_host, "gone:1"))

    with pytest.raises(HostFault, match=r"is not in its registry: .*manifest unknown") as caught:
        prepared(sweep(), name)

    assert "maintainer" in caught.value.do


def test_a_login_opens_a_registry(
    sweep: Sweep, locked: Registry, docker_host: str, client: Any, tmp_path: Path
) -> None:
    """From a file, by the registry's host."""
    digest = locked.publish(docker_host, "own:1")
    name = f"{locked.host}/own:1"
    client.remove_image(name)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    login = Login(username=USER, password_file=SecretFile(tmp_path / "password"))

    found = prepared(sweep(**{locked.host: login}), name)
    assert (found.name, found.digest) == (name, digest)


@dataclass(frozen=True)
class Here:
    """An image that the engine has; ``host`` is its registry's."""

    host: str
    digest: str
    name: str
    client: Any

    def leaves(self) -> None:
        """The engine has it no more."""
        self.client.remove_image(self.name)


@pytest.fixture
def closed(locked: Registry, docker_host: str, client: Any) -> Here:
    """One of the locked registry, as left by somebody who was let in."""
    digest = locked.publish(docker_host, "closed:1")
    return Here(locked.host, digest, f"{locked.host}/closed:1", client)


@pytest.mark.parametrize(
    ("password", "cause"),
    [
        (None, 'may want a login, set registries."{host}"'),
        ("wrong", 'refuses the login of registries."{host}"'),
        ("", 'registries."{host}".passwordFile: {file} has no password'),
        ("missing", 'registries."{host}".passwordFile: {file}: No such file'),
    ],
)
def test_a_login_that_is_refused_is_told(
    sweep: Sweep, closed: Here, tmp_path: Path, password: str | None, cause: str
) -> None:
    """As what stands in the way of the image; with one that is here, beside it."""
    file = tmp_path / "password"
    if password != "missing":
        file.write_text(password or "")
    login = Login(username=USER, password_file=SecretFile(file))
    logins = {} if password is None else {closed.host: login}
    expected = cause.format(host=closed.host, file=file)

    found = prepared(sweep(**logins), closed.name)

    assert found.digest == closed.digest
    assert expected in found.not_asked
    closed.leaves()
    with pytest.raises(HostFault, match="cannot be had") as caught:
        prepared(sweep(**logins), closed.name)
    assert expected in str(caught.value)


@pytest.fixture
def slow(sweep: Sweep, registry: Registry, front: Front, docker_host: str, client: Any) -> Here:
    """One that came through the front, while that was well."""
    registry.publish(docker_host, "slow:1")
    name = f"{front.host}/slow:1"
    return Here(front.host, prepared(sweep(), name).digest, name, client)


def test_a_registry_that_is_down_leaves_the_image_that_is_here(
    sweep: Sweep, slow: Here, front: Front
) -> None:
    """With a note: nobody knows what users get."""
    front.close()

    found = prepared(sweep(), slow.name)

    assert found.digest == slow.digest
    assert f"{slow.host} could not be asked" in found.not_asked
    assert "connection refused" in found.not_asked


@pytest.mark.parametrize(
    ("how", "why"), [("busy", "toomanyrequests|429"), ("stalls", r"it said nothing for 0\.3 s")]
)
def test_a_registry_that_does_not_answer_leaves_the_image_that_is_here(
    sweep: Sweep, slow: Here, front: Front, how: str, why: str
) -> None:
    """One that has enough of us, and one that says nothing: neither is waited for."""
    setattr(front, how, ("/manifests/",))

    found = prepared(sweep(HASTY), slow.name)

    assert found.digest == slow.digest
    assert re.search(why, found.not_asked)
    slow.leaves()
    with pytest.raises(HostFault, match=f"cannot be had: {slow.host} could not be asked"):
        prepared(sweep(HASTY), slow.name)


def test_an_image_that_there_was_no_time_for_is_not_run_unasked(sweep: Sweep, slow: Here) -> None:
    """The one before it used up the time: nobody has said no."""
    with pytest.raises(HostFault, match="there was no time left"):
        prepared(sweep(), slow.name, seconds=0)


def test_an_image_that_is_on_its_way_is_not_taken_for_the_one_that_is_here(
    sweep: Sweep, registry: Registry, front: Front, docker_host: str, client: Any
) -> None:
    """The registry has named another; only its layers do not come."""
    registry.publish(docker_host, "half:1", "CMD before")
    name = f"{front.host}/half:1"
    prepared(sweep(), name)
    registry.publish(docker_host, "half:1", "CMD after")
    client.remove_image(f"{registry.host}/half:1")
    front.stalls = ("/blobs/",)

    with pytest.raises(HostFault, match=r"cannot be had: .* it said nothing for 0\.3 s"):
        prepared(sweep(HASTY), name)


def test_an_image_that_never_had_a_registry_is_run_as_it_is(sweep: Sweep, client: Any) -> None:
    """Loaded by hand: it has no digest but the engine's own id."""
    found = prepared(sweep(), BUSYBOX)

    assert found.digest == client.inspect_image(BUSYBOX)["Id"]
    assert found.not_asked


def test_an_image_without_a_digest_that_is_tidied_away_is_asked_for_anew(
    sweep: Sweep, registry: Registry, front: Front, docker_host: str, client: Any
) -> None:
    """What is recorded is what is run, also when its registry answers again."""
    digest = registry.publish(docker_host, "anew:1")
    name = f"{front.host}/anew:1"
    client.tag(BUSYBOX, f"{front.host}/anew", "1")
    front.busy = ("/manifests/",)
    bench = sweep()
    assert prepared(bench, name).not_asked
    client.remove_image(name)
    front.busy = ()

    found = prepared(bench, name)
    assert (found.name, found.digest) == (name, digest)


def test_an_engines_own_id_is_no_name_of_an_image(sweep: Sweep, client: Any) -> None:
    """No other host has it, though this one does."""
    here = client.inspect_image(BUSYBOX)["Id"].removeprefix("sha256:")

    with pytest.raises(RecipeFault, match="is no name of an image"):
        prepared(sweep(), here)


@pytest.mark.parametrize("name", ["nobody/UPPER:1", "http://host/image", "a b", "x@sha256:1"])
def test_what_is_no_name_of_an_image_is_the_recipes_fault(sweep: Sweep, name: str) -> None:
    """Before any registry is asked."""
    with pytest.raises(RecipeFault, match="is no name of an image"):
        prepared(sweep(), name)
