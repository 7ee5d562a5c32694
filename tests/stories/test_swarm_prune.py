"""Prune on a real Docker Engine: what is ours goes, and other people's things are left alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import docker
import msgspec
import pytest
from msgspec.structs import replace

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.engine.protocol import App, Place
from canon_sweep.engine.swarm import facts
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.overlay import HOME, RECIPE, STACK
from canon_sweep.engine.swarm.ready import Limits
from canon_sweep.job import images
from canon_sweep.job.prune import Pruning, run_prune
from canon_sweep.job.run import run_sweep
from canon_sweep.job.test import Wanted, run_test
from canon_sweep.job.wiring import Surroundings
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import PruneSettings, Settings
from canon_sweep.state.images import Pulls
from canon_sweep.state.store import State
from engine.docker_host import BUSYBOX
from engine.registry import Registry, running_registry
from stories.fleet import Fleet

pytestmark = pytest.mark.swarm

LEFT = "left-abcdef_ci_localhost"
LIMITS = Limits(patience=0, settle=0.3)
DAY = timedelta(days=1)
WEEK = 7 * DAY


def compose(*images: str) -> dict[str, str]:
    """A recipe's files: a service an image, the first with data and a secret."""
    app = {
        "image": images[0],
        "command": ["sleep", "600"],
        "environment": {"DATA": "/data"},
        "volumes": ["data:/data"],
        "secrets": ["pw"],
        "stop_grace_period": "0s",
        "deploy": {"endpoint_mode": "dnsrr"},
    }
    more = {
        f"more{number}": {"image": image, "command": ["sleep", "600"]}
        for number, image in enumerate(images[1:])
    }
    tree = {
        "version": "3.8",
        "services": {"app": app, **more},
        "volumes": {"data": {}},
        "secrets": {"pw": {"external": True, "name": "${STACK_NAME}_pw_v1"}},
        "configs": {"motd": {"file": "./motd", "name": "${STACK_NAME}_motd_v1"}},
    }
    return {"compose.yml": json.dumps(tree), "motd": "hello\n"}


@pytest.fixture
def client(docker_host: str) -> Iterator[Any]:
    """The Docker API itself; whatever the test has made is gone afterwards."""
    client: Any = docker.APIClient(docker_host, version="1.41")
    before = everything(client)
    yield client
    for kind, key in sorted(everything(client) - before, key=lambda each: ORDER.index(each[0])):
        with suppress(docker.errors.APIError):  # what came with another has gone with it
            REMOVES[kind](client, key)
    client.close()


ORDER = ("service", "container", "network", "secret", "config", "volume", "image")
REMOVES: dict[str, Callable[[Any, str], object]] = {
    "service": lambda client, key: client.remove_service(key),
    "container": lambda client, key: client.remove_container(key, force=True),
    "network": lambda client, key: client.remove_network(key),
    "secret": lambda client, key: client.remove_secret(key),
    "config": lambda client, key: client.remove_config(key),
    "volume": lambda client, key: client.remove_volume(key),
    "image": lambda client, key: client.remove_image(key, force=True),
}


def everything(client: Any) -> set[tuple[str, str]]:
    """All that is on the engine, by kind and id."""
    lists = {
        "service": client.services(),
        "container": client.containers(all=True),
        "network": client.networks(),
        "secret": client.secrets(),
        "config": client.configs(),
        "image": client.images(),
    }
    found = {
        (kind, str(body.get("ID") or body.get("Id"))) for kind in lists for body in lists[kind]
    }
    return found | {("volume", body["Name"]) for body in client.volumes()["Volumes"] or ()}


@pytest.fixture
def fleet(tmp_path: Path, docker_host: str) -> Fleet:
    """A fleet that is swept on the engine."""
    fleet = Fleet(tmp_path)
    fleet.options = {
        "engine": "swarm",
        "swarm": {"host": docker_host},
        "timeouts": {"probe": "20s"},
    }
    return fleet


def means(fleet: Fleet) -> Surroundings:
    """The engine that the settings name, as on a host."""
    return replace(fleet.means(), engine=None)


def swept(fleet: Fleet) -> Outcome | None:
    """One sweep; how notes came out of it."""
    results = run_sweep(fleet.settings(), (), means(fleet))
    return next(entry.outcome for entry in results.entries if entry.recipe == "notes")


def prunes(fleet: Fleet, *, dry_run: bool = False) -> Pruning:
    """The operator, or the timer."""
    return run_prune(fleet.settings(), means(fleet), dry_run=dry_run)


