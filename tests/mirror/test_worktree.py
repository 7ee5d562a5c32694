"""A real git work tree of a release, made anew or moved, and looked at afterwards."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from canon_sweep.errors import HostFault
from canon_sweep.mirror import worktree
from canon_sweep.mirror.sync import fetch_ref
from host import foreign, powerless
from mirror.world import World

UPSTREAM = "https://up.example/notes"


def git(tree: Path, *words: str) -> str:
    """What the git program says: what a harness would see."""
    command = ["git", "-c", "safe.directory=*", "-C", str(tree), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def commit(world: World) -> str:
    """A tagged release that is in the clone."""
    up = world.up
    blob = up.blob(b"echo hi\n")
    tree = up.tree(f"100755 blob {blob}\tabra.sh\n100644 blob {blob}\tcompose.yml\n")
    made = up.commit_of(tree, up.refs()["refs/heads/main"])
    up.set("refs/heads/main", made)
    up.set("refs/tags/9.0.0+1", made)
    world.sync()
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where abra has its recipes, of which there is none yet."""
    return tmp_path / "abra" / "recipes" / "notes"


def place(world: World, commit: str, target: Path) -> None:
    worktree.place(world.clone, commit, UPSTREAM, target)


def test_it_is_a_work_tree_at_the_tag_with_every_tag(
    world: World, commit: str, target: Path
) -> None:
    """HEAD is detached, nothing is untracked, and git itself sees it so."""
    place(world, commit, target)

    assert git(target, "rev-parse", "HEAD") == commit
    assert git(target, "rev-parse", "--abbrev-ref", "HEAD") == "HEAD"
    assert git(target, "status", "--porcelain", "--ignored") == ""
    assert "9.0.0+1" in git(target, "tag", "--points-at", "HEAD")
    known = {name for name in world.up.refs() if name.startswith("refs/tags/")}
    assert set(git(target, "for-each-ref", "--format=%(refname)", "refs/tags").split()) == known
    assert git(target, "remote", "get-url", "origin") == UPSTREAM
    assert git(target, "fsck", "--strict") == ""
    assert worktree.changes(target, commit) == ""
    assert [path.name for path in target.parent.iterdir()] == ["notes"]


def test_the_clone_is_not_needed_afterwards(world: World, commit: str, target: Path) -> None:
    """The cache may be deleted at any time."""
    place(world, commit, target)

    world.clone.rename(world.clone.with_name("gone"))

    assert git(target, "log", "-1", "--format=%H") == commit
    git(target, "checkout", "--quiet", "HEAD~1")


def test_what_we_have_made_is_made_anew(world: World, commit: str, target: Path) -> None:
    """Whatever a harness has left in it."""
    place(world, commit, target)
    (target / "left").write_text("behind\n")
    (target / "compose.yml").unlink()

    place(world, commit, target)

    assert git(target, "status", "--porcelain") == ""
    assert not (target / "left").exists()


def test_what_somebody_has_committed_in_one_of_ours_is_kept(
    world: World, commit: str, target: Path
) -> None:
    """Nobody sees who has made the folder: on a branch it stays, and only at HEAD it is told."""
    place(world, commit, target)
    made = ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty")
    git(target, "checkout", "--quiet", "-b", "mine")
    git(target, *made, "-m", "mine")
    own = git(target, "rev-parse", "HEAD")

    place(world, commit, target)

    assert git(target, "rev-parse", "HEAD") == commit
    assert git(target, "rev-parse", "mine") == own
    git(target, *made, "-m", "mine alone")
    with pytest.raises(HostFault, match="which no branch or tag of it has: give it a branch"):
        place(world, commit, target)


def test_one_of_ours_that_is_broken_is_made_anew(world: World, commit: str, target: Path) -> None:
    """There is nothing in it that anybody could have."""
    place(world, commit, target)
    (target / ".git" / "HEAD").write_text("nonsense")

    place(world, commit, target)

    assert git(target, "rev-parse", "HEAD") == commit


