"""The demo's programs and repositories are what the demo says of them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pygit2
import pytest
import requests
from pygit2.enums import ObjectType

from canon_sweep.core import appenv
from canon_sweep.demo import fleet, upstream
from canon_sweep.demo.fleet import FLEET, DemoRecipe
from canon_sweep.engine.local.engine import LocalEngine
from canon_sweep.engine.local.port import free, release
from canon_sweep.engine.protocol import App, Engine, Place
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.errors import UsageFault
from canon_sweep.settings.load import load
from engine.swarm_fixture import SWARMS

RECIPES = {recipe.name: recipe for recipe in FLEET}
PROGRAMS = sorted(
    {(recipe.name, entry.program) for recipe in FLEET for entry in (*recipe.first, *recipe.later)}
)
STACK = "demo-1a2b3c_ci_localhost"
IRREGULAR = "v2.4.8"


@dataclass(frozen=True)
class Running:
    """A program that answers at a port, of this host if not told otherwise."""

    port: int
    said: str
    host: str = "127.0.0.1"

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> requests.Response:
        url = f"http://{self.host}:{self.port}{path}"
        return requests.request(method, url, data=body.encode(), headers=headers, timeout=10)


@contextmanager
def program(name: str, generation: str, data: Path) -> Iterator[Running]:
    """Run one generation of a program on its data until the block ends."""
    data.mkdir(exist_ok=True)
    password = data.with_name("password")
    password.write_text("sesame\n")
    (port,) = free(1, ())
    env = {
        "PORT": str(port),
        "DATA": str(data),
        "ADMIN_PASSWORD_FILE": str(password),
        "VERSION": generation,
    }
    with subprocess.Popen(
        [sys.executable, written(name, generation, data)],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        try:
            # the port is bound before the line is printed
            yield Running(port, child.stdout.readline())
        finally:
            child.terminate()
            release([port])
            assert child.wait(2) == 0


def written(name: str, generation: str, data: Path) -> Path:
    """A program as it is published, in a folder beside its data."""
    recipe = RECIPES[name]
    programs = [entry.program for entry in (*recipe.first, *recipe.later)]
    folder = data.with_name(f"{name}-{generation}")
    write(fleet.files(recipe, programs.index(generation)), folder)
    return folder / f"{name}.py"


def write(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def files_of(recipe: DemoRecipe, tag: str) -> dict[str, str]:
    published = [entry.tag for entry in (*recipe.first, *recipe.later)]
    return fleet.files(recipe, published.index(tag))


def checkout(recipe: DemoRecipe, tag: str, folder: Path) -> App:
    """A release of a recipe in a folder, as an app."""
    write(files_of(recipe, tag), folder)
    return App.read(recipe.name, tag, Place(STACK, "demo.ci.localhost"), folder, {})


def tags_of(path: Path) -> set[str]:
    references = pygit2.Repository(str(path)).references
    return {name.removeprefix("refs/tags/") for name in references if "/tags/" in name}


@pytest.fixture(params=["local", *SWARMS])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Each engine that the fleet is written for, with nothing of the stack's left after."""
    engine: Engine
    if request.param == "local":
        engine = LocalEngine(tmp_path / "engine")
    else:
        host = request.getfixturevalue("docker_hosts").use(request.param)
        engine = SwarmEngine(host)
    yield engine
    engine.undeploy(STACK)
    for volume in engine.volumes(STACK):
        engine.remove_volume(volume.name)
    for secret in engine.secrets(STACK):
        engine.remove_secret(secret)


@pytest.mark.parametrize(("name", "generation"), PROGRAMS)
def test_every_program_comes_up_and_ends_at_once(
    tmp_path: Path, name: str, generation: str
) -> None:
    """Each generation starts on nothing, says so, is healthy, and heeds SIGTERM with exit 0."""
    with program(name, generation, tmp_path / "data") as app:
        assert app.said == f"{name} {generation} listens on port {app.port}\n"
        assert app.ask("GET", "/health").text == "ok\n"
        assert app.ask("GET", "/no-such-page").status_code == 404


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_notes_are_kept_over_a_restart(tmp_path: Path, generation: str) -> None:
    """What is noted is listed, also by the next process on the same data."""
    with program("notes", generation, tmp_path / "data") as app:
        assert app.ask("POST", "/notes", "buy milk").status_code == 201
        assert app.ask("POST", "/notes", " ").status_code == 400

    with program("notes", generation, tmp_path / "data") as app:
        assert "buy milk" in app.ask("GET", "/notes").text