def leave(fleet: Fleet, home: str, stack: str = LEFT) -> set[tuple[str, str]]:
    """Have a stack up that no journal knows, made by the canon-sweep of this name."""
    engine = SwarmEngine(fleet.settings().swarm.host, limits=LIMITS, home=home)
    source = fleet.folder / f"source-{stack}"
    source.mkdir()
    for name, text in compose(BUSYBOX).items():
        (source / name).write_text(text)
    app = App.read("notes", "1", Place(stack, "left.ci.localhost"), source, {})
    engine.prepare(app, 30)
    engine.deploy(app)
    engine.wait_ready(app, 30)
    return {(thing.kind, thing.name) for thing in engine.of_ours() if thing.stack == stack}


def strangers(client: Any, ours: dict[str, str]) -> set[tuple[str, str]]:
    """Make other people's things of every kind, named as ours or labelled nearly so."""
    before = everything(client)
    near: list[dict[str, str]] = [
        {},
        {"canon-sweep": ours[STACK], "canon-sweep.recipe": "notes"},
        {"canon-sweep.stack.": LEFT, "com.docker.stack.namespace": LEFT},
        # all but the one that says which canon-sweep
        {label: value for label, value in ours.items() if label != HOME},
        ours | {HOME: "0" * 16},
        ours | {HOME: ""},
        ours | {STACK: ""},
    ]
    for number, labels in enumerate(near):
        for stem in ("warm-notes_ci", "note-1a2b3c_ci_localhost", f"{LEFT}_mine"):
            name = f"{stem}_{number}"
            client.create_volume(name, labels=labels)
            client.create_network(name, driver="overlay", labels=labels)
            client.create_secret(name, b"x", labels=labels)
            client.create_config(name, b"x", labels=labels)
            client.create_container(BUSYBOX, command=["true"], name=name, labels=labels)
        body = docker.types.TaskTemplate(docker.types.ContainerSpec(BUSYBOX, command=["true"]))
        mode = docker.types.ServiceMode("replicated", replicas=0)
        client.create_service(body, name=f"note-1a2b3c_app{number}", labels=labels, mode=mode)
    return everything(client) - before


def test_other_peoples_things_are_left_alone(fleet: Fleet, client: Any) -> None:
    """Whatever they are called, and however like ours they are labelled."""
    fleet.commits("notes", "1.0.0+1", compose(BUSYBOX))
    assert swept(fleet) is Outcome.PROMOTED
    kept = everything(client)
    home = fleet.state().home.read()
    ours = {RECIPE: "notes", STACK: LEFT, HOME: home}
    # the demo's, say: its records are elsewhere
    demo = leave(fleet, "f" * 16, "demo-abcdef_ci_localhost")
    left = leave(fleet, home)
    theirs = strangers(client, ours)
    there = everything(client)

    said = prunes(fleet, dry_run=True)
    assert everything(client) == there
    done = prunes(fleet)

    assert said == Pruning(dry_run=True, acts=said.acts, left=said.left, others=said.others)
    assert theirs <= everything(client)
    assert kept <= everything(client)
    engine = SwarmEngine(fleet.settings().swarm.host)
    assert demo <= {(thing.kind, thing.name) for thing in engine.of_ours()}
    # what says that a canon-sweep has made it, and not which, is a person's to decide
    assert len(done.left) > 6
    assert all("which canon-sweep" in text for text in done.left)
    assert done.others >= len(demo)
    # and a stack in which somebody has put something goes with none of it
    assert {act.what.partition(" (")[0] for act in done.acts} == {
        f"stack {LEFT}",
        f"volume {LEFT}_data",
        f"secret {LEFT}_pw_v1",
    }
    assert all(act.problem for act in done.acts)
    assert left <= {(thing.kind, thing.name) for thing in engine.of_ours()}

    # one in which nobody has put anything goes from between them all
    alone = leave(fleet, home, "site-abcdef_ci_localhost")
    assert alone
    prunes(fleet)

    assert alone.isdisjoint((thing.kind, thing.name) for thing in engine.of_ours())
    assert theirs | kept <= everything(client)


def test_a_stray_stack_goes_with_all_that_is_its(fleet: Fleet, client: Any) -> None:
    """Service, containers, network, config, volume and secret; the canonical stays whole."""
    fleet.commits("notes", "1.0.0+1", compose(BUSYBOX))
    assert swept(fleet) is Outcome.PROMOTED
    kept = everything(client)
    record = fleet.canonical("notes")
    labels = client.inspect_volume(record.volumes[0].name)["Labels"]
    assert labels[HOME] == fleet.state().home.read()
    left = leave(fleet, fleet.state().home.read())
    assert {kind for kind, _ in left} >= {"service", "container", "network", "volume", "secret"}

    said, done = prunes(fleet, dry_run=True), prunes(fleet)

    assert said.acts == done.acts
    assert done.exit_code == 0, done
    assert {act.what.partition(" (")[0] for act in done.acts} == {
        f"stack {LEFT}",
        f"volume {LEFT}_data",
        f"secret {LEFT}_pw_v1",
    }
    assert everything(client) == kept
    # other tests' canonicals are on this engine too
    assert prunes(fleet) == Pruning(dry_run=False, others=done.others)


