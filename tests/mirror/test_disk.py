"""A host whose disk is full, read-only or missing: its fault, and nothing is lost by it."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2
import pytest

from canon_sweep.errors import SyncFault
from canon_sweep.mirror import disk
from canon_sweep.mirror.checkout import checkout
from canon_sweep.mirror.disk import DiskFault
from canon_sweep.mirror.scratch import beside, scratch
from canon_sweep.mirror.sync import advertised
from child import in_child
from host import own_disk
from mirror.servers import Hostile, advertisement, line, pack, relay
from mirror.world import Repo, World

pytestmark = pytest.mark.host


@pytest.fixture
def small(world: World) -> Iterator[World]:
    """A world whose cache is a file system of its own."""
    cache = world.clone.parent
    cache.mkdir(parents=True)
    with own_disk(cache, "size=2m,nr_inodes=400"):
        yield world


@contextmanager
def full(world: World, leaving: int = 0) -> Iterator[None]:
    """No more than ``leaving`` bytes are free in the cache."""
    filler = world.clone.parent / "filler"
    free = shutil.disk_usage(world.clone.parent).free
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free - leaving, 1))
    yield
    filler.unlink()


@contextmanager
def without_inodes(world: World, leaving: int = 0) -> Iterator[None]:
    folder = world.clone.parent / "many"
    folder.mkdir()
    for number in range(os.statvfs(folder).f_favail - leaving):
        (folder / str(number)).touch()
    yield
    shutil.rmtree(folder)


@contextmanager
def read_only(world: World) -> Iterator[None]:
    cache = str(world.clone.parent)
    subprocess.run(["mount", "-o", "remount,ro", cache], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", cache], check=True)


def refused(world: World, words: str) -> DiskFault:
    with pytest.raises(DiskFault, match=words) as caught:
        world.sync()
    assert isinstance(caught.value, SyncFault)
    assert str(world.clone.parent) in caught.value.what
    assert caught.value.do
    assert "broken" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("leaving", [0, 4096, 20_000, 60_000, 100_000])
def test_a_full_disk_at_the_first_sync_is_the_hosts(small: World, leaving: int) -> None:
    """Wherever the room ends, the sentence is the kernel's, and with room again it goes on."""
    small.up.tag("noise", small.up.blob(os.urandom(200_000)))

    with full(small, leaving):
        refused(small, "No space left on device")

    small.sync()
    assert small.agrees()


@pytest.mark.parametrize("leaving", [0, 8192, 100_000])
def test_a_full_disk_at_a_later_sync_keeps_the_clone(small: World, leaving: int) -> None:
    """What was fetched before is not thrown away for what does not fit."""
    small.sync()
    before = Repo(small.clone).refs()
    small.up.tag("noise", small.up.blob(os.urandom(200_000)))
    small.up.commit("four")

    with full(small, leaving):
        refused(small, "No space left on device")

    assert Repo(small.clone).refs() == before
    small.sync()
    assert small.agrees()


@pytest.mark.parametrize("leaving", [0, 3, 12])
def test_a_disk_without_inodes_is_the_hosts(small: World, leaving: int) -> None:
    """It says 'no space' as well, with gigabytes free."""
    small.sync()
    main = small.up.refs()["refs/heads/main"]
    for number in range(20):
        small.up.tag(f"2.{number}.0+v2", main)

    with without_inodes(small, leaving):
        refused(small, "No space left on device")

    assert small.clone.exists()
    small.sync()
    assert small.agrees()


def test_a_read_only_disk_is_the_hosts(small: World) -> None:
    """A file system that the kernel has closed after an error."""
    small.sync()
    small.up.commit("four")

    with read_only(small):
        refused(small, "Read-only file system")

    assert small.clone.exists()
    small.sync()
    assert small.agrees()


def test_a_full_disk_does_not_cost_a_checkout_the_clone(small: World, tmp_path: Path) -> None:
    """A checkout only reads the clone."""
    main = small.sync().main

    with full(small):
        checkout(small.clone, main, tmp_path / "target")

    assert (tmp_path / "target/compose.yml").read_text() == "three"


