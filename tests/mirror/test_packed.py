"""Very many new tags: they lie in one file of the clone, whatever becomes of them later."""

from __future__ import annotations

import random
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pygit2
import pytest
from pygit2.references import References

from canon_sweep.mirror import intake, packed
from mirror.conftest import TRANSPORTS
from mirror.test_survey import shuffled
from mirror.world import Repo, World


def files(world: World) -> list[str]:
    """The refs of the clone that have a file of their own."""
    return [path.name for path in (world.clone / "refs").rglob("*") if path.is_file()]


def has_all(world: World) -> bool:
    """Whether git finds in the clone what upstream has, and no hole."""
    clone, mirrored = Repo(world.clone), ("refs/heads/main", "refs/tags/")
    there = {ref: oid for ref, oid in world.up.refs().items() if ref.startswith(mirrored)}
    assert clone.refs() == there
    return clone.is_whole()


@pytest.mark.parametrize("kind", TRANSPORTS)
@pytest.mark.parametrize("annotated", [True, False], ids=["annotated", "light"])
def test_many_new_tags_come_into_one_file(
    served: Callable[[str], World], monkeypatch: pytest.MonkeyPatch, kind: str, annotated: bool
) -> None:
    """Those of a later sync too, and a few by themselves are not worth it."""
    monkeypatch.setattr(intake, "_MANY", 10)
    world = served(kind)
    for number in range(10):
        world.up.tag(f"2.{number}.0+v2", world.up.refs()["refs/heads/main"], annotated=annotated)

    world.sync()

    assert files(world) == []
    assert world.agrees()
    assert has_all(world)
    again = world.sync()
    assert (again.fetched, again.pushed, again.deleted) == (False, (), ())
    world.up.tag("3.0.0+v3", world.up.commit("more"), annotated=True)
    world.sync()
    assert sorted(files(world)) == ["3.0.0+v3", "main"]
    assert world.agrees()
    assert has_all(world)


@pytest.mark.parametrize("seed", range(4))
def test_refs_that_are_packed_move_and_go_as_any_other(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Also where one becomes a folder, or a folder one."""
    monkeypatch.setattr(intake, "_MANY", 1)
    chance = random.Random(seed)
    for _ in range(12):
        shuffled(world, chance)
        world.up.remove("refs/tags/1.0.0+v1")

        world.sync(accept_upstream=True)

        assert files(world) == []
        assert has_all(world)


def test_many_that_go_cost_one_writing_of_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the file written for each of them, the largest upstream would never be in step."""
    monkeypatch.setattr(intake, "_MANY", 10)
    main = world.up.refs()["refs/heads/main"]
    written: list[str] = []
    for number in range(20):
        world.up.tag(f"folder/2.{number}.0+v2", main)
    world.sync()
    for number in range(1, 20):
        world.up.remove(f"refs/tags/folder/2.{number}.0+v2")
    replace, delete = Path.replace, References.delete

    def counted(path: Path, target: Path) -> Path:
        written.append(target.name)
        return replace(path, target)

    def deleted(refs: References, name: str) -> None:
        written.append("packed-refs")
        delete(refs, name)

    monkeypatch.setattr(Path, "replace", counted)
    monkeypatch.setattr(References, "delete", deleted)

    world.sync(accept_upstream=True)

    assert written.count("packed-refs") == 1
    assert has_all(world)
    world.up.remove("refs/tags/folder/2.0.0+v2")
    world.up.tag("folder", main)
    world.sync(accept_upstream=True)
    assert has_all(world)


def test_where_they_cannot_be_written_all_is_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk does not cost the clone, which would be fetched anew."""
    monkeypatch.setattr(intake, "_MANY", 1)
    world.sync()
    clone = Repo(world.clone)
    before, repo = clone.refs(), pygit2.Repository(str(world.clone))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            packed.remove(repo, {"refs/tags/1.0.0+v1"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert clone.refs() == before
    assert list(world.clone.glob("*.lock")) == []


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("goes", [False, True], ids=["new", "gone"])
@pytest.mark.parametrize("moment", ["replace", "unlink"])
def test_a_kill_while_they_are_packed_costs_a_sync_at_most(
    world: World, monkeypatch: pytest.MonkeyPatch, moment: str, goes: bool
) -> None:
    """Before the file is there, or while what it has, or had, lies beside it."""
    monkeypatch.setattr(intake, "_MANY", 1)
    if goes:
        world.sync()
        world.up.remove("refs/tags/1.0.0+v1")

    class Dying(type(Path())):  # type: ignore[misc]
        def replace(self, *args: Any) -> Any:
            return self._does("replace", *args)

        def unlink(self, *args: Any, **more: Any) -> Any:
            return self._does("unlink", *args, **more)

        def _does(self, what: str, *args: Any, **more: Any) -> Any:
            if what == moment:
                raise Killed
            return getattr(super(), what)(*args, **more)

    with monkeypatch.context() as dying:
        dying.setattr(packed, "Path", Dying)
        with pytest.raises(Killed):
            world.sync()

    world.sync()

    assert world.agrees()
    assert has_all(world)