def test_a_stack_in_which_somebody_has_put_something_stays(fleet: Fleet, client: Any) -> None:
    """It goes whole or not at all: his service would go with it."""
    fleet.commits("notes", "1.0.0+1", compose(BUSYBOX))
    assert swept(fleet) is Outcome.PROMOTED
    leave(fleet, fleet.state().home.read())
    labels = {facts.NAMESPACE: LEFT}
    client.create_network(f"{LEFT}_his", driver="overlay", labels=labels)

    done = prunes(fleet)

    (act,) = [act for act in done.acts if act.what.startswith("stack")]
    assert f"somebody else has put into it: network {LEFT}_his" in act.problem
    assert done.exit_code == 1
    assert client.services(filters={"label": f"{facts.NAMESPACE}={LEFT}"})


def test_a_volume_that_somebodys_service_mounts_stays(fleet: Fleet, client: Any) -> None:
    """Also while that has no replicas, or a task that has just ended: no container holds it."""
    fleet.commits("notes", "1.0.0+1", compose(BUSYBOX))
    assert swept(fleet) is Outcome.PROMOTED
    home = fleet.state().home.read()
    volume = f"{LEFT}_data"
    client.create_volume(volume, labels={RECIPE: "notes", STACK: LEFT, HOME: home})
    mount = docker.types.Mount("/x", volume, type="volume")
    task = docker.types.TaskTemplate(docker.types.ContainerSpec(BUSYBOX, mounts=[mount]))
    mode = docker.types.ServiceMode("replicated", replicas=0)
    his = client.create_service(task, name="rescue", mode=mode)

    (act,) = prunes(fleet).acts
    assert "service rescue mounts it" in act.problem
    assert volume in {name for kind, name in everything(client) if kind == "volume"}
    client.remove_service(his["ID"])

    assert [act.problem for act in prunes(fleet).acts] == [""]


# images


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """A real registry, open to everybody."""
    with running_registry() as registry:
        yield registry


class Bench:
    """A host whose tests pull images, with a calendar for a clock."""

    def __init__(self, folder: Path, host: str, client: Any) -> None:
        recipe = RecipeSettings(upstream="file:///a", mirror="file:///b")
        self.state = State.of(Settings(recipes={"notes": recipe}, state_dir=folder / "state"))
        self.now = datetime.now(UTC)
        self._folder, self._host, self._client = folder, host, client
        # whatever is here is other tests'
        for image in client.images():
            client.create_container(image["Id"], command=["true"])

    def engine(self) -> SwarmEngine:
        """As another sweep would open it."""
        pulls = Pulls(self.state.images, lambda: self.now)
        return SwarmEngine(self._host, limits=LIMITS, pulls=pulls)

    def tests(self, *images: str) -> tuple[str, ...]:
        """A test fetches a recipe's images; their digests."""
        source = self._folder / "recipe"
        source.mkdir(exist_ok=True)
        for name, text in compose(*images).items():
            (source / name).write_text(text)
        app = App.read("notes", "1", Place(LEFT, "left.ci.localhost"), source, {})
        return tuple(image.digest for image in self.engine().prepare(app, 60))

    def prunes(self, *, foreign: bool = False) -> list[str]:
        """Old images go, as before a sweep; the lines that were said."""
        said: list[str] = []
        settings = PruneSettings(foreign_images=foreign)
        images.make_room(settings, self.state, self.engine(), self.now, said.append)
        return said

    def has(self, image: str) -> bool:
        """Whether an image is on the engine."""
        try:
            self._client.inspect_image(image)
        except docker.errors.ImageNotFound:
            return False
        return True


@pytest.fixture
def bench(tmp_path: Path, docker_host: str, client: Any) -> Bench:
    """One that has pulled nothing yet."""
    return Bench(tmp_path, docker_host, client)


@pytest.fixture
def publish(registry: Registry, docker_host: str, client: Any) -> Callable[[str], str]:
    """Give a name an image of its own at the registry, and none on the engine; its full name."""

    def made(name: str) -> str:
        full = f"{registry.host}/{name}"
        registry.publish(docker_host, name, f"CMD {name.replace(':', '-')} {datetime.now()}")
        client.remove_image(full)
        return full

    return made