def leave_few_files(count: int) -> None:
    """This process may open so many files more, and no others."""
    highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
    while (lowest_free := os.open(os.devnull, os.O_RDONLY)) <= highest:
        pass  # a hole among those that are open already
    os.close(lowest_free)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + count, most))


@pytest.mark.parametrize("kind", ["file", "git"])
@pytest.mark.parametrize("later", [False, True])
def test_too_many_open_files_are_the_hosts_whoever_was_spoken_to(
    served: Callable[[str], World], kind: str, later: bool
) -> None:
    """At every file that may be the last, until there are enough; the clone stays."""
    world = served(kind)
    if later:
        world.sync()
        world.up.commit("four")
    count = 0
    while world.mirror.refs() != world.up.refs():

        def syncs(count: int = count) -> None:
            leave_few_files(count)
            try:
                world.sync()
            except SyncFault as fault:
                told = fault
            else:
                return
            assert isinstance(told, DiskFault), told
            assert "Too many open files; raise the limit of open files" in str(told)

        assert in_child(syncs) == 0
        assert not later or world.clone.exists()
        count += 1
        assert count < 20
    assert count > 1
    assert world.agrees()


def test_what_a_server_has_too_many_of_is_its_own(world: World, hostile: Hostile) -> None:
    """Its words end as the kernel's do, and are quoted."""
    words = os.strerror(errno.EMFILE)
    hostile.talk = lambda connection: connection.sendall(line(f"ERR cannot serve: {words}"))
    world.upstream_url = hostile.url

    with pytest.raises(SyncFault, match=words) as caught:
        world.sync()

    assert not isinstance(caught.value, DiskFault)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG])
def test_the_kernels_words_are_known_at_the_end_of_a_sentence_only(
    tmp_path: Path, number: int
) -> None:
    """libgit2 gives no number; what a server says in the middle of a line is not the kernel's."""
    words = os.strerror(number)

    assert disk.reason(ValueError(f"failed to write out file: {words}"), tmp_path) == words
    assert disk.reason(OSError(number, words), tmp_path) == words
    assert disk.reason(ValueError(f"remote says {words}, so there"), tmp_path) is None


def test_a_denial_is_the_hosts_only_beside_the_folders_name(tmp_path: Path) -> None:
    """A folder of somebody else's, not a remote that does not let us in."""
    denied = os.strerror(errno.EACCES)

    assert disk.reason(ValueError(f"cannot make '{tmp_path}/x': {denied}"), tmp_path) == denied
    assert disk.reason(ValueError(f"failed to connect: {denied}"), tmp_path) is None


def test_a_remote_that_fails_does_not_cost_the_clone(world: World, hostile: Hostile) -> None:
    """A fetch that breaks off is fetched again, from what is there already."""
    world.sync()
    mark = world.clone / "kept"
    mark.touch()
    real, world.upstream_url = world.upstream_url, hostile.url
    new = world.up.commit("four")
    answer = advertisement(("refs/heads/main", new))
    hostile.talk = lambda connection: connection.sendall(answer)

    with pytest.raises(SyncFault, match="cannot be fetched from"):
        world.sync()

    assert mark.exists()
    world.upstream_url = real
    world.sync()
    assert world.agrees()
    assert mark.exists()


def test_a_clone_that_fails_every_fetch_is_made_again(world: World) -> None:
    """A ref of an earlier look-up whose commit is lost stops every fetch until it is gone."""
    world.sync()
    lost = Repo(world.clone).path / "refs/canon-sweep/ref/heads/x"
    lost.parent.mkdir(parents=True)
    lost.write_text("c0ffee" + "0" * 34 + "\n")
    world.up.commit("four")

    try:
        world.sync()
    except SyncFault:
        world.sync()

    assert world.agrees()