def test_notes_2_keeps_the_notes_of_1(tmp_path: Path) -> None:
    """The good release migrates: older notes are there, newer ones have a date."""
    with program("notes", "v1", tmp_path / "data") as app:
        app.ask("POST", "/notes", "buy milk")

    with program("notes", "v2", tmp_path / "data") as app:
        app.ask("POST", "/notes", "buy bread")
        listed = app.ask("GET", "/notes").text.splitlines()

    assert listed[0] == "buy milk"
    assert re.fullmatch(r"buy bread \d{4}-\d\d-\d\d", listed[1])


def test_notes_are_removed_with_the_password_only(tmp_path: Path) -> None:
    """The secret is what the recipe says it is."""
    with program("notes", "v1", tmp_path / "data") as app:
        app.ask("POST", "/notes", "buy milk")

        assert app.ask("DELETE", "/notes").status_code == 403
        assert app.ask("DELETE", "/notes", **{"X-Password": "sesame"}).status_code == 200
        assert app.ask("GET", "/notes").text.strip() == ""


@pytest.mark.parametrize(
    ("first", "then", "password", "says"),
    [
        ("v1", "v1", "another", "made with another admin password"),
        ("v2", "v1", "sesame", "the database is of schema 2, this program knows 1"),
    ],
)
def test_notes_open_no_database_that_is_not_theirs(
    tmp_path: Path, first: str, then: str, password: str, says: str
) -> None:
    """Data belong to their secret and to no older program: both are refused at the start."""
    data = tmp_path / "data"
    with program("notes", first, data):
        pass
    other = tmp_path / "other"
    other.write_text(password)
    env = {"PORT": "1", "DATA": str(data), "ADMIN_PASSWORD_FILE": str(other)}
    path = written("notes", then, data)

    done = subprocess.run(
        [sys.executable, path], env=env, capture_output=True, text=True, timeout=20, check=False
    )

    assert done.returncode == 1
    assert says in done.stderr


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_counts_are_kept_over_a_restart(tmp_path: Path, generation: str) -> None:
    """Each generation works on its own data, the broken one too: install finds nothing."""
    with program("counter", generation, tmp_path / "data") as app:
        assert app.ask("POST", "/counters/visits").text == "1\n"

    with program("counter", generation, tmp_path / "data") as app:
        assert app.ask("POST", "/counters/visits").text == "2\n"
        assert app.ask("GET", "/counters").json() == {"visits": 2}


def test_counter_2_cannot_read_what_1_counted(tmp_path: Path) -> None:
    """The broken release is healthy on older data and denies them: only an upgrade finds it."""
    data = tmp_path / "data"
    with program("counter", "v1", data) as app:
        app.ask("POST", "/counters/visits")
    before = (data / "state.json").read_text()

    with program("counter", "v2", data) as app:
        assert app.ask("GET", "/health").status_code == 200
        assert app.ask("GET", "/counters").status_code == 500
        assert app.ask("POST", "/counters/visits").status_code == 500

    assert (data / "state.json").read_text() == before


def test_pages_are_kept_and_stay_on_the_volume(tmp_path: Path) -> None:
    """A page that was put is shown after a restart; no name leads out of the volume."""
    with program("site", "v1", tmp_path / "data") as app:
        assert "Welcome" in app.ask("GET", "/").text
        assert app.ask("PUT", "/news.html", "<p>now</p>").status_code == 201
        assert app.ask("PUT", "/..%2Fout.html", "x").status_code == 400

    with program("site", "v1", tmp_path / "data") as app:
        assert app.ask("GET", "/news.html").text == "<p>now</p>"


def test_upstreams_have_the_tags_of_the_first_sweep(tmp_path: Path) -> None:
    """Before the first sweep there are the first releases, an irregular tag and no more."""
    fleet.create_upstreams(tmp_path)

    found = {name: tags_of(fleet.upstream_path(tmp_path, name)) for name in RECIPES}

    assert found == {
        "archive": {"0.9.0+0.9.0"},
        "counter": {"1.0.0+1.0.0", "1.1.0+1.1.0", IRREGULAR},
        "draft": set(),
        "notes": {"1.0.0+1.0.0", "1.1.0+1.1.0"},
        "site": {"1.0.0+1.0.0", "1.0.1+1.0.1"},
    }


