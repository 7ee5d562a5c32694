"""A pull request's test as a step of CI, with a real git server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pygit2
import pytest

from cli.typed import Call, Done
from mirror.servers import Daemon
from stories.fleet import NEVER_STARTS, RUNS, Fleet, compose, toml


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A recipe whose upstream and mirror a git daemon serves."""
    fleet = Fleet(tmp_path)
    for tag in ("1.0.0+1", "1.1.0+1"):
        fleet.publishes("notes", tag)
    with Daemon.started(tmp_path) as server:
        fleet.add(
            "notes",
            upstream=server.url(fleet.upstream("notes")),
            mirror=server.url(fleet.mirror("notes")),
        )
        yield fleet


@pytest.fixture
def step(fleet: Fleet, typed: Call) -> Call:
    """A command of the program, as CI runs it."""
    path = fleet.folder / "config.toml"
    tree = {
        "stateDir": f"{fleet.folder}/state",
        "cacheDir": f"{fleet.folder}/cache",
        "engine": "local",
        "retries": 0,
        "recipes": fleet.recipes,
    }
    path.write_text(toml(tree))

    def run(*words: str) -> Done:
        return typed(*words, "--config", str(path))

    assert run("run").returncode == 0
    return run


def opens(fleet: Fleet, where: Path, label: str, program: str = RUNS) -> str:
    """Somebody opens pull request 7 there; gives its commit."""
    repo = pygit2.Repository(str(where))
    main = repo.references["refs/heads/main"].peel(pygit2.Commit)
    builder = repo.TreeBuilder(main.tree)
    blob = repo.create_blob(compose(program, label).encode() + b"\n")
    builder.insert("compose.yml", blob, pygit2.enums.FileMode.BLOB)
    author = pygit2.Signature("Ann", "ann@example.org", 1_790_000_000, 0)
    made = repo.create_commit(None, author, author, "change", builder.write(), [main.id])
    repo.references.create("refs/pull/7/head", made, force=True)
    return str(made)


def entry_of(done: Done) -> dict[str, Any]:
    """The recipe's line; on stdout is one JSON document and nothing else."""
    (entry,) = json.loads(done.stdout)["entries"]
    assert isinstance(entry, dict)
    return entry


@pytest.mark.parametrize("where", ["mirror", "upstream"])
def test_a_pull_request_of_mirror_or_upstream_is_tested(
    fleet: Fleet, step: Call, where: str
) -> None:
    """The guard steps back, which the results and the log say; nothing is promoted or pushed."""
    remote = {"mirror": fleet.mirror, "upstream": fleet.upstream}[where]("notes")
    commit = opens(fleet, remote, "1.1.0+1")
    before = fleet.bytes_of("notes")

    done = step("test", "notes", "--ref", "pull/7/head", "--json")

    assert done.returncode == 0, done.stderr
    entry = entry_of(done)
    assert (entry["outcome"], entry["base"], entry["stepped_back"]) == ("passed", "1.0.0+1", True)
    assert json.loads(done.stdout)["stepped_back"] == ["notes"]
    log = (fleet.folder / "state/runs/latest/notes.log").read_text()
    assert f"stepped-back: {commit}" in log
    assert fleet.bytes_of("notes") == before
    refs = set(pygit2.Repository(str(fleet.mirror("notes"))).references)
    assert {ref for ref in refs if ref.startswith("refs/pull/")} == (
        {"refs/pull/7/head"} if where == "mirror" else set()
    )


def test_a_quick_test_of_a_pull_request(fleet: Fleet, step: Call) -> None:
    """Minutes instead of hours, on the canonical's data, which is put back."""
    opens(fleet, fleet.mirror("notes"), "1.2.0+1")
    before = fleet.bytes_of("notes")

    done = step("test", "notes", "--ref", "pull/7/head", "--quick", "--json")

    assert done.returncode == 0, done.stderr
    assert (entry_of(done)["outcome"], entry_of(done)["base"]) == ("passed", "1.1.0+1")
    assert fleet.bytes_of("notes") == before


def test_a_red_pull_request_fails_its_step(fleet: Fleet, step: Call) -> None:
    """Exit 1, with the tier; the release that is proven stays so."""
    opens(fleet, fleet.mirror("notes"), "1.2.0+1", NEVER_STARTS)

    done = step("test", "notes", "--ref", "pull/7/head", "--json")

    assert done.returncode == 1
    assert entry_of(done)["outcome"] == "red"
    assert entry_of(done)["reason"].startswith("install: ")
    assert json.loads(step("plan", "--json").stdout)["entries"][0]["code"] == "skip/no-new-version"


def test_a_pull_request_that_nobody_has_is_usage(step: Call) -> None:
    """Exit 2, and the object on stdout says why."""
    done = step("test", "notes", "--ref", "pull/9/head", "--json")

    assert done.returncode == 2
    assert "pull/9/head" in json.loads(done.stdout)["error"]["what"]