KILLED = """
import os, signal, sys
from pathlib import Path
from canon_sweep.mirror import clone as cache
from canon_sweep.mirror.sync import look
cache.oversized = lambda _: os.kill(os.getpid(), signal.SIGKILL)
look(sys.argv[1], sys.argv[2], Path(sys.argv[3]), credentials={}, timeout=10)
"""


def test_what_a_killed_sync_fetched_is_not_trusted(world: World, hostile: Hostile) -> None:
    """A hole that came just before a kill is not taken for what was looked at before it."""
    world.sync()
    up = world.up
    older, tip = up.commit("four"), up.commit("five")
    whole = {up.git("rev-parse", f"{tip}:compose.yml"), up.git("rev-parse", f"{tip}^{{tree}}")}
    answer = pack(up, older, tip, *whole)  # the older tree is missing
    hostile.talk = relay(up, lambda _: answer)
    command = [sys.executable, "-c", KILLED, hostile.url, world.mirror_url, str(world.clone)]

    done = subprocess.run(command, check=False)

    assert done.returncode == -signal.SIGKILL
    assert Repo(world.clone).refs()["refs/heads/main"] == tip
    assert world.sync().fetched
    assert world.agrees()
    assert Repo(world.clone).is_whole()


def test_no_folder_for_temporary_files_is_needed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a conversation needs lies beside the clone, whatever TMPDIR says."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom canon_sweep.mirror.sync import advertised\n"
        "advertised(sys.argv[1], Path(sys.argv[2]), credentials={}, timeout=10)\n"
    )
    command = [sys.executable, "-c", script, world.upstream_url, str(world.clone)]

    done = subprocess.run(
        command, env=os.environ | {"TMPDIR": "/proc/none"}, cwd="/proc", check=False
    )

    assert done.returncode == 0
    assert [entry.name for entry in beside(world.clone).iterdir()] == ["lock"]


def test_a_full_disk_under_a_conversation_is_the_hosts(small: World) -> None:
    """Upstream is not to blame that it could not be asked."""
    with full(small), pytest.raises(DiskFault, match="No space left on device"):
        advertised(small.upstream_url, small.clone, credentials={}, timeout=10)


HOLDS = """
import sys
from pathlib import Path
from canon_sweep.mirror.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_conversation_left_goes_with_the_next(tmp_path: Path) -> None:
    """A dead process's folder goes; a living one's, ours or another's, and foreign ones stay."""
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        subprocess.Popen(command, **pipes) as dead,  # type: ignore[call-overload]
        subprocess.Popen(command, **pipes) as alive,  # type: ignore[call-overload]
        scratch(tmp_path) as own,
    ):
        left, used = Path(dead.stdout.readline().strip()), Path(alive.stdout.readline().strip())
        (left / "some.git").mkdir()
        (tmp_path / "foreign").mkdir()
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        assert left.exists()

        with scratch(tmp_path) as another:
            assert another not in (own, used, left)

        assert not left.parent.exists()
        assert own.is_dir()
        assert used.is_dir()
        alive.communicate("")
    assert {entry.name for entry in tmp_path.iterdir()} == {"lock", "foreign"}


def test_a_host_without_a_thread_left_is_no_fault_of_the_remote() -> None:
    """libgit2 has words of its own for it; what a server says is quoted after others."""
    words = disk.shortage(pygit2.GitError("unable to create thread"))

    assert words is not None
    assert "how many processes" in str(disk.fault_of("it cannot be fetched from", words))
    assert disk.shortage(pygit2.GitError("remote error: unable to create thread")) is None


@pytest.mark.parametrize("is_pipe", [False, True])
def test_whoever_has_the_clone_is_no_remotes_fault(world: World, is_pipe: bool) -> None:
    """Its lock is named; and a pipe in the lock's place is one as well."""
    world.sync()
    lock = world.clone.with_name(world.clone.name + ".lock")
    if is_pipe:
        lock.unlink()
        os.mkfifo(lock)
        assert not world.sync().pushed
    with lock.open("r+b", buffering=0) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        world.timeout = 0.2

        with pytest.raises(DiskFault, match=r"the cache clone: not done within .*\.git\.lock"):
            world.sync()