def test_new_releases_appear_on_top(tmp_path: Path) -> None:
    """Before the third sweep notes and counter get one release each, on their main."""
    fleet.create_upstreams(tmp_path)
    fleet.publish_new_releases(tmp_path)

    for name in ("notes", "counter"):
        repo = pygit2.Repository(str(fleet.upstream_path(tmp_path, name)))
        latest = repo.references["refs/tags/2.0.0+2.0.0"].peel(pygit2.Commit)
        assert repo.references[upstream.MAIN].target == latest.id
        assert len(list(repo.walk(latest.id))) == 3
    assert tags_of(fleet.upstream_path(tmp_path, "site")) == {"1.0.0+1.0.0", "1.0.1+1.0.1"}


def test_site_has_a_commit_that_is_no_release(tmp_path: Path) -> None:
    """The head of site's main is one untagged commit after its last release."""
    fleet.create_upstreams(tmp_path)
    repo = pygit2.Repository(str(fleet.upstream_path(tmp_path, "site")))

    head = repo.references[upstream.MAIN].peel(pygit2.Commit)

    release = repo.references["refs/tags/1.0.1+1.0.1"].peel(pygit2.Commit)
    assert [parent.id for parent in head.parents] == [release.id]


def test_tags_are_annotated_mostly(tmp_path: Path) -> None:
    """Both kinds of tags occur, as they do in the wild."""
    fleet.create_upstreams(tmp_path)

    kinds = {}
    for name in RECIPES:
        repo = pygit2.Repository(str(fleet.upstream_path(tmp_path, name)))
        for tag in tags_of(fleet.upstream_path(tmp_path, name)):
            kinds[name, tag] = repo[repo.references[f"refs/tags/{tag}"].target].type
    light = {which for which, kind in kinds.items() if kind == ObjectType.COMMIT}

    assert light == {("site", "1.0.0+1.0.0"), ("counter", IRREGULAR)}


def test_two_demos_have_the_same_commits(tmp_path: Path) -> None:
    """Nothing of a clock is in the repositories: every demo has the same ids."""
    for place in ("one", "two"):
        fleet.create_upstreams(tmp_path / place)

    heads = [
        {
            name: pygit2.Repository(str(fleet.upstream_path(tmp_path / place, name)))
            .references[upstream.MAIN]
            .target
            for name in RECIPES
        }
        for place in ("one", "two")
    ]

    assert heads[0] == heads[1]


def test_existing_upstreams_are_not_added_to(tmp_path: Path) -> None:
    """A second demo in the same folder is refused, not mixed with the first."""
    fleet.create_upstreams(tmp_path)
    fleet.create_mirrors(tmp_path)

    with pytest.raises(UsageFault):
        fleet.create_upstreams(tmp_path)
    with pytest.raises(UsageFault):
        fleet.create_mirrors(tmp_path)


def test_mirrors_are_empty(tmp_path: Path) -> None:
    """The first sweep fills the mirrors; nothing is there before."""
    fleet.create_mirrors(tmp_path)

    for name in RECIPES:
        repo = pygit2.Repository(str(fleet.mirror_path(tmp_path, name)))
        assert repo.is_bare
        assert list(repo.references) == []


@pytest.mark.parametrize(
    ("name", "mark", "file"),
    [
        (recipe.name, mark, file)
        for recipe in FLEET
        for mark, file in (("PROGRAM", f"{recipe.name}.py"), ("WEB", "web.py"))
    ],
)
def test_a_changed_program_has_another_config_name(name: str, mark: str, file: str) -> None:
    """Swarm never changes a config: same name, same content, over all of a recipe's history."""
    recipe = RECIPES[name]
    content_of: dict[str, str] = {}
    for number in range(len(recipe.first) + len(recipe.later)):
        tree = fleet.files(recipe, number)
        exports = appenv.app_env("", tree["abra.sh"], {}, recipe="", stack="", domain="")
        version = exports.values[f"{mark}_VERSION"]

        assert content_of.setdefault(version, tree[file]) == tree[file]

    assert len(set(content_of.values())) == len(content_of)


@pytest.mark.parametrize(
    ("name", "tag"), [(recipe.name, tag) for recipe in FLEET for tag in recipe.tags]
)
def test_a_release_is_a_coop_cloud_recipe(tmp_path: Path, name: str, tag: str) -> None:
    """Each release carries its own version, a timeout, a note and nothing unfilled."""
    app = checkout(RECIPES[name], tag, tmp_path)

    read = app.source.compose

    assert read.version == tag
    assert read.timeout == 60
    assert dict(read.volumes) == {"data": f"{STACK}_data"}
    assert (tmp_path / "release" / tag).read_text().strip()
    assert not any(re.search("@[A-Z]+@", text) for text in files_of(RECIPES[name], tag).values())
    assert read.tree["configs"].keys() == {"program", "web"}
    for key, config in read.tree["configs"].items():
        assert (tmp_path / config["file"]).is_file()
        assert config["name"].startswith(f"{STACK}_{key}_v")


