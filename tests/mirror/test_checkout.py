"""Finding a commit in the clone and writing its files, whatever is in it."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode

from canon_sweep.errors import Fault, HostFault, RecipeFault, SyncFault, UsageFault
from canon_sweep.mirror.checkout import checkout, resolve
from canon_sweep.mirror.sync import fetch_ref
from host import deep, small_files
from mirror.world import Repo, World


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder that is not there yet, in one that is not there either."""
    return tmp_path / "checkouts" / "target"


def nothing_at(target: Path) -> bool:
    """Neither the folder nor a draft of it."""
    return not target.parent.exists() or list(target.parent.iterdir()) == []


@pytest.fixture
def taken(world: World, target: Path) -> Path:
    """A commit's files: a script, a folder, a link inside, a submodule."""
    up = world.up
    blob = up.blob(b"echo hi\n")
    inner = up.tree(f"100644 blob {blob}\tdeep.txt\n120000 blob {up.blob(b'../abra.sh')}\tup\n")
    tree = up.tree(
        f"100755 blob {blob}\tabra.sh\n040000 tree {inner}\trelease\n"
        f"120000 blob {up.blob(b'release/deep.txt')}\tlink\n"
        f"160000 commit {up.refs()['refs/heads/main']}\tmodule\n"
    )
    commit = up.commit_of(tree, up.refs()["refs/heads/main"])
    up.set("refs/heads/main", commit)
    world.sync()
    checkout(world.clone, commit, target)
    return target


def test_a_commit_is_written_as_it_is(taken: Path) -> None:
    """Files, modes and inner links are there; a submodule is not."""
    found = {str(path.relative_to(taken)) for path in taken.rglob("*")}

    assert found == {"abra.sh", "release", "release/deep.txt", "release/up", "link"}
    assert os.access(taken / "abra.sh", os.X_OK)
    assert not os.access(taken / "release/deep.txt", os.X_OK)
    assert (taken / "link").read_bytes() == b"echo hi\n"
    assert (taken / "release/up").is_symlink()


def raw_tree(up: Repo, *entries: tuple[str, str, str]) -> str:
    """A tree that git itself would refuse to make, from (mode, name, object id)."""
    data = b"".join(
        f"{mode} {name}\0".encode() + bytes.fromhex(object_id) for mode, name, object_id in entries
    )
    return up.stores("tree", data)


def hostile_trees(up: Repo) -> dict[str, str]:
    blob = up.blob(b"owned")

    def link(to: bytes) -> str:
        return up.blob(to)

    inner = raw_tree(up, ("100644", "x", blob))
    deep = raw_tree(up, ("120000", "d", link(b"../..")), ("120000", "e", link(b"d/../x")))
    nest = raw_tree(up, ("40000", "q", deep))
    bomb = up.tree(f"100644 blob {blob}\tx\n")
    deep_down = inner
    for _ in range(9):
        deep_down = raw_tree(up, ("40000", "sub" * 80, deep_down))
    for _ in range(8):
        bomb = raw_tree(up, *(("40000", f"d{n}", bomb) for n in range(10)))
    return {
        "git folder": raw_tree(up, ("40000", ".git", inner)),
        "GIT folder": raw_tree(up, ("40000", ".GIT", inner)),
        "dots": raw_tree(up, ("40000", "..", inner)),
        "slash": raw_tree(up, ("100644", "a/../../x", blob)),
        "absolute": raw_tree(up, ("120000", "l", link(b"/etc/passwd"))),
        "outside": raw_tree(up, ("120000", "l", link(b"../x"))),
        "by two links": raw_tree(up, ("40000", "p", nest)),
        "through a link": raw_tree(up, ("120000", "a", link(b"..")), ("40000", "a", inner)),
        "twice": raw_tree(up, ("100644", "a", blob), ("100755", "a", blob)),
        "no target": raw_tree(up, ("120000", "l", link(b"a\0b"))),
        "long target": raw_tree(up, ("120000", "l", link(b"./" * 3000 + b"x"))),
        "deep": deep_down,
        "long": raw_tree(up, ("100644", "n" * 300, blob)),
        "bomb": bomb,
    }