def id_of(client: Any, name: str) -> str:
    """The engine's id of an image."""
    return str(client.inspect_image(name)["Id"])


def test_an_image_that_a_test_pulled_goes_after_a_week(
    bench: Bench, publish: Callable[[str], str]
) -> None:
    """With all the names by which tests of ours have it, and each said in a line."""
    app, base = publish("app:1"), publish("base:1")
    bench.tests(app, base)
    bench.now += 3 * DAY
    bench.tests(base)

    bench.now += 4 * DAY
    said = bench.prunes()

    assert [line.partition(" was ")[0] for line in said] == [f"image {app}"]
    assert not bench.has(app)
    assert bench.has(base)
    bench.now += 3 * DAY
    assert bench.prunes()
    assert not bench.has(base)
    assert bench.state.images.read().keys().isdisjoint({app, base})


def test_two_names_of_ours_for_one_image_are_no_hindrance(
    bench: Bench, client: Any, registry: Registry, docker_host: str
) -> None:
    """The engine refuses to remove by its id what has two names."""
    registry.publish(docker_host, "twice:1")
    one, other = f"{registry.host}/twice:1", f"{registry.host}/again:1"
    client.tag(one, f"{registry.host}/again", "1")
    list(client.push(f"{registry.host}/again", "1", stream=True, decode=True))
    client.remove_image(other)
    client.remove_image(one)
    bench.tests(one, other)
    assert id_of(client, one) == id_of(client, other)
    image = id_of(client, one)

    bench.now += WEEK
    said = bench.prunes()

    assert len(said) == 1
    assert "stays" not in said[0]
    assert not bench.has(image)


def test_what_was_here_before_our_test_is_somebody_elses(
    bench: Bench, client: Any, publish: Callable[[str], str]
) -> None:
    """He may have pulled it for a reason; unless everybody's old images are to go."""
    app = publish("theirs:1")
    client.pull(app)
    bench.tests(app)

    bench.now += WEEK
    assert bench.prunes() == []
    bench.now += WEEK
    assert bench.prunes(foreign=True)
    assert not bench.has(app)


def test_an_image_that_was_here_by_another_name_is_somebody_elses(
    bench: Bench, client: Any, publish: Callable[[str], str]
) -> None:
    """As Swarm has it, by its digest alone: our pull has only given it a tag."""
    app = publish("digest:1")
    client.pull(app)
    (name,) = client.inspect_image(app)["RepoDigests"]
    client.remove_image(app)
    client.pull(name)
    bench.tests(app)

    bench.now += 9 * WEEK

    assert bench.prunes() == []


def test_data_of_a_stack_that_was_made_without_a_mark_is_used_again(
    fleet: Fleet, client: Any
) -> None:
    """A canonical of an earlier version is deployed with the mark, on its own volume."""
    fleet.commits("notes", "1.0.0+1", compose(BUSYBOX))
    assert swept(fleet) is Outcome.PROMOTED
    (volume,) = fleet.canonical("notes").volumes
    labels = client.inspect_volume(volume.name)["Labels"]
    data = Path(client.inspect_volume(volume.name)["Mountpoint"]) / "token"
    token = data.read_text()
    client.remove_volume(volume.name)
    unmarked = {label: value for label, value in labels.items() if label != HOME}
    made = client.create_volume(volume.name, labels=unmarked)
    (Path(made["Mountpoint"]) / "token").write_text(token)
    wanted = Wanted("notes", None, None, quick=True)

    results = run_test(fleet.settings(), wanted, means(fleet))

    assert [entry.outcome for entry in results.entries] == [Outcome.PASSED]
    assert data.read_text() == token
    assert prunes(fleet).acts == ()


def test_an_image_of_others_whose_age_nobody_knows_is_not_old(
    bench: Bench, client: Any, publish: Callable[[str], str]
) -> None:
    """Docker keeps no time of a pull: then it counts from the first look; a tag's it does."""
    pulled = publish("unknown:1")
    client.pull(pulled)
    made = client.create_container(BUSYBOX, command=["true"])["Id"]
    client.commit(made, repository="tagged", tag="1")
    client.remove_container(made)
    assert client.inspect_image(pulled)["Metadata"]["LastTagTime"].startswith("0001")

    bench.now += WEEK + DAY
    said = bench.prunes(foreign=True)
    assert [line.partition(" was ")[0] for line in said] == ["image tagged:1"]
    bench.now += WEEK - DAY
    assert bench.prunes(foreign=True) == []
    assert bench.has(pulled)
    bench.now += DAY
    assert len(bench.prunes(foreign=True)) == 1
    assert not bench.has(pulled)


