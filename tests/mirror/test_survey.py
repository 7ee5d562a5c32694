"""What is seen of all remotes together, and what need not be looked at because of it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pygit2
import pytest
from msgspec import structs

from canon_sweep.errors import HostFault, SyncFault
from canon_sweep.mirror import memory
from canon_sweep.mirror.memory import MEMORY, Ends, Key
from canon_sweep.mirror.pool import Answer, Heard, Pool, Question
from canon_sweep.mirror.question import broken
from canon_sweep.mirror.survey import Pair, Survey
from canon_sweep.mirror.synced import Synced
from mirror.kept import Kept
from mirror.servers import Hostile
from mirror.world import World

SECONDS = 20.0


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    """Whoever asks."""
    with Pool.made({}, tmp_path / "tmp", parallel=4, per_server=4) as pool:
        yield pool


def pair(world: World, name: str = "notes") -> Pair:
    """A world's remotes, as a survey has them."""
    return Pair(name, world.upstream_url, world.mirror_url, world.branch, world.clone)


def lost(fault: HostFault) -> None:
    """There is always somebody to ask, where nothing else is said."""
    raise AssertionError(fault)


@dataclass
class Clock:
    """The time of whoever is ``ahead`` by so many seconds."""

    ahead: float = 0.0

    def __call__(self) -> float:
        """Now."""
        return time.monotonic() + self.ahead


def seen(pool: Pool, world: World) -> Synced | None:
    """What is known of a world without a sync; None if nothing is."""
    survey = Survey(pool, lambda: SECONDS, SECONDS, lost)
    survey.look([pair(world)])
    return survey.take("notes")


def files_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder with the time of its last change, and what it is."""
    found = sorted([folder, *folder.rglob("*")])
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in found}


def test_what_agrees_with_the_last_sync_is_known_without_a_look(world: World, pool: Pool) -> None:
    """No clone is opened, nothing is written, and it is what a sync would find."""
    assert seen(pool, world) is None
    first = world.sync()
    again = world.sync()
    world.clone.with_name(world.clone.name + ".lock").unlink()
    before = files_of(world.clone.parent)

    known = seen(pool, world)

    assert known == again
    assert known == structs.replace(first, fetched=False, pushed=())
    assert files_of(world.clone.parent) == before


def test_a_look_knows_it_as_well_once_nothing_differs(world: World, pool: Pool) -> None:
    """A plan leaves the mirror as it is, so only a mirror that agrees is remembered."""
    world.look()
    assert seen(pool, world) is None
    world.sync()
    world.clone.joinpath(MEMORY).unlink()

    found = world.look()

    assert seen(pool, world) == found


CHANGES: dict[str, Callable[[World], object]] = {
    "a tag": lambda world: world.up.tag("2.0.0+v2", world.up.refs()["refs/heads/main"]),
    "a moved tag": lambda world: world.up.tag("1.0.0+v1", world.up.refs()["refs/heads/main"]),
    "a tag less": lambda world: world.up.remove("refs/tags/1.0.0+v1"),
    "a commit": lambda world: world.up.commit("four"),
    "a mirror's tag": lambda world: world.mirror.tag("x", world.mirror.refs()["refs/heads/main"]),
    "a mirror's tag less": lambda world: world.mirror.remove("refs/tags/1.0.0+v1"),
    "a mirror's main": lambda world: world.mirror.set(
        "refs/heads/main", world.mirror.git("rev-parse", "refs/heads/main~1")
    ),
    "another HEAD": lambda world: world.up.git("symbolic-ref", "HEAD", "refs/heads/main"),
    "a branch that is set": lambda world: setattr(world, "branch", "main"),
    "no clone": lambda world: shutil.rmtree(world.clone),
    "another mirror": lambda world: setattr(
        world, "mirror_url", str(shutil.copytree(world.mirror.path, world.clone.parent / "other"))
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_differs_is_for_a_sync(world: World, pool: Pool, change: str) -> None:
    """And that finds both sides in step again, which is known from then on."""
    world.sync()
    assert seen(pool, world) is not None

    CHANGES[change](world)

    assert seen(pool, world) is None
    world.sync()
    assert seen(pool, world) == world.sync()


@pytest.mark.parametrize("days", [29, -29])
def test_what_no_remote_shows_is_looked_for_again_after_weeks(
    served: Callable[[str], World], tmp_path: Path, days: int
) -> None:
    """A remote that has moved says what it always said; the sync after some weeks finds out."""
    world = served("http")
    with Pool.made(world.credentials, tmp_path / "tmp", parallel=2, per_server=2) as pool:
        world.sync()
        known = seen(pool, world)
        then = time.time() - days * 86400
        os.utime(world.clone / MEMORY, (then, then))

        assert known is not None
        assert seen(pool, world) is None
        assert world.sync() == known
        assert seen(pool, world) == known


def test_a_folder_does_not_move(world: World, pool: Pool) -> None:
    """What is read of it is it: it is known for as long as nothing changes."""
    world.sync()
    os.utime(world.clone / MEMORY, (0, 0))

    assert seen(pool, world) is not None


def test_what_is_nobodys_business_changes_nothing(world: World, pool: Pool) -> None:
    """Pull requests and branches of the mirror, and upstream's other branches."""
    world.sync()
    known = seen(pool, world)
    tip = world.mirror.refs()["refs/heads/main"]
    world.mirror.set("refs/pull/7/head", tip)
    world.mirror.set("refs/heads/mine", tip)
    world.up.commit("theirs", branch="feature")

    assert seen(pool, world) == known