CASES = {
    "git folder": "a file named '.git'",
    "GIT folder": "a file named '.GIT'",
    "dots": "a file named '..'",
    "slash": "a file named 'a/../../x'",
    "absolute": "a link 'l' that leads out of it",
    "outside": "a link 'l' that leads out of it",
    "by two links": "a link 'p/q/e' that leads out of it",
    "through a link": "two files of the same name: 'a'",
    "twice": "two files of the same name: 'a'",
    "no target": "a link 'l' that leads nowhere",
    "long target": "a link 'l' that leads nowhere",
    "long": "a file whose name is too long: 'nnn",
    "deep": "a file whose name is too long: 'subsub",
    "bomb": "more than 20000 files",
}


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_tree_is_the_recipes_fault(up: Repo, target: Path, case: str) -> None:
    """Nothing is written or led outside the folder, and the reason is the same every time."""
    commit = up.commit_of(hostile_trees(up)[case])

    for _ in range(2):
        with pytest.raises(RecipeFault, match=re.escape(CASES[case])) as caught:
            checkout(up.path, commit, target)

        assert str(caught.value).isprintable()
        assert nothing_at(target)


def nested(repo: pygit2.Repository, levels: int) -> pygit2.Oid:
    """A tree with a file so many folders down."""
    builder = repo.TreeBuilder()
    builder.insert("file", repo.create_blob(b""), FileMode.BLOB)
    tree = builder.write()
    for _ in range(levels):
        builder = repo.TreeBuilder()
        builder.insert("d", tree, FileMode.TREE)
        tree = builder.write()
    return tree


def linked(repo: pygit2.Repository, targets: Iterable[str]) -> pygit2.Oid:
    """A tree with a link to each of them, by numbers."""
    builder = repo.TreeBuilder()
    for number, target in enumerate(targets):
        builder.insert(str(number), repo.create_blob(target.encode()), FileMode.LINK)
    return builder.write()


def chained(repo: pygit2.Repository, links: int) -> pygit2.Oid:
    """A tree with so many links, each to the next."""
    return linked(repo, (str(number + 1) for number in range(links)))


def by_way_of_nothing(repo: pygit2.Repository, links: int) -> pygit2.Oid:
    """The same, and each by way of a folder that is not there: the system stops at the first."""
    return linked(repo, (f"missing/../{number + 1}" for number in range(links)))


def ring(repo: pygit2.Repository, links: int) -> pygit2.Oid:
    """The same, and the last leads to the first."""
    return linked(repo, (str((number + 1) % links) for number in range(links)))


@pytest.mark.parametrize(
    ("made", "size", "reason"),
    [
        (nested, 101, "more than 100 folders in one another"),
        (nested, 900, "more than 100 folders in one another"),
        (chained, 3000, "a link '0' that leads over too many others"),
        (by_way_of_nothing, 3000, "a link '0' that leads over too many others"),
        (ring, 2, "a link '0' that leads over too many others, or to itself"),
    ],
)
def test_a_tree_that_goes_on_and_on_is_the_recipes_fault(
    up: Repo,
    target: Path,
    made: Callable[[pygit2.Repository, int], pygit2.Oid],
    size: int,
    reason: str,
) -> None:
    """What one call a level would follow to the end of its stack is not followed at all."""
    commit = up.commit_of(str(made(pygit2.Repository(str(up.path)), size)))

    with pytest.raises(RecipeFault, match=reason):
        checkout(up.path, commit, target)

    assert nothing_at(target)


def test_a_tree_may_be_as_deep_as_any_recipes(up: Repo, target: Path) -> None:
    """A hundred folders are more than anybody has."""
    tree = nested(pygit2.Repository(str(up.path)), 100)

    checkout(up.path, up.commit_of(str(tree)), target)

    assert len(list(target.rglob("*"))) == 101


def test_a_draft_of_any_depth_is_cleared_away(up: Repo, target: Path) -> None:
    """One that a version before this one has left."""
    tree = nested(pygit2.Repository(str(up.path)), 1)
    draft = target.with_name(f".{target.name}.draft-0123")

    with deep(draft, 1500):
        checkout(up.path, up.commit_of(str(tree)), target)

        assert list(target.parent.iterdir()) == [target]