def test_what_a_container_or_a_service_uses_stays(
    bench: Bench, client: Any, publish: Callable[[str], str]
) -> None:
    """Running or not, with a replica or none."""
    stopped, idle, free = publish("stopped:1"), publish("idle:1"), publish("free:1")
    bench.tests(stopped, idle, free)
    client.create_container(stopped, command=["true"])
    body = docker.types.TaskTemplate(docker.types.ContainerSpec(idle, command=["true"]))
    mode = docker.types.ServiceMode("replicated", replicas=0)
    client.create_service(body, name="idle", mode=mode)

    bench.now += 2 * WEEK
    said = bench.prunes(foreign=True)

    assert [line.partition(" was ")[0] for line in said] == [f"image {free}"]
    assert bench.has(stopped)
    assert bench.has(idle)


def test_what_another_image_was_built_on_stays(
    bench: Bench, client: Any, publish: Callable[[str], str]
) -> None:
    """And goes when that one has gone."""
    app = publish("parent:1")
    bench.tests(app)
    made = client.create_container(app, command=["true"])["Id"]
    client.commit(made, repository="child", tag="1")
    client.remove_container(made)

    bench.now += WEEK
    assert bench.prunes() == []
    client.remove_image("child:1", noprune=True)
    bench.now += WEEK

    assert len(bench.prunes()) == 1
    assert not bench.has(app)


def test_layers_that_another_image_has_too_stay_with_it(
    bench: Bench, client: Any, publish: Callable[[str], str]
) -> None:
    """Both are made from one base: the other still runs."""
    one, other = publish("layers:1"), publish("layers:2")
    bench.tests(one)
    bench.now += WEEK
    bench.tests(other)

    assert len(bench.prunes()) == 1

    made = client.create_container(other, command=["true"])["Id"]
    client.start(made)
    assert client.wait(made)["StatusCode"] == 0
    assert not bench.has(one)


def test_a_tag_that_somebody_gave_keeps_an_image_and_counts_when_it_is_gone(
    bench: Bench, client: Any, publish: Callable[[str], str]
) -> None:
    """Docker knows when it was last tagged."""
    app = publish("tagged:1")
    bench.now -= 3 * DAY
    bench.tests(app)
    bench.now += 3 * DAY
    client.tag(app, "his", "1")

    bench.now += 2 * WEEK
    assert bench.prunes() == []
    client.remove_image("his:1")
    bench.now -= 9 * DAY  # 5 days after the tag, and 8 after the pull
    assert bench.prunes() == []
    bench.now += 3 * DAY

    assert len(bench.prunes()) == 1
    assert not bench.has(app)


def test_what_a_record_names_stays_though_its_tag_has_moved(
    bench: Bench, client: Any, registry: Registry, publish: Callable[[str], str]
) -> None:
    """A canonical's images are named by digest; an unreadable record may name any."""
    app = publish("moving:1")
    (digest,) = bench.tests(app)
    proven = id_of(client, app)
    publish("moving:1")
    bench.tests(app)
    assert id_of(client, app) != proven
    record = Canonical(
        recipe="notes",
        version="1.0.0+1",
        commit="c" * 40,
        tag="1.0.0+1",
        engine="swarm",
        stack=LEFT,
        images={app: digest},
    )
    bench.state.canonicals.write(record)

    bench.now += 2 * WEEK
    said = bench.prunes(foreign=True)

    assert [line.partition(" was ")[0] for line in said] == [f"image {app}"]
    assert bench.has(proven)
    bench.state.canonicals.write(msgspec.structs.replace(record, images={app: "sha256:other"}))
    path = bench.state.canonicals.folder / "notes/canonical.json"
    content = path.read_bytes()
    path.write_bytes(b"{")
    bench.now += 2 * WEEK
    assert bench.prunes() == ["not removed: old images, until notes can be read"]
    path.write_bytes(content)
    assert len(bench.prunes()) == 1
    assert not bench.has(proven)


def test_a_list_of_images_that_cannot_be_read_removes_none(
    bench: Bench, publish: Callable[[str], str]
) -> None:
    """Nobody knows whose they are, nor how old."""
    app = publish("listed:1")
    bench.tests(app)
    bench.state.images.path.write_bytes(b"{")

    bench.now += 9 * WEEK
    (line,) = bench.prunes(foreign=True)

    assert "old images were not removed" in line
    assert bench.has(app)