def test_what_a_kill_left_goes(world: World, commit: str, target: Path) -> None:
    """A draft beside it is ours, too."""
    draft = target.parent / ".notes.canon-sweep-0123456789abcdef"
    (draft / "x").mkdir(parents=True)

    place(world, commit, target)

    assert [path.name for path in target.parent.iterdir()] == ["notes"]


def test_an_empty_folder_is_free(world: World, commit: str, target: Path) -> None:
    """As a module's tmpfiles rule makes it."""
    target.mkdir(parents=True)

    place(world, commit, target)

    assert git(target, "rev-parse", "HEAD") == commit


@pytest.fixture
def somebodys(world: World, target: Path, commit: str) -> Path:
    """A clone that abra has made, at an older commit, with a tag and a branch of its own."""
    target.parent.mkdir(parents=True)
    subprocess.run(
        ["git", "clone", "--quiet", "--branch", "main", str(world.up.path), str(target)], check=True
    )
    git(target, "checkout", "--quiet", "HEAD~1")
    git(target, "tag", "mine")
    git(target, "branch", "mine")
    return target


def test_a_shared_one_is_moved_and_keeps_what_is_its_own(
    world: World, commit: str, somebodys: Path
) -> None:
    """Its branches, its tags, its ignored files."""
    (somebodys / ".git" / "info" / "exclude").write_text("*.env\n")
    (somebodys / "own.env").write_text("A=1\n")

    place(world, commit, somebodys)

    assert git(somebodys, "rev-parse", "HEAD") == commit
    assert git(somebodys, "status", "--porcelain") == ""
    assert (somebodys / "own.env").read_text() == "A=1\n"
    assert git(somebodys, "rev-parse", "mine") != commit
    assert git(somebodys, "branch", "--list", "mine") != ""


@pytest.mark.parametrize("where", ["compose.yml", "new.txt"])
def test_a_shared_one_with_changes_is_left_as_it_is(
    world: World, commit: str, somebodys: Path, where: str
) -> None:
    """They may be only there."""
    git(somebodys, "checkout", "--quiet", commit)
    (somebodys / where).write_text("mine\n")

    with pytest.raises(HostFault, match=rf"{where}' is (changed|new); see what is there") as caught:
        place(world, commit, somebodys)

    assert str(somebodys) in caught.value.what
    assert (somebodys / where).read_text() == "mine\n"


def test_a_commit_that_only_its_head_has_is_not_lost(
    world: World, commit: str, somebodys: Path
) -> None:
    """No branch or tag would lead to it any more; with a branch it is moved."""
    made = ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty")
    git(somebodys, *made, "-m", "mine")
    own = git(somebodys, "rev-parse", "HEAD")

    with pytest.raises(HostFault, match=f"HEAD is at {own[:12]}, which no branch or tag of it has"):
        place(world, commit, somebodys)

    assert git(somebodys, "rev-parse", "HEAD") == own
    git(somebodys, "branch", "kept")
    place(world, commit, somebodys)
    assert git(somebodys, "rev-parse", "HEAD") == commit


def test_upstreams_own_commit_is_nobodys_to_lose(
    world: World, commit: str, somebodys: Path
) -> None:
    """A tag that was moved has left it without a name here, and upstream's it still is."""
    git(somebodys, "checkout", "--quiet", "--detach", commit)
    for name in git(somebodys, "for-each-ref", "--format=%(refname)").splitlines():
        git(somebodys, "update-ref", "-d", name)

    place(world, commit, somebodys)

    assert git(somebodys, "rev-parse", "HEAD") == commit


@pytest.mark.parametrize("rule", ["compose.yml", "abra.sh", "own/"])
def test_an_ignored_file_is_not_written_over(
    world: World, commit: str, somebodys: Path, rule: str
) -> None:
    """Git itself takes it for nothing worth keeping; it is somebody's."""
    (somebodys / ".git" / "info" / "exclude").write_text(f"{rule}\n")
    name = rule.rstrip("/")
    git(somebodys, "checkout", "--quiet", "--orphan", "empty")
    git(somebodys, "rm", "--quiet", "-rf", ".")
    made = ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty")
    git(somebodys, *made, "-m", "empty")
    mine = somebodys / name / "x" if rule.endswith("/") else somebodys / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine\n")

    if rule.endswith("/"):
        place(world, commit, somebodys)
    else:
        with pytest.raises(HostFault, match=f"'{name}' is ignored there, and would be written"):
            place(world, commit, somebodys)

    assert mine.read_text() == "mine\n"