def test_a_push_begins_with_forgetting(served: Callable[[str], World], pool: Pool) -> None:
    """A kill in the middle of it leaves a recipe of which nothing is known."""
    world = served("git")
    world.sync()
    assert world.clone.joinpath(MEMORY).exists()
    world.mirror.hook("pre-receive", f'touch ran; test ! -e "{world.clone / MEMORY}"\n')
    world.up.commit("four")

    world.sync()

    assert (world.mirror.path / "ran").exists()
    assert seen(pool, world) is not None


def test_a_push_that_was_not_taken_is_not_remembered(
    served: Callable[[str], World], pool: Pool
) -> None:
    """Nor is half of one."""
    world = served("git")
    world.sync()
    world.mirror.hook("pre-receive", "exit 1\n")
    world.up.commit("four")

    with pytest.raises(SyncFault):
        world.sync()

    assert not world.clone.joinpath(MEMORY).exists()
    assert seen(pool, world) is None


def spoil(file: Path, how: str) -> None:
    """Do something to the file in which the last sync is remembered."""
    content = file.read_bytes()
    file.unlink()
    if how == "a folder":
        file.mkdir()
    elif how == "a pipe":
        os.mkfifo(file)
    elif how == "a link":
        file.with_name("elsewhere").write_bytes(content)
        file.symlink_to("elsewhere")
    elif how == "a device":
        file.symlink_to("/dev/zero")
    else:
        flipped = bytes([*content[:60], content[60] ^ 1, *content[61:]])
        file.write_bytes({"cut": content[:-9], "empty": b"", "a bit": flipped}[how])


@pytest.mark.parametrize(
    "how", ["cut", "empty", "a bit", "a folder", "a pipe", "a link", "a device"]
)
def test_a_file_that_is_not_whole_is_none(world: World, pool: Pool, how: str) -> None:
    """After a power loss, or whatever else: the next sync looks, and nothing fails."""
    world.sync()
    spoil(world.clone / MEMORY, how)

    assert seen(pool, world) is None
    world.sync()

    if how != "a folder":
        assert seen(pool, world) == world.sync()
    assert world.agrees()


def test_a_file_of_another_recipe_is_none(world: World, pool: Pool) -> None:
    """Whoever copies a clone does not copy what is known of its remotes."""
    world.sync()
    elsewhere = shutil.copytree(world.mirror.path, world.clone / "m")
    other = structs.replace(pair(world), mirror=str(elsewhere))
    survey = Survey(pool, lambda: SECONDS, SECONDS, lost)
    survey.look([other])

    assert survey.take("notes") is None


def test_what_is_remembered_of_odd_content_is_none(tmp_path: Path) -> None:
    """A file that is whole and says nonsense, as of a version that was never released."""
    from canon_sweep.mirror import kept  # noqa: PLC0415 - as memory has it

    key, ends = Key("/a", "/b", None), Ends(b"u" * 16, b"m" * 16)
    for body in (b"", b"\xc1", b"\x94\xa1\xff\x90\xa0\xa0"):
        kept.write(tmp_path / MEMORY, key.digest + ends.upstream + ends.mirror + body)
        assert memory.ends(tmp_path, key) == ends
        assert memory.recall(tmp_path, key, ends) is None


