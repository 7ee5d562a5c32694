"""What a sync does to a mirror, over every kind of server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from canon_sweep.core.release import Tag
from canon_sweep.errors import SyncFault
from canon_sweep.mirror import clone as cache
from canon_sweep.mirror import intake
from canon_sweep.mirror.sync import Change, Deleted, PartialSyncFault, advertised
from mirror.conftest import TRANSPORTS
from mirror.servers import HttpServer
from mirror.world import Repo, World

MAIN = "refs/heads/main"


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_an_empty_mirror_gets_main_and_every_tag(served: Callable[[str], World], kind: str) -> None:
    """The first sync makes the mirror equal to upstream, the second finds nothing to do."""
    world = served(kind)

    done = world.sync()

    assert world.agrees()
    assert done.fetched
    assert done.pushed == (MAIN, "refs/tags/1.0.0+v1", "refs/tags/1.1.0+v1")
    assert done.main == world.up.refs()[MAIN]
    again = world.sync()
    assert (again.fetched, again.pushed, again.deleted) == (False, (), ())
    assert (again.main, again.tags) == (done.main, done.tags)


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_change_upstream_reaches_the_mirror(served: Callable[[str], World], kind: str) -> None:
    """A later sync brings new commits, moved tags and deletions, and reports them."""
    world = served(kind)
    world.sync()
    gone = world.up.refs()["refs/tags/1.0.0+v1"]
    world.up.remove("refs/tags/1.0.0+v1")
    world.up.tag("1.1.0+v1", world.up.commit("four"), annotated=True)

    done = world.sync()

    assert world.agrees()
    assert done.pushed == (MAIN, "refs/tags/1.1.0+v1")
    assert done.deleted == (Deleted("1.0.0+v1", gone),)


def test_a_second_sync_only_reads_the_two_advertisements(
    served: Callable[[str], World], http: HttpServer
) -> None:
    """Seen from the servers, a sync without a change asks for refs and for nothing else."""
    world = served("http")
    world.sync()
    http.asked.clear()

    world.sync()

    assert set(http.asked) == {"GET refs?service=git-upload-pack"}


def test_a_deleted_tag_can_be_put_back(world: World) -> None:
    """What the report says of a deletion is enough to undo it on the mirror."""
    own = world.mirror
    world.sync()
    stray = own.tag("9.9.9+stray", own.refs()[MAIN], annotated=True)

    done = world.sync()

    assert done.deleted == (Deleted("9.9.9+stray", stray),)
    own.set("refs/tags/9.9.9+stray", done.deleted[0].object_id)


def test_other_refs_of_the_mirror_are_left_alone(world: World) -> None:
    """Pull requests, other branches, notes and HEAD of the mirror are not upstream's business."""
    own = world.mirror
    work = own.commit("a pull request", branch="feature/x")
    others = {"refs/heads/feature/x": work, "refs/pull/1/head": work, "refs/notes/commits": work}
    for ref, commit in others.items():
        own.set(ref, commit)
    head = own.git("symbolic-ref", "HEAD")

    done = world.sync()

    assert done.deleted == ()
    assert own.refs() == world.up.refs() | others
    assert own.git("symbolic-ref", "HEAD") == head


def test_other_branches_of_upstream_stay_there(world: World) -> None:
    """Only main and tags are mirrored."""
    world.up.commit("draft", branch="draft")

    world.sync()

    assert "refs/heads/draft" not in world.mirror.refs()


def test_a_main_that_was_rewritten_is_followed(world: World) -> None:
    """A force-push upstream is a force-push on the mirror."""
    world.sync()
    world.up.set(MAIN, world.up.git("rev-parse", "1.0.0+v1^{commit}"))
    rewritten = world.up.commit("rewritten")

    done = world.sync()

    assert world.mirror.refs()[MAIN] == rewritten
    assert done.pushed == (MAIN,)
    assert [tag.on_main for tag in done.tags] == [True, False]