@contextmanager
def little_memory(left: int) -> Iterator[None]:
    """No more than ``left`` bytes above what this process has now."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def zeros(up: Repo, mebibytes: int) -> str:
    """A file of nothing but zeros, as git keeps it: packed small, one mebibyte like the other."""
    size = mebibytes * 1024**2
    head, each = b"blob %d\0" % size, bytes(1024**2)
    digest, check = hashlib.sha1(head), zlib.adler32(head)
    for _ in range(mebibytes):
        digest.update(each)
        check = zlib.adler32(each, check)
    packer = zlib.compressobj()
    begun = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    # after a full flush the same comes out for the same
    packed = packer.compress(each) + packer.flush(zlib.Z_FULL_FLUSH)
    # an empty last block
    ended = b"\x03\x00" + check.to_bytes(4, "big")
    name = digest.hexdigest()
    file = up.path / "objects" / name[:2] / name[2:]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(begun + packed * mebibytes + ended)
    assert up.git("cat-file", "-s", name) == str(size)
    return name


def test_a_huge_file_is_refused_before_it_is_loaded(up: Repo, target: Path) -> None:
    """Some kilobytes that become gigabytes when they are read are never read."""
    huge = zeros(up, 300)
    commit = up.commit_of(up.tree(f"100644 blob {huge}\thuge\n"))

    with little_memory(128 * 1024 * 1024), pytest.raises(RecipeFault, match="bytes of files"):
        checkout(up.path, commit, target)

    assert nothing_at(target)
    assert up.path.exists()


def test_a_commit_that_the_clone_lacks_is_an_error(world: World, target: Path) -> None:
    """A missing commit and a missing clone say: sync first."""
    with pytest.raises(SyncFault, match="sync the recipe first"):
        checkout(world.clone, "c0ffee" + "0" * 34, target)
    world.sync()
    with pytest.raises(SyncFault, match="sync the recipe first"):
        checkout(world.clone, "c0ffee" + "0" * 34, target)


def test_a_broken_clone_is_deleted_so_that_it_is_made_again(world: World, target: Path) -> None:
    """A clone that misses a file heals with the next sync."""
    up = world.up
    clone = Repo.made(world.clone)
    commit = clone.commit("whole")
    lost = clone.git("rev-parse", f"{commit}:compose.yml")
    (clone.path / "objects" / lost[:2] / lost[2:]).unlink()

    with pytest.raises(SyncFault, match="it was deleted"):
        checkout(world.clone, commit, target)

    assert nothing_at(target)
    main = world.sync().main
    checkout(world.clone, main, target)
    assert (target / "compose.yml").read_text() == up.git("show", "main:compose.yml")


def test_a_folder_that_is_there_is_whole_and_is_kept(world: World, target: Path) -> None:
    """A checkout takes its name when it is done, so nobody ever has to look into it."""
    main = world.sync().main
    checkout(world.clone, main, target)
    (target / "kept").touch()

    checkout(world.clone, main, target)

    assert {path.name for path in target.iterdir()} == {"compose.yml", "kept"}


def test_a_host_that_cannot_write_leaves_nothing(up: Repo, target: Path) -> None:
    """A failure of the host is the host's at every try, and with room again it is a checkout."""
    big = up.blob(b"x" * 3_000_000)
    small = up.blob(b"small")
    commit = up.commit_of(up.tree(f"100644 blob {small}\ta\n100644 blob {big}\tlogo\n"))

    with small_files(1_000_000):
        for _ in range(2):
            with pytest.raises(HostFault, match=r"target cannot be used: File too large"):
                checkout(up.path, commit, target)
            assert nothing_at(target)

    checkout(up.path, commit, target)
    assert (target / "logo").stat().st_size == 3_000_000


def test_a_place_that_is_taken_is_the_hosts_fault(world: World, target: Path) -> None:
    """A file in the way is not the recipe's, and stays."""
    main = world.sync().main
    target.parent.write_text("in the way")

    with pytest.raises(HostFault, match=r"Not a directory|File exists"):
        checkout(world.clone, main, target)

    assert target.parent.read_text() == "in the way"
    assert world.clone.exists()


# A fork for each step dies at it; what it leaves is told before the next one is made.
KILLED = """
import os, signal, sys
from pathlib import Path
from canon_sweep.mirror.checkout import checkout
clone, commit, target = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
def die_at(step):
    def each(event, _):
        nonlocal step
        if event in ("open", "os.mkdir", "os.rename", "os.rmdir"):
            step -= 1
            if step < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(each)
    checkout(clone, commit, target)
    os._exit(0)
target.parent.mkdir()
for step in range(100):
    child = os.fork() or die_at(step)
    done = os.waitpid(child, 0)[1] == 0
    print("done" if done else "killed", *os.listdir(target.parent), flush=True)
    if done:
        break
"""