def test_a_remote_that_fails_is_told_once_and_asked_again_later(
    world: World, hostile: Hostile, pool: Pool
) -> None:
    """Not at once, which could cost each recipe a deadline; but when its turn comes much later."""
    world.sync()
    real, world.upstream_url = world.upstream_url, hostile.url
    clock = Clock()
    survey = Survey(pool, lambda: SECONDS, SECONDS, lost, clock)
    pairs = [pair(world, name) for name in ("early", "late", "later")]
    survey.look(pairs)
    survey.await_all()

    with pytest.raises(SyncFault, match="cannot be read"):
        survey.take("early")
    asked: list[object] = []
    hostile.talk = asked.append
    clock.ahead = SECONDS + 1
    with pytest.raises(SyncFault, match="cannot be read"):
        survey.take("late")
    survey.await_all()
    clock.ahead = 0
    count = len(asked)
    with pytest.raises(SyncFault, match="cannot be read"):
        survey.take("later")

    # both at once, at the turn of the first of them
    assert count >= 2
    assert len(asked) == count
    assert survey.take("early") is None
    world.upstream_url = real
    assert seen(pool, world) is not None


def test_a_remote_that_fails_waits_for_no_other(world: World, hostile: Hostile, pool: Pool) -> None:
    """What it said is its recipe's line while somebody else's has not answered."""
    told = threading.Event()
    waited: list[bool] = []
    hostile.talk = lambda _: waited.append(told.wait(SECONDS))
    survey = Survey(pool, lambda: SECONDS, SECONDS, lost)
    survey.look(
        [
            structs.replace(pair(world, "bad"), upstream="/nowhere"),
            structs.replace(pair(world, "hangs"), upstream=hostile.url),
        ]
    )

    with pytest.raises(SyncFault, match="/nowhere"):
        survey.take("bad")
    told.set()
    survey.await_all()

    assert waited[0]


def test_who_asks_is_lost_once(world: World, hostile: Hostile, pool: Pool) -> None:
    """Those that failed before, and are to be asked again, say nothing new of it."""
    asked = threading.Event()

    def talk(_: socket.socket) -> None:
        asked.set()
        hostile.closing.wait(SECONDS)

    hostile.talk = talk
    clock, said = Clock(), list[HostFault]()
    survey = Survey(pool, lambda: SECONDS, SECONDS, said.append, clock)
    survey.look(
        [
            structs.replace(pair(world, "bad"), upstream="/nowhere"),
            structs.replace(pair(world, "hangs"), upstream=hostile.url),
        ]
    )
    assert survey.lacks_mirror("bad") is False
    assert asked.wait(SECONDS)
    assert pool._overseer
    os.kill(pool._overseer.pid, signal.SIGKILL)
    survey.await_all()
    clock.ahead = SECONDS + 1

    assert survey.take("bad") is None
    assert survey.take("hangs") is None
    assert len(said) == 1


class Backwards(Pool):
    """A stand-in for a pool: no remote can be read, and who is asked last is heard first."""

    asked: list[list[str]] = msgspec.field(default_factory=list)

    def ask(self, questions: Sequence[Question]) -> Generator[Heard, None, None]:
        """As `Pool.ask`."""
        self.asked.append([question.url for question in questions])
        answer = Answer(broken=broken(SyncFault("away")))
        for number in reversed(range(len(questions))):
            yield Heard(number, answer, time.monotonic())


def test_they_are_asked_again_in_the_order_of_their_turns(world: World) -> None:
    """Not in that in which they were heard: whose turn it is waits for nobody else's server."""
    pool, clock = Backwards(None), Clock()
    survey = Survey(pool, lambda: SECONDS, SECONDS, lost, clock)
    survey.look([structs.replace(pair(world, name), upstream=name) for name in ("early", "late")])
    survey.await_all()
    clock.ahead = SECONDS + 1

    with pytest.raises(SyncFault, match="away"):
        survey.take("early")

    assert pool.asked == [["early", world.mirror_url, "late", world.mirror_url]] * 2


def test_a_run_that_is_almost_over_asks_nobody_again_for_that(world: World, pool: Pool) -> None:
    """The less time is left, the sooner it would, and what is left is for the others."""
    world.sync()
    away = world.up.path.rename(world.up.path.with_name("away"))
    clock, left = Clock(), [SECONDS]
    survey = Survey(pool, lambda: left[0], SECONDS, lost, clock)
    survey.look([pair(world)])
    survey.await_all()
    away.rename(world.up.path)
    clock.ahead, left[0] = SECONDS / 2, SECONDS / 4

    with pytest.raises(SyncFault, match="cannot be read"):
        survey.take("notes")