@pytest.mark.parametrize(
    ("branches", "head", "expected"),
    [
        (("main", "master", "trunk"), "master", "main"),
        (("master", "trunk"), "trunk", "trunk"),
        (("master", "other"), "nowhere", "master"),
    ],
)
def test_the_main_branch_is_main_on_the_mirror(
    world: World, branches: tuple[str, ...], head: str, expected: str
) -> None:
    """Upstream's main, else the branch of its HEAD, else master, is the mirror's main."""
    world.up.remove(MAIN)
    made = {branch: world.up.commit(f"of {branch}", branch=branch) for branch in branches}
    world.up.git("symbolic-ref", "HEAD", f"refs/heads/{head}")

    done = world.sync()

    assert done.main == made[expected]
    assert done.branch == expected
    assert done.head == (head if head in branches else "")
    assert world.mirror.refs()[MAIN] == made[expected]
    assert {ref for ref in world.mirror.refs() if ref.startswith("refs/heads/")} == {MAIN}


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_branch_that_is_set_is_main_on_the_mirror(
    served: Callable[[str], World], kind: str
) -> None:
    """Another branch than upstream's main may be the one to follow; HEAD is told beside it."""
    world = served(kind)
    next_one = world.up.commit("next", branch="release/v2")
    world.up.git("symbolic-ref", "HEAD", "refs/heads/main")
    world.branch = "release/v2"

    done = world.sync()

    assert (done.main, done.branch, done.head) == (next_one, "release/v2", "main")
    assert world.mirror.refs()[MAIN] == next_one
    assert "refs/heads/release/v2" not in world.mirror.refs()
    assert [tag.on_main for tag in done.tags] == [False, False]
    now = advertised(
        world.upstream_url,
        world.clone,
        credentials=world.credentials,
        timeout=10,
        branch="release/v2",
    )
    assert (now.main, now.branch, now.head) == (next_one, "release/v2", "main")
    assert world.look().pushed == ()


@pytest.mark.parametrize("branch", ["nowhere", "mai", "../tags/1.0.0+v1", "*", "a\nb", "\udcff"])
def test_a_branch_that_is_set_and_is_not_there_is_an_error(world: World, branch: str) -> None:
    """No other branch is taken for it, main neither."""
    world.sync()
    before = world.mirror.refs()
    world.branch = branch

    with pytest.raises(SyncFault, match=r"has no branch '.*see the recipe's branch setting"):
        world.sync()

    assert world.mirror.refs() == before


# Legal in git: a no-break space, an emoji's joiner, Latin-1.
STRAYS = ("a\xa0b", "v1-\U0001f469\u200d\U0001f4bb", "caf\udce9")


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_stray_tag_is_left_alone(served: Callable[[str], World], kind: str) -> None:
    """It is neither pushed nor deleted nor fatal, on whichever side, and it is listed."""
    world = served(kind)
    main, mirror = world.up.refs()[MAIN], world.mirror
    releases = world.up.refs()
    theirs = {f"refs/tags/{name}": world.up.tag(name, main) for name in STRAYS}
    other = mirror.commit("other", branch="other")
    ours = {f"refs/tags/{name}": mirror.tag(name, other) for name in (STRAYS[2], "own\xa0x")}

    done = world.sync()

    assert done.pushed == (MAIN, "refs/tags/1.0.0+v1", "refs/tags/1.1.0+v1")
    assert done.deleted == ()
    assert mirror.refs() == releases | ours | {"refs/heads/other": other}
    assert Repo(world.clone).refs() == releases
    assert world.up.refs() == releases | theirs
    unseen = "its name has a character that cannot be shown"
    assert [(tag.name, tag.problem) for tag in done.tags if tag.problem] == [
        (r"a\xa0b", unseen),
        (r"caf\xe9", unseen),
        (r"own\xa0x", f"only the mirror has it, and {unseen}"),
        ("v1-\U0001f469\\u200d\U0001f4bb", unseen),
    ]
    again = world.sync()
    assert (again.fetched, again.pushed, again.deleted) == (False, (), ())


def test_changes_are_followed_beside_a_stray_tag(world: World) -> None:
    """New, moved and withdrawn tags, and a stray in whose folder a tag comes later."""
    up = world.up
    up.tag("a/x\xa0y", up.refs()[MAIN])
    world.sync()
    up.remove("refs/tags/a/x\xa0y")
    up.tag("b\xa0", up.refs()[MAIN])
    up.tag("a", up.commit("four"))
    moved = up.tag("1.1.0+v1", up.refs()[MAIN])
    up.remove("refs/tags/1.0.0+v1")

    done = world.sync()

    assert done.fetched
    assert world.mirror.refs() == {
        ref: oid for ref, oid in up.refs().items() if ref != "refs/tags/b\xa0"
    }
    assert world.mirror.refs()["refs/tags/1.1.0+v1"] == moved
    assert [gone.tag for gone in done.deleted] == ["1.0.0+v1"]