def test_the_configuration_names_every_recipe(tmp_path: Path) -> None:
    """The settings are TOML, whatever the folder is called, and excuse only the archive."""
    folder = tmp_path / 'a "quoted" folder, ümläut'
    fleet.create_upstreams(folder)

    settings = tomllib.loads(fleet.config_toml(folder, "local"))

    assert settings["engine"] == "local"
    assert settings["stateDir"] == str(folder / "state")
    assert settings["recipes"].keys() == RECIPES.keys()
    excused = {
        name: body["exception"]
        for name, body in settings["recipes"].items()
        if not body.get("enroll", True)
    }
    assert excused.keys() == {"archive"}
    assert excused["archive"]
    for body in settings["recipes"].values():
        remote = pygit2.init_repository(str(tmp_path / "any")).remotes.create_anonymous(
            body["upstream"]
        )
        assert remote.list_heads()


@pytest.mark.parametrize("engine", ["local", "swarm"])
def test_the_configuration_is_accepted(tmp_path: Path, engine: str) -> None:
    """What the demo leaves behind works with every other command."""
    path = tmp_path / "config.toml"
    path.write_text(fleet.config_toml(tmp_path, engine))

    settings = load(path)

    assert settings.engine == engine
    assert settings.enrolled(date(2026, 12, 1)).keys() == RECIPES.keys() - {"archive"}


@pytest.mark.parametrize(
    ("name", "base", "target", "survives"),
    [
        ("notes", "1.0.0+1.0.0", "1.1.0+1.1.0", True),
        ("notes", "1.1.0+1.1.0", "2.0.0+2.0.0", True),
        ("site", "1.0.0+1.0.0", "1.0.1+1.0.1", True),
        ("counter", "1.0.0+1.0.0", "1.1.0+1.1.0", True),
        ("counter", "1.1.0+1.1.0", "2.0.0+2.0.0", False),
    ],
)
def test_upgrades_end_as_the_demo_tells(
    *, engine: Engine, tmp_path: Path, name: str, base: str, target: str, survives: bool
) -> None:
    """On either engine every check passes on the base; old data tell the broken release."""
    body = tomllib.loads(fleet.config_toml(tmp_path, "local"))["recipes"][name]
    old = checkout(RECIPES[name], base, tmp_path / "old")
    new = checkout(RECIPES[name], target, tmp_path / "new")
    deploy(engine, old)
    assert all(passes(engine, probe) for probe in (*body["probes"], *body["checks"]))
    assert all(passes(engine, probe) for probe in body["data"]["seed"])
    assert all(passes(engine, probe) for probe in body["data"]["check"])

    deploy(engine, new)

    assert all(passes(engine, probe) for probe in body["probes"])
    assert all(passes(engine, probe) for probe in body["data"]["check"]) is survives


@pytest.mark.parametrize("name", ["notes", "counter"])
def test_new_releases_install_cold(engine: Engine, tmp_path: Path, name: str) -> None:
    """The broken release too passes everything but the upgrade."""
    body = tomllib.loads(fleet.config_toml(tmp_path, "local"))["recipes"][name]
    data = body["data"]

    deploy(engine, checkout(RECIPES[name], "2.0.0+2.0.0", tmp_path / "new"))

    every = (*body["probes"], *body["checks"], *data["seed"], *data["check"])
    assert all(passes(engine, probe) for probe in every)


def deploy(engine: Engine, app: App) -> None:
    engine.prepare(app, 30)
    engine.deploy(app)
    engine.wait_ready(app, 60)


def passes(engine: Engine, probe: Mapping[str, Any]) -> bool:
    """Whether a probe of the configuration passes, asked in the plainest way."""
    service = probe.get("service", "app")
    wanted = probe.get("contains", "").replace("{token}", "t-0kn")
    if probe["type"] == "exec":
        done = engine.execute(STACK, service, probe["command"], 10)
        return done.exit_code == 0 and wanted in done.output
    address = engine.address(STACK, service, probe["port"])
    if probe["type"] == "tcp":
        with socket.create_connection((address.host, address.port), 10):
            return True
    answer = Running(address.port, "", address.host).ask(
        probe.get("method", "GET"),
        probe["path"].replace("{token}", "t-0kn"),
        probe.get("body", "").replace("{token}", "t-0kn"),
    )
    return answer.status_code == probe.get("status", 200) and wanted in answer.text