def test_a_remote_that_is_back_at_its_turn_is_read(world: World, pool: Pool) -> None:
    """An hour later nobody says that it was away."""
    world.sync()
    away = world.up.path.rename(world.up.path.with_name("away"))
    clock = Clock()
    survey = Survey(pool, lambda: SECONDS, SECONDS, lost, clock)
    survey.look([pair(world)])
    survey.await_all()
    away.rename(world.up.path)
    clock.ahead = SECONDS + 1

    assert survey.take("notes") == world.sync()


def test_a_host_without_room_for_workers_reads_each_in_its_turn(tmp_path: Path) -> None:
    """As where there is no process at all: no recipe's line says that it was not asked."""
    script = (
        "import resource\n"
        "from pathlib import Path\n"
        "from canon_sweep.mirror.pool import Pool\n"
        "from canon_sweep.mirror.survey import Pair, Survey\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (6, 6))\n"
        f"tmp = Path({str(tmp_path)!r})\n"
        "with Pool.made({}, tmp, parallel=2, per_server=2) as pool:\n"
        "    survey = Survey(pool, lambda: 20.0, 20.0, print)\n"
        "    survey.look([Pair('notes', '/nowhere', '/nowhere', None, tmp / 'notes.git')])\n"
        "    print(survey.take('notes'))\n"
    )
    command = [sys.executable, "-c", script]

    program = subprocess.run(command, capture_output=True, timeout=30, check=False)

    assert (program.stdout, program.stderr) == (b"None\n", b"")


def shuffled(world: World, chance: random.Random) -> None:
    """Do something at random to upstream, and to the mirror."""
    tags = ["1.0.0+v1", "1.1.0+v1", "2.0.0+v2", "dir/x", "dir"]
    repo = pygit2.Repository(str(world.up.path))
    commits = [str(commit.id) for commit in repo.walk(repo.references["refs/heads/main"].target)]
    for _ in range(chance.randrange(3)):
        tag, what = chance.choice(tags), chance.randrange(5)
        side = chance.choice([world.up, world.up, world.mirror])
        if f"refs/tags/{tag}" in side.refs():
            side.remove(f"refs/tags/{tag}")
        elif what == 0:
            world.up.commit(str(chance.random()))
        elif side is world.up and not any(
            ref.startswith(f"refs/tags/{tag}/") or f"refs/tags/{tag}".startswith(ref + "/")
            for ref in side.refs()
        ):
            side.tag(tag, chance.choice(commits), annotated=chance.random() < 0.5)
        elif what == 1:
            side.set("refs/pull/1/head", side.refs()["refs/heads/main"])
        elif what == 2:
            side.set("refs/heads/other", side.refs()["refs/heads/main"])


def copied(world: World, place: Path) -> World:
    """The same world elsewhere, with nothing remembered."""
    place.mkdir()
    up, mirror = (
        replace(repo, path=Kept.of(repo.path).laid(place / repo.path.name))
        for repo in (world.up, world.mirror)
    )
    clone = Kept.of(world.clone).laid(place / "cache" / world.clone.name)
    clone.joinpath(MEMORY).unlink(missing_ok=True)
    return World(up, mirror, clone, up.path.as_uri(), mirror.path.as_uri())


@pytest.mark.parametrize("seed", range(6))
def test_a_survey_and_a_sync_come_to_the_same(
    world: World, pool: Pool, place: Path, seed: int
) -> None:
    """Whatever happens between two sweeps: what is known, and what both sides have afterwards."""
    chance = random.Random(seed)
    world.sync()
    skipped = 0
    for step in range(8):
        shuffled(world, chance)
        other = copied(world, place / f"{step}")

        wanted: Synced | str
        try:
            wanted = other.sync()
        except SyncFault as fault:
            wanted = str(fault).replace(str(other.up.path.parent), "")
        found: Synced | str | None
        try:
            found = seen(pool, world)
            skipped += found is not None
            found = found or world.sync()
        except SyncFault as fault:
            found = str(fault).replace(str(world.up.path.parent), "")

        assert found == wanted
        assert world.mirror.refs() == other.mirror.refs()
    assert skipped