@pytest.mark.parametrize("what", ["folder", "file", "bare", "inside another"])
def test_what_is_no_work_tree_is_left_as_it_is(
    world: World, commit: str, target: Path, what: str
) -> None:
    """It is somebody's, and told by its path."""
    target.parent.mkdir(parents=True)
    match what:
        case "folder":
            target.mkdir()
            (target / "precious").touch()
        case "file":
            target.write_text("precious")
        case "bare":
            subprocess.run(["git", "init", "--quiet", "--bare", str(target)], check=True)
        case "inside another":
            subprocess.run(["git", "init", "--quiet", str(target.parent)], check=True)
            target.mkdir()
            (target / "precious").touch()
    before = sorted(target.rglob("*"))

    with pytest.raises(HostFault, match=f"the work tree {target} cannot be used"):
        place(world, commit, target)

    assert sorted(target.rglob("*")) == before
    assert target.exists()


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (("commit", "--quiet", "--allow-empty", "-m", "x"), "HEAD is at "),
        (("checkout", "--quiet", "-b", "work"), "HEAD is the branch 'work'"),
        (("rm", "--quiet", "compose.yml"), "'compose.yml' is gone"),
        (("rm", "--quiet", "--cached", "compose.yml"), "'compose.yml' is"),
        (("mv", "compose.yml", "other.yml"), "'other.yml' is"),
    ],
    ids=lambda deed: "",
)
def test_what_a_harness_did_to_it_is_told(
    world: World, commit: str, target: Path, deed: tuple[str, ...], told: str
) -> None:
    """Then nobody knows what was tested."""
    place(world, commit, target)

    git(target, "-c", "user.name=a", "-c", "user.email=a@b", *deed)

    assert told in worktree.changes(target, commit)


def test_one_that_is_gone_is_told(world: World, commit: str, target: Path) -> None:
    """And a long list is cut."""
    place(world, commit, target)
    for number in range(9):
        (target / f"new-{number}").touch()
    assert worktree.changes(target, commit).endswith("'new-4' is new and 4 more")

    target.rename(target.with_name("elsewhere"))

    assert worktree.changes(target, commit).startswith("it is no work tree any more")


def test_a_commit_that_no_tag_leads_to_can_be_tested(world: World, target: Path) -> None:
    """A pull request's, once it was fetched."""
    up = world.up
    tree = up.tree(f"100644 blob {up.blob(b'x')}\tcompose.yml\n")
    made = up.commit_of(tree, up.refs()["refs/heads/main"])
    up.set("refs/pull/7/head", made)
    world.sync()
    fetch_ref(world.up.path.as_uri(), world.clone, "pull/7/head", credentials={}, timeout=30)

    place(world, made, target)

    assert git(target, "rev-parse", "HEAD") == made


@pytest.mark.parametrize("where", ["the folder above", "the folder itself", "one nobody may see"])
def test_a_folder_that_is_somebody_elses_is_told(
    world: World, commit: str, target: Path, where: str
) -> None:
    """As a service sees it that may do what its user may."""
    if where == "the folder above":
        target.parent.mkdir(parents=True)
        foreign(target.parent)
    else:
        place(world, commit, target)
        foreign(target)
        (target / ".git" / "made-by-canon-sweep").unlink()
        target.chmod(0o000 if where == "one nobody may see" else 0o555)

    def try_it() -> None:
        with pytest.raises(HostFault, match=f"the work tree {target} cannot be used: ") as caught:
            place(world, commit, target)
        assert str(caught.value).isprintable()

    powerless(try_it)
