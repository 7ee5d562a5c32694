"""Hostile input: one clear line for that recipe, exit 1, the others go on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pygit2
import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.errors import SettingsFault
from stories.fleet import Fleet

# a ref cannot have a space in it; this is how a shell would be made to see one
SHELL = "1.0.0+$(touch${IFS}%s)"


@contextmanager
def half_a_server() -> Iterator[str]:
    """A git server that closes each connection halfway through its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"00a4" + b"a" * 40 + b" HEAD\0multi_ack")

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield f"git://127.0.0.1:{server.getsockname()[1]}/notes"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            serving.join()


def log_of(fleet: Fleet, recipe: str) -> str:
    """What the last run says of a recipe."""
    return (fleet.folder / "state" / "runs" / "latest" / f"{recipe}.log").read_text()


def test_a_fleet_of_hostile_recipes(fleet: Fleet) -> None:
    """All of them in one sweep with two good ones; nothing leaves its place."""
    touched = fleet.folder / "touched"
    for good in ("aaa", "zzz"):
        fleet.publishes(good, "1.0.0+1")
        fleet.publishes(good, "1.1.0+1")
    fleet.sweeps()
    before = fleet.bytes_of("aaa", "zzz")
    fleet.publishes("zzz", "1.2.0+1")

    fleet.publishes("tags", "1.0.0+1")
    fleet.publishes("tags", "1.1.0+1")
    repo = fleet.repo("tags")
    head = repo.references["refs/heads/main"].target
    blob = repo.create_blob(b"not a commit")
    repo.references.create("refs/tags/-upload-pack=x", head)
    repo.references.create(f"refs/tags/{SHELL % touched}", head)
    repo.references.create("refs/tags/9.0.0+9", blob)
    fleet.commits("yaml", "1.0.0+1", {"compose.yml": "services: {app: [}"})
    fleet.add("halfway")

    with half_a_server() as url:
        fleet.recipes["halfway"]["upstream"] = url
        night = fleet.sweeps()

    assert night.results.exit_code == 1
    assert {entry.recipe for entry in night.results.entries} == set(fleet.recipes)
    assert all("\n" not in entry.why for entry in night.results.entries)

    assert night["halfway"].code is Code.SYNC_ERROR
    assert night["yaml"].outcome is Outcome.RED
    assert "compose.yml is not YAML, line 1" in night["yaml"].reason

    ignored = {entry.tag: entry.reason for entry in night["tags"].ignored_tags}
    assert set(ignored) == {"-upload-pack=x", SHELL % touched, "9.0.0+9"}
    assert "commit" in ignored["9.0.0+9"]
    assert night["tags"].outcome is Outcome.PROMOTED
    mirror = pygit2.Repository(str(fleet.mirror("tags")))
    assert str(mirror.references["refs/tags/9.0.0+9"].target) == str(blob)

    assert night["zzz"].outcome is Outcome.PROMOTED
    assert night["aaa"].code is Code.NO_NEW_VERSION
    assert fleet.bytes_of("aaa", "zzz") != before
    assert not touched.exists()
    outside = {path.name for path in fleet.folder.iterdir()}
    assert outside == {"cache", "mirrors", "state", "upstreams"}


def test_a_hostile_recipe_name_ends_the_sweep_before_it_begins(fleet: Fleet) -> None:
    """It is a mistake of the settings, and no folder has been made by it."""
    fleet.publishes("notes", "1.0.0+1")
    mirror = str(fleet.folder / "mirrors" / "another")
    fleet.recipes["../../etc"] = fleet.recipes["notes"] | {"mirror": mirror}
    before = sorted(fleet.folder.rglob("*"))

    with pytest.raises(SettingsFault, match=r"'../../etc' is no recipe name"):
        fleet.sweeps()

    assert sorted(fleet.folder.rglob("*")) == before


@pytest.mark.parametrize("what", ["gone", "emptied", "halfway"])
def test_an_upstream_that_fails_deletes_nothing(fleet: Fleet, what: str) -> None:
    """A failed or empty answer is an error, never 'no tags'."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.has_swept()
    before = fleet.bytes_of("notes")
    mirror = pygit2.Repository(str(fleet.mirror("notes")))
    refs = sorted(mirror.references)

    with half_a_server() as url:
        if what == "gone":
            fleet.upstream("notes").rename(fleet.folder / "away")
        elif what == "emptied":
            for name in list(fleet.repo("notes").references):
                fleet.repo("notes").references.delete(name)
        else:
            fleet.recipes["notes"]["upstream"] = url
        night = fleet.sweeps()

    assert night["notes"].code is Code.SYNC_ERROR
    assert night.results.exit_code == 1
    assert sorted(mirror.references) == refs
    assert fleet.bytes_of("notes") == before


def test_what_a_mirror_took_before_it_declined_the_rest_is_counted(fleet: Fleet) -> None:
    """A run that pushed something is no no-op, though the recipe ends in an error."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.sweeps()
    fleet.publishes("notes", "1.1.0+1")
    mirror = fleet.mirror("notes")
    # a folder in the place of a branch's file: this one ref cannot be written
    pygit2.Repository(str(mirror)).references.delete("refs/heads/main")
    (mirror / "refs" / "heads" / "main" / "x").mkdir(parents=True)
    (mirror / "refs" / "heads" / "main" / "x" / "y").write_text("in the way")

    night = fleet.sweeps()

    entry = night["notes"]
    assert entry.code is Code.SYNC_ERROR
    assert entry.sync is not None
    assert entry.sync.pushed == ("refs/tags/1.1.0+1",)
    assert not night.results.noop


@pytest.mark.parametrize(
    ("files", "cause"),
    [
        ({"README.md": "nothing to deploy"}, "no 'compose.yml'"),
        ({"compose.yml": "- list"}, "no table"),
        (
            {"compose.yml": "services: {app: {image: a}}", ".env.sample": "COMPOSE_FILE=../x.yml"},
            "no '../x.yml'",
        ),
        (
            {
                "compose.yml": "services: {app: {image: a}}\nvolumes: {data: {name: shared}}",
            },
            "outside its stack",
        ),
    ],
)
def test_a_recipe_that_cannot_be_deployed_is_red_in_install(
    fleet: Fleet, files: dict[str, str], cause: str
) -> None:
    """The cause is the recipe's, and is said in one line."""
    fleet.add("notes")
    fleet.commits("notes", "1.0.0+1", files)

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert entry.reason.startswith("install: ")
    assert cause in entry.reason


def test_a_label_waits_no_longer_than_the_cap(fleet: Fleet) -> None:
    """A label is upstream's word; one that says days must not cost the fleet its night."""
    fleet.options["timeouts"] = {"probe": "400ms", "deployCap": "300ms"}
    fleet.publishes("notes", "1.0.0+1", ready=True)

    night = fleet.sweeps()

    assert night["notes"].outcome is Outcome.RED
    assert "at most 0.3s" in log_of(fleet, "notes")


def test_the_operators_own_limit_outranks_the_cap(fleet: Fleet) -> None:
    """Who sets a recipe's limit knows how long it may take."""
    fleet.options["timeouts"] = {"probe": "400ms", "deployCap": "1ms"}
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.recipes["notes"]["timeouts"] = {"deploy": "30s"}

    night = fleet.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert "at most 30s" in log_of(fleet, "notes")


def test_a_long_limit_is_told_as_it_is_set(fleet: Fleet) -> None:
    """Nobody reads 5.4e+03 s as an hour and a half."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.recipes["notes"]["timeouts"] = {"deploy": "1h 30m"}

    fleet.sweeps()

    assert "at most 1h 30m" in log_of(fleet, "notes")