@pytest.mark.parametrize("stray", ["1.1.0+v1/x\xa0y", "deep/1\xa0x"])
def test_a_stray_in_the_way_on_the_mirror_costs_that_tag_only(world: World, stray: str) -> None:
    """A tag that the mirror has no place for is named; all others are there."""
    world.mirror.tag(stray, world.mirror.commit("other", branch="other"))
    blocked = stray.partition("/")[0]
    world.up.tag(blocked, world.up.refs()[MAIN])

    done = world.sync()

    assert f"refs/tags/{blocked}" not in done.pushed
    assert "refs/tags/1.0.0+v1" in done.pushed
    assert done.deleted == ()
    problems = [tag.problem for tag in done.tags if tag.problem]
    assert len(problems) == 1
    assert f"{blocked} cannot be pushed beside it" in problems[0]
    assert world.sync().pushed == ()
    world.mirror.remove(f"refs/tags/{stray}")
    assert world.sync().pushed == (f"refs/tags/{blocked}",)


def test_strays_cannot_make_a_sync_endless(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tags are asked for one by one beside a stray, so there is a most of them."""
    monkeypatch.setattr(intake, "_MOST_BY_NAME", 1)
    world.up.tag("a\xa0b", world.up.refs()[MAIN])

    with pytest.raises(SyncFault, match=r"2 new tags, and 1 that cannot be mirrored, e\.g\. a"):
        world.sync()

    assert world.mirror.refs() == {}


def test_a_tag_says_where_it_leads(world: World) -> None:
    """Annotated, light, off main, on a tag, on a blob, on a tree: each is told apart."""
    up = world.up
    main = up.refs()[MAIN]
    side = up.commit("side", branch="side")
    blob = up.blob(b"no commit at all")
    expected = [
        Tag("a-light", up.tag("a-light", main), main, True),
        Tag("b-side", up.tag("b-side", side, annotated=True), side, False),
        Tag("c-tag", up.tag("c-tag", up.refs()["refs/tags/a-light"], annotated=True), main, True),
        Tag("d-blob", up.tag("d-blob", blob), None, False),
        Tag("e-blob", up.tag("e-blob", blob, annotated=True), None, False),
        Tag("f-tree", up.tag("f-tree", up.git("rev-parse", "main^{tree}")), None, False),
    ]
    nested = up.tag("g-nested", expected[1].object_id, annotated=True)
    expected.append(Tag("g-nested", nested, side, False))
    up.remove("refs/heads/side")

    done = world.sync()

    assert world.agrees()
    assert [tag for tag in done.tags if tag.name[1] == "-"] == expected


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_a_tag_name_is_only_a_name(
    served: Callable[[str], World], kind: str, tmp_path: Path
) -> None:
    """No tag name is ever taken for an option, a command or a pattern."""
    world = served(kind)
    trap = f"1.0.0+$(touch${{IFS}}{tmp_path}/sprung)"
    for name in (
        "-upload-pack=x",
        "--exec=x",
        trap,
        "1.0.0+`id`;x",
        "ü+v1",
        "a'b\"c",
        "1.0.0+$(x)",
    ):
        world.up.tag(name, world.up.refs()[MAIN], annotated=True)

    world.sync()

    assert world.agrees()
    assert not (tmp_path / "sprung").exists()


def test_a_tag_may_make_room_for_a_folder_of_tags(world: World) -> None:
    """Deleting ``a`` and making ``a/b`` in one week works, in both directions."""
    main = world.up.refs()[MAIN]
    world.up.tag("a", main)
    world.sync()
    world.up.remove("refs/tags/a")
    world.up.tag("a/b", main)
    world.sync()
    assert world.agrees()
    world.up.remove("refs/tags/a/b")
    world.up.tag("a", main)

    world.sync()

    assert world.agrees()


def test_a_tag_may_change_its_kind(served: Callable[[str], World]) -> None:
    """A tag that moves from a commit to a blob and back is followed."""
    world = served("git")
    main = world.up.refs()[MAIN]
    for target in (main, world.up.blob(b"x"), main):
        world.up.tag("odd", target)

        world.sync()

        assert world.agrees()


@pytest.mark.parametrize(
    "damage",
    ["missing", "emptied", "a file", "objects", "refs", "locked", "half a pack", "not looked at"],
)
def test_the_clone_may_break_at_any_time(world: World, damage: str) -> None:
    """A clone that was deleted or damaged is made again, and nothing else happens."""
    world.sync()
    clone = world.clone
    if damage in ("missing", "a file", "emptied"):
        shutil.rmtree(clone)
    if damage == "a file":
        clone.write_text("not a repository")
    if damage == "emptied":
        clone.mkdir()
    if damage == "objects":
        shutil.rmtree(clone / "objects")
        (clone / "objects").mkdir()
    if damage == "refs":
        (clone / "refs/heads/main").write_text("x" * 40)
    if damage == "locked":
        (clone / "refs/heads/main.lock").touch()
    if damage == "half a pack":
        (clone / "objects/pack/pack_git2_aBcDeF").touch()
    if damage == "not looked at":
        cache.doubt(clone)

    done = world.sync()

    assert done.fetched
    assert done.pushed == ()
    assert world.agrees()


@pytest.mark.parametrize("head", ["", "garbage\n"])
def test_a_clone_whose_head_cannot_be_read_is_made_again(world: World, head: str) -> None:
    """Nothing could be fetched into it any more."""
    world.sync()
    (world.clone / "HEAD").write_text(head)
    world.up.commit("more")

    world.sync()

    assert world.agrees()


def test_a_clone_with_a_lost_file_is_made_again(world: World) -> None:
    """One object missing below a tag is noticed before anybody checks it out."""
    world.sync()
    lost = world.up.git("rev-parse", "1.0.0+v1:compose.yml")
    packed = Repo(world.clone)
    for pack in [*(world.clone / "objects/pack").glob("*.pack")]:
        data = pack.read_bytes()
        pack.unlink()
        pack.with_suffix(".idx").unlink()
        packed.git("unpack-objects", "-q", given=data)
    (world.clone / "objects" / lost[:2] / lost[2:]).unlink()

    done = world.sync()

    assert done.fetched
    assert packed.is_whole()


def test_no_program_is_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync and a look need no git on the PATH."""
    monkeypatch.setenv("PATH", "/nonexistent")

    world.look()
    world.sync()

    assert world.agrees()


def test_the_users_git_settings_do_not_count(world: World, tmp_path: Path) -> None:
    """A rewrite of URLs in somebody's home changes nothing about what is synced."""
    (tmp_path / ".gitconfig").write_text('[url "file:///elsewhere/"]\n\tinsteadOf = file:///\n')
    script = (
        "from canon_sweep.mirror.sync import advertised\n"
        "from pathlib import Path\n"
        f"clone = Path({str(world.clone)!r})\n"
        f"print(advertised({world.upstream_url!r}, clone, credentials={{}}, timeout=10).main)\n"
    )

    said = subprocess.check_output(
        [sys.executable, "-c", script], env=os.environ | {"HOME": str(tmp_path)}, text=True
    )

    assert said.strip() == world.up.refs()[MAIN]


def test_looking_changes_nothing_on_the_mirror(world: World) -> None:
    """A plan tells what a sync would do, and does not do it."""
    world.sync()
    for tag in ("1.0.0+v1", "1.1.0+v1"):
        world.mirror.remove(f"refs/tags/{tag}")
    stray = world.mirror.commit("old", branch="main")
    world.mirror.tag("stray", stray)
    before = world.mirror.refs()

    seen = world.look()

    assert world.mirror.refs() == before
    assert seen.pushed == (MAIN, "refs/tags/1.0.0+v1", "refs/tags/1.1.0+v1")
    assert seen.deleted == (Deleted("stray", stray),)
    done = world.sync()
    assert (done.pushed, done.deleted, done.tags) == (seen.pushed, seen.deleted, seen.tags)
    assert not done.fetched


def test_a_tag_is_read_again_at_the_gate(world: World) -> None:
    """Upstream's answer of this moment tells a tag that moved or went away during a test."""
    before = {tag.name: tag.object_id for tag in world.sync().tags}
    url = world.upstream_url
    moved = world.up.tag("1.1.0+v1", world.up.refs()[MAIN])
    world.up.remove("refs/tags/1.0.0+v1")

    now = advertised(url, world.clone, credentials={}, timeout=10)

    assert now.main == world.up.refs()[MAIN]
    assert now.tags == {"1.1.0+v1": moved}
    assert moved != before["1.1.0+v1"]


def test_what_goes_is_told_before_the_push_with_its_old_id(world: World) -> None:
    """After a kill in the middle of a push, its object id is what puts it back."""
    world.sync()
    stray = world.mirror.tag("stray", world.mirror.refs()[MAIN])
    old = world.mirror.refs()[MAIN]
    world.up.commit("more")
    before = world.mirror.refs()
    told: list[Change] = []

    def killed(change: Change) -> None:
        told.append(change)
        if change.deleted:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.sync(killed)

    assert told == [
        Change(MAIN, old, deleted=False),
        Change("refs/tags/stray", stray, deleted=True),
    ]
    assert world.mirror.refs() == before


def test_somebody_who_pushes_to_the_mirror_meanwhile_is_not_overwritten(world: World) -> None:
    """What was told is what goes, or nothing does."""
    world.sync()
    world.up.commit("more")
    stray = world.mirror.tag("stray", world.mirror.refs()[MAIN])
    theirs: list[str] = []

    def push(change: Change) -> None:
        if change.ref == MAIN:
            theirs.append(world.mirror.commit("theirs"))

    with pytest.raises(SyncFault, match="was pushed to meanwhile"):
        world.sync(push)

    assert world.mirror.refs()[MAIN] == theirs[0]
    assert world.mirror.refs()["refs/tags/stray"] == stray


@pytest.mark.parametrize("kind", TRANSPORTS[1:])
def test_a_tag_that_moves_before_it_is_to_go_stays(
    served: Callable[[str], World], kind: str
) -> None:
    """Deletions come last, and somebody may have pushed since: then what came first is told."""
    world = served(kind)
    first = world.sync().tags[0].object_id
    world.mirror.tag("stray", world.mirror.refs()[MAIN])
    world.up.commit("more")
    world.mirror.hook(
        "update", f"env -u GIT_QUARANTINE_PATH git update-ref refs/tags/stray {first}\n"
    )

    with pytest.raises(PartialSyncFault, match="meanwhile: 'refs/tags/stray'") as caught:
        world.sync()

    assert (caught.value.taken.pushed, caught.value.taken.deleted) == ((MAIN,), ())
    assert "nothing was changed" not in str(caught.value)
    assert world.mirror.refs() == world.up.refs() | {"refs/tags/stray": first}


@pytest.mark.parametrize("kind", TRANSPORTS[1:])
def test_a_push_that_crosses_another_one_does_not_win(
    served: Callable[[str], World], kind: str
) -> None:
    """Also where it comes after ours was begun: the server compares once more."""
    world = served(kind)
    world.sync()
    theirs = world.mirror.git("rev-parse", "1.0.0+v1^{commit}")
    world.up.commit("more")
    world.mirror.hook("pre-receive", f"env -u GIT_QUARANTINE_PATH git update-ref {MAIN} {theirs}\n")

    with pytest.raises(SyncFault, match=f"rejects '{MAIN}'"):
        world.sync()

    assert world.mirror.refs()[MAIN] == theirs


def test_an_upstream_without_tags_empties_no_mirror(world: World) -> None:
    """A repository that was made anew must be a person's word."""
    world.sync()
    before = world.mirror.refs()
    for ref in world.up.refs():
        if ref.startswith("refs/tags/"):
            world.up.remove(ref)

    with pytest.raises(SyncFault, match="it shows no tags") as refused:
        world.sync()

    assert "--accept-upstream" in refused.value.do
    assert world.mirror.refs() == before
    with pytest.raises(SyncFault, match="it shows no tags"):
        world.look()
    world.sync(accept_upstream=True)
    assert world.mirror.refs() == world.up.refs()
    assert world.sync().pushed == ()


def test_a_history_that_shares_nothing_is_a_persons_word(world: World) -> None:
    """Also when the cache is gone: the mirror's own history is looked at then."""
    world.sync()
    before = world.mirror.refs()
    world.up.set(MAIN, world.up.commit_of(world.up.tree(""), message="started anew"))
    shutil.rmtree(world.clone)

    with pytest.raises(SyncFault, match="shares no history"):
        world.sync()

    assert world.mirror.refs() == before
    world.sync(accept_upstream=True)
    assert world.mirror.refs()[MAIN] == world.up.refs()[MAIN]


def started_anew(world: World) -> None:
    """Upstream is made anew, with the names of the old releases."""
    fresh = world.up.commit_of(world.up.tree(""), message="started anew")
    for ref in world.up.refs():
        world.up.set(ref, fresh)


def test_a_mirror_without_main_is_overwritten_by_no_other_history(world: World) -> None:
    """Its tags have a history too."""
    world.sync()
    world.mirror.remove(MAIN)
    before = world.mirror.refs()
    started_anew(world)
    shutil.rmtree(world.clone)

    with pytest.raises(SyncFault, match=r"shares no history.*would lose") as refused:
        world.sync()

    assert "--accept-upstream" in refused.value.do
    assert world.mirror.refs() == before
    world.sync(accept_upstream=True)
    assert world.mirror.refs() == world.up.refs()


def test_a_mirror_without_main_is_given_one(world: World) -> None:
    """Where its tags are upstream's, or at least of upstream's history."""
    world.sync()
    world.mirror.remove(MAIN)
    world.sync()
    assert world.mirror.refs() == world.up.refs()

    world.mirror.remove(MAIN)
    later = world.up.commit("later")
    for ref in world.up.refs():
        if ref.startswith("refs/tags/"):
            world.up.set(ref, later)
    world.sync()
    assert world.mirror.refs() == world.up.refs()


@pytest.mark.parametrize("kind", TRANSPORTS)
@pytest.mark.parametrize("named", ["file", "folder"])
def test_a_tag_of_no_commit_is_mirrored_and_stops_nothing(
    served: Callable[[str], World], kind: str, named: str
) -> None:
    """Whatever comes after it, and when it is moved itself."""
    world = served(kind)
    ends = {
        "file": [world.up.git("hash-object", "-w", "--stdin", given=text) for text in (b"1", b"2")],
        "folder": [world.up.git("rev-parse", f"{ref}^{{tree}}") for ref in (MAIN, "1.0.0+v1")],
    }
    world.up.set("refs/tags/odd", ends[named][0])
    world.sync()
    world.up.commit("more")
    world.sync()
    assert world.mirror.refs() == world.up.refs()

    world.up.set("refs/tags/odd", ends[named][1])
    world.up.commit("yet more")
    world.sync()

    assert world.mirror.refs() == world.up.refs()
    assert world.sync().fetched is False


@pytest.mark.parametrize("kind", TRANSPORTS[1:])
def test_a_mirror_that_declines_main_keeps_its_tags(
    served: Callable[[str], World], kind: str
) -> None:
    """It may be the wrong mirror; only what stands in the way of a new tag goes."""
    world = served(kind)
    world.up.tag("a", world.up.refs()[MAIN])
    done = world.sync()
    stray = world.mirror.tag("stray", world.mirror.refs()[MAIN])
    world.up.remove("refs/tags/a")
    world.up.tag("a/b", world.up.commit("more"))
    world.mirror.hook("update", 'case "$1" in */main) exit 1;; esac\n')

    with pytest.raises(PartialSyncFault, match="rejects 'refs/heads/main'") as caught:
        world.sync()

    assert world.mirror.refs()["refs/tags/stray"] == stray
    taken = caught.value.taken
    assert taken.pushed == ("refs/tags/a/b",)
    assert taken.deleted == (Deleted("a", done.main),)
    assert taken.main == world.up.refs()[MAIN]
    (world.mirror.path / "hooks/update").unlink()
    assert world.sync().pushed == (MAIN,)
    assert world.agrees()


@pytest.mark.parametrize("kind", TRANSPORTS[1:])
def test_a_push_that_is_taken_in_part_says_what_was_taken(
    served: Callable[[str], World], kind: str
) -> None:
    """What the mirror did is known, though the sync failed."""
    world = served(kind)
    world.sync()
    stray = world.mirror.tag("stray", world.mirror.refs()[MAIN])
    world.mirror.tag("kept", stray)
    world.up.commit("more")
    world.mirror.hook("update", 'case "$1" in */kept) exit 1;; esac\n')

    with pytest.raises(PartialSyncFault, match="rejects 'refs/tags/kept'") as caught:
        world.sync()

    assert caught.value.taken.pushed == (MAIN,)
    assert caught.value.taken.deleted == (Deleted("stray", stray),)
    assert caught.value.do
    assert world.mirror.refs() == world.up.refs() | {"refs/tags/kept": stray}


def test_a_push_that_is_cut_off_says_what_was_taken(served: Callable[[str], World]) -> None:
    """Also at the deadline, when whoever pushes is left behind."""
    world = served("git")
    world.sync()
    world.mirror.tag("stray", world.mirror.refs()[MAIN])
    world.up.commit("more")
    world.mirror.hook("update", 'case "$1" in */stray) sleep 4;; esac\n')
    world.timeout = 1.5

    with pytest.raises(PartialSyncFault, match=r"not done within 1\.5 s") as caught:
        world.sync()

    assert (caught.value.taken.pushed, caught.value.taken.deleted) == ((MAIN,), ())


def test_a_rejected_ref_is_an_error_that_names_it(served: Callable[[str], World]) -> None:
    """A mirror that takes a part says which ref it did not take, and why; it goes on later."""
    world = served("git")
    world.mirror.hook("update", 'case "$1" in *1.1.0*) echo protected by Bob; exit 1;; esac\n')

    with pytest.raises(SyncFault, match=r"rejects 'refs/tags/1\.1\.0\+v1': protected by Bob"):
        world.sync()

    assert "refs/tags/1.0.0+v1" in world.mirror.refs()
    (world.mirror.path / "hooks/update").unlink()
    assert world.sync().pushed == ("refs/tags/1.1.0+v1",)
    assert world.agrees()


@pytest.mark.parametrize("kind", ["git", "http", "ssh"])
def test_a_mirror_that_rejects_everything_is_an_error(
    served: Callable[[str], World], kind: str
) -> None:
    """A hook that declines is never a success, and its words reach the operator."""
    world = served(kind)
    world.mirror.hook("pre-receive", "echo 'main is protected' >&2; exit 1\n")

    with pytest.raises(
        SyncFault, match=r"rejects the push of 3 refs: main is protected \(pre-receive"
    ) as caught:
        world.sync()

    assert not isinstance(caught.value, PartialSyncFault)
    assert world.mirror.refs() == {}


def test_a_hook_may_chatter_in_any_encoding(served: Callable[[str], World]) -> None:
    """Words of the mirror that are not UTF-8 do not fail a push."""
    world = served("git")
    world.mirror.hook("post-receive", r"printf 'gr\374\337e\n' >&2" + "\n")

    world.sync()

    assert world.agrees()


def test_a_tag_on_a_tree_of_no_commit_is_refused_before_the_push(world: World) -> None:
    """What cannot be sent whole is not sent: a mirror never gets half an object."""
    tree = world.up.tree(f"100644 blob {world.up.blob(b'only here')}\tx\n")
    world.up.tag("bare-tree", tree)

    with pytest.raises(SyncFault, match="'refs/tags/bare-tree'"):
        world.sync()

    assert world.mirror.refs() == {}


def test_no_commit_is_ever_made(world: World) -> None:
    """The clone and the mirror hold upstream's objects and no other."""
    world.sync()

    every = "--batch-all-objects", "--batch-check=%(objectname)"
    theirs = set(world.up.git("cat-file", *every).split())
    assert set(world.mirror.git("cat-file", *every).split()) <= theirs
    assert set(Repo(world.clone).git("cat-file", *every).split()) <= theirs


def test_very_many_tags_of_what_is_there_are_written_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside them a new tag object is fetched, one that moved moves, and one goes."""
    monkeypatch.setattr(intake, "_MANY", 5)
    world.sync()
    main = world.up.refs()[MAIN]
    for number in range(5):
        world.up.tag(f"nightly/{number}", main)
    packed = world.sync()
    world.up.git("update-ref", "--stdin", given=_nightlies(main, 100))
    world.up.tag("nightly/0", world.up.refs()["refs/tags/1.0.0+v1"])
    world.up.tag("2.0.0+v2", world.up.commit("five"), annotated=True)
    world.up.remove("refs/tags/nightly/3")

    done = world.sync()

    assert world.agrees()
    assert packed.fetched
    assert len(packed.pushed) == 5
    assert len(done.pushed) == 103
    assert done.deleted == (Deleted("nightly/3", main),)
    clone = Repo(world.clone)
    tags = {ref: oid for ref, oid in world.up.refs().items() if ref.startswith("refs/tags/")}
    assert {ref: oid for ref, oid in clone.refs().items() if ref in tags} == tags
    assert "refs/tags/nightly/3" not in clone.refs()
    assert not (world.clone / "refs/tags/late").exists()
    assert clone.is_whole()
    again = world.sync()
    assert (again.fetched, again.pushed, again.deleted) == (False, (), ())


def test_many_tags_of_what_is_not_whole_make_the_clone_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that is there, without its files, is no reason to believe that the tag is."""
    monkeypatch.setattr(intake, "_MANY", 5)
    world.sync()
    made = world.up.commit("a file that never came", branch="side")
    text = world.up.git("cat-file", "commit", made).encode() + b"\n"
    own = Repo(world.clone)
    assert own.git("hash-object", "-w", "-t", "commit", "--stdin", given=text) == made
    world.up.git("update-ref", "--stdin", given=_nightlies(made, 10))

    with pytest.raises(SyncFault, match="did not send everything"):
        world.sync()

    assert not world.clone.exists()
    world.sync()
    mirrored = world.mirror.refs()
    assert {ref: mirrored.get(ref) for ref in world.up.refs() if "late" in ref} == {
        f"refs/tags/late/{number:03}": made for number in range(10)
    }


def _nightlies(target: str, count: int) -> bytes:
    lines = (f"create refs/tags/late/{number:03} {target}\n" for number in range(count))
    return "".join(lines).encode()


def released(up: Repo, count: int) -> None:
    """A main branch of so many releases, above an old one of another name."""
    up.set("refs/heads/master", up.commit("old"))
    for number in range(count):
        up.tag(f"2.{number}.0+v1", up.commit(f"release {number}"))


@pytest.mark.parametrize("how", ["vanishes", "is set back"])
def test_a_main_that_leads_to_few_of_its_releases_is_no_news(world: World, how: str) -> None:
    """Half an answer, a push in a hurry: the mirror stays, and a word of somebody's is wanted."""
    released(world.up, 6)
    world.sync()
    before = world.mirror.refs()
    if how == "vanishes":
        world.up.remove(MAIN)
    else:
        world.up.set(MAIN, world.up.refs()["refs/heads/master"])

    with pytest.raises(SyncFault, match=r"6 of 8 tags .*from its main; nothing was changed") as no:
        world.sync()
    assert world.mirror.refs() == before
    assert "--accept-upstream" in no.value.do

    world.sync(accept_upstream=True)
    assert world.mirror.refs()[MAIN] == world.up.refs()["refs/heads/master"]


def test_tags_that_are_moved_by_the_dozen_are_no_news(world: World) -> None:
    """One or two are put right by a maintainer; almost all are not."""
    released(world.up, 6)
    world.sync()
    before = world.mirror.refs()
    for number in range(6):
        world.up.tag(f"2.{number}.0+v1", before[MAIN])

    with pytest.raises(SyncFault, match=r"it moved more than a quarter of its tags"):
        world.sync()
    assert world.mirror.refs() == before


def test_a_main_that_is_amended_is_followed(world: World) -> None:
    """A force-push of the last commit, and of a release on it, is everyday."""
    released(world.up, 6)
    world.sync()
    refs = world.up.refs()
    world.up.set(MAIN, refs["refs/tags/2.4.0+v1"])
    world.up.tag("2.5.0+v1", world.up.commit("release 5, amended"))

    world.sync()

    of_up = {ref: oid for ref, oid in world.up.refs().items() if ref != "refs/heads/master"}
    assert world.mirror.refs() == of_up