def test_a_kill_at_any_step_leaves_nothing_or_all(up: Repo, target: Path) -> None:
    """After kill -9 there is no half checkout, and the next try clears what was left."""
    inner = up.tree("".join(f"100644 blob {up.blob(b'x')}\tf{n}\n" for n in range(3)))
    commit = up.commit_of(up.tree(f"040000 tree {inner}\ta\n040000 tree {inner}\tb\n"))

    command = [sys.executable, "-c", KILLED, str(up.path), commit, str(target)]
    said = subprocess.check_output(command, text=True).splitlines()

    *killed, last = said
    assert len(killed) > 10
    drafts = [line for line in killed if re.fullmatch(r"killed \.target\.draft-[0-9a-f]+", line)]
    assert len(drafts) > 5
    assert set(killed) == {"killed", *drafts}
    assert last == "done target"
    assert len(list(target.rglob("f*"))) == 6


def test_a_ref_is_resolved_to_its_commit(world: World) -> None:
    """Main, tags, full names and commit ids lead to a commit."""
    done = world.sync()
    release = next(tag for tag in done.tags if tag.name == "1.0.0+v1")

    assert resolve(world.clone, "main") == done.main
    assert resolve(world.clone, "refs/heads/main") == done.main
    assert resolve(world.clone, "1.0.0+v1") == release.commit
    assert resolve(world.clone, release.object_id) == release.commit
    assert resolve(world.clone, done.main) == done.main
    assert resolve(world.clone, done.main[:9]) == done.main


@pytest.mark.parametrize(
    "ref",
    ["", "nothing", "-x", "main~1", "main^{tree}", "../../x", "a\nb", "abc", "a blob", "\udcff"],
)
def test_an_unknown_ref_is_a_usage_error(world: World, ref: str) -> None:
    """What is no name or id is never evaluated, and is quoted in the error."""
    world.sync()

    with pytest.raises(UsageFault) as caught:
        resolve(world.clone, ref)

    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "ref", ["feature", "refs/heads/feature", "refs/pull/7/head", "pull/7/head"]
)
def test_a_branch_or_pull_request_is_fetched_by_name(world: World, ref: str) -> None:
    """``test --ref`` works for what is not mirrored, and leaves the mirror's refs as they are."""
    done = world.sync()
    work = world.up.commit("draft", branch="feature")
    world.up.set("refs/pull/7/head", work)
    world.up.tag("not-yet", work)

    fetched = fetch_ref(world.upstream_url, world.clone, ref, credentials={}, timeout=10)

    assert fetched == work
    assert resolve(world.clone, ref) == work
    assert Repo(world.clone).refs()["refs/heads/main"] == done.main
    assert "refs/tags/not-yet" not in Repo(world.clone).refs()
    world.up.remove("refs/tags/not-yet")
    assert not world.sync().fetched
    assert set(world.mirror.refs()) == {
        "refs/heads/main",
        *(f"refs/tags/{t.name}" for t in done.tags),
    }


def test_a_branch_may_make_room_for_a_folder_of_branches(world: World) -> None:
    """A stale branch of an earlier fetch is not in the way of a new one."""
    for ref in ("feature", "feature/x", "feature"):
        world.up.commit(ref, branch=ref)

        got = fetch_ref(world.upstream_url, world.clone, ref, credentials={}, timeout=10)

        assert got == world.up.refs()[f"refs/heads/{ref}"]
        world.up.remove(f"refs/heads/{ref}")


def test_a_ref_that_is_not_there_is_a_usage_error(world: World) -> None:
    """A misspelled branch and a tag on a blob are told apart from a failing remote."""
    world.up.tag("blob", world.up.blob(b"x"))
    for ref in ("featur", "-x", "refs/tags/../x", "blob", ""):
        with pytest.raises(UsageFault):
            fetch_ref(world.upstream_url, world.clone, ref, credentials={}, timeout=10)
    with pytest.raises(Fault, match="cannot be read"):
        fetch_ref("file:///nowhere.git", world.clone, "x", credentials={}, timeout=10)
