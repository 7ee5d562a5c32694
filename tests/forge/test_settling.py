"""Pull requests that upstream has merged are closed with one comment; all others are left."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from canon_sweep import web
from canon_sweep.core.pull import mark
from canon_sweep.errors import SyncFault
from canon_sweep.mirror import pulls
from forge.fake import FakeForge, Trouble
from forge.world import Desk, Turn, edited


@pytest.fixture
def desk(fake: FakeForge, tmp_path: Path) -> Desk:
    """An upstream, and a mirror on the forge that has nothing yet."""
    return Desk.made(tmp_path, fake.makes("mirrors", "notes"))


@pytest.fixture
def turn(fake: FakeForge, desk: Desk, tmp_path: Path) -> Turn:
    """The first sweep lies behind."""
    turn = Turn.of(fake, desk, tmp_path)
    assert turn.comes() == {}
    fake.asked.clear()
    return turn


def without(everything: dict[str, Any], *numbers: int) -> dict[str, Any]:
    """All but these pull requests, and but for main, which a sync moves."""
    pulls = {number: pull for number, pull in everything["pulls"].items() if number not in numbers}
    refs = {ref: oid for ref, oid in everything["refs"].items() if ref != "refs/heads/main"}
    return everything | {"pulls": pulls, "refs": refs}


def test_exactly_what_is_merged_is_closed_with_one_comment(desk: Desk, turn: Turn) -> None:
    """By a merge, by moving main, squashed; the comment names the commit."""
    others = [desk.opens({"env": f"A={n}\n"}).number for n in range(3)]
    merged = desk.opens({"compose.yml": edited(3)}).number
    squashed = desk.opens({"compose.yml": edited(9)}, {"new": "x\n"}).number
    head, commit = desk.merges(merged), desk.squashes(squashed)
    forwarded = desk.opens({"compose.yml": desk.path.joinpath("compose.yml").read_text() + "x\n"})
    desk.forwards(forwarded.number)
    before = desk.mirror.everything()

    closed = turn.comes()

    assert closed == {
        merged: f"its commit {head[:12]} is in upstream's main",
        squashed: f"its changes are in upstream's main by commit {commit[:12]}",
        forwarded.number: f"its commit {desk.mirror.head(forwarded.number)[:12]} is in"
        " upstream's main",
    }
    assert desk.mirror.closed() == set(closed)
    for number, named in ((merged, head), (squashed, commit)):
        (said,) = desk.mirror.pulls[number].comments
        assert named in said
        assert said.endswith(mark(desk.mirror.head(number)))
        assert "https://up.example/notes" in said
    assert without(desk.mirror.everything(), *closed) == without(before, *closed)
    assert all(desk.mirror.pulls[number].state == "open" for number in others)


def test_a_second_sweep_asks_once_and_does_nothing(fake: FakeForge, desk: Desk, turn: Turn) -> None:
    """What was looked at is remembered: nothing is fetched, and the clone is not opened."""
    desk.opens({"env": "A=2\n"})
    merged = desk.opens({"compose.yml": edited(3)}).number
    desk.merges(merged)
    assert turn.comes() == {merged: turn.said[0].partition(": ")[2]}
    fetched, everything = turn.fetched, desk.mirror.everything()
    fake.asked.clear()

    assert turn.comes() == {}

    assert turn.fetched == fetched == 1
    assert len(fake.gets()) == 1
    assert fake.wrote() == []
    assert desk.mirror.everything() == everything


def test_a_pull_request_that_came_later_is_seen_where_no_ref_moved(desk: Desk, turn: Turn) -> None:
    """Its commit has been in main for long."""
    head = desk.branch({"compose.yml": edited(3)})
    desk.git("merge", "-q", "--no-ff", "-m", "x", head)
    turn.comes()
    desk.mirror.repo.set("refs/pull/1/head", head)
    number = desk.mirror.opens(head).number

    assert list(turn.comes()) == [number]


def test_a_head_that_moved_is_looked_at_again(desk: Desk, turn: Turn) -> None:
    """And so are all of them, when main has moved."""
    pull = desk.opens({"env": "A=2\n"})
    turn.comes()
    assert turn.fetched == 1
    desk.pushes(desk.branch({"env": "A=3"}), f"refs/pull/{pull.number}/head")
    turn.comes()
    assert turn.fetched == 2
    desk.commits({"more": "x"})

    turn.comes()

    assert turn.fetched == 3


def test_what_is_about_another_branch_is_left_alone(desk: Desk, turn: Turn) -> None:
    """It is between people who share that branch, whatever main has."""
    pull = desk.opens({"compose.yml": edited(3)}, base="private/ada")
    desk.merges(pull.number)

    assert turn.comes() == {}

    assert pull.state == "open"
    assert turn.fetched == 0


@pytest.mark.parametrize("fork", ["stranger/notes", "gone"])
def test_one_from_a_fork_is_like_any_other(desk: Desk, turn: Turn, fork: str) -> None:
    """Also where the fork is gone: the mirror has its commits."""
    merged = desk.opens({"compose.yml": edited(3)}, fork=fork).number
    other = desk.opens({"env": "A=2\n"}, fork=fork)
    desk.squashes(merged)

    assert list(turn.comes()) == [merged]
    assert other.state == "open"


@pytest.mark.parametrize("how", [{"draft": True}, {"title": "WIP: later"}, {"title": "[wip] x"}])
def test_a_draft_without_a_commit_of_its_own_is_a_beginning(
    desk: Desk, turn: Turn, how: dict[str, Any]
) -> None:
    """Somebody has announced what he will do; nothing tells it from one that main moved to."""
    pull = desk.opens(**how)
    desk.commits({"more": "x"})

    assert turn.comes() == {}
    assert pull.state == "open"


def test_a_draft_that_is_none_any_more_is_looked_at_again(desk: Desk, turn: Turn) -> None:
    """Main was moved to it, and it is only now said to be done: nothing else has moved."""
    pull = desk.opens({"compose.yml": edited(3)}, draft=True)
    desk.forwards(pull.number)
    assert turn.comes() == {}
    assert turn.comes() == {}

    pull.draft = False

    assert list(turn.comes()) == [pull.number]
    assert turn.comes() == {}


def test_a_draft_that_a_merge_brought_is_merged(desk: Desk, turn: Turn) -> None:
    """That is sure."""
    first = desk.opens({"compose.yml": edited(3)}, draft=True).number
    second = desk.opens({"compose.yml": edited(9)}, draft=True).number
    desk.merges(first)
    desk.squashes(second)

    assert list(turn.comes()) == [first, second]


def test_one_without_any_change_is_left_open(desk: Desk, turn: Turn) -> None:
    """Commits that change nothing, or take back what they did."""
    empty = desk.opens({})
    fro = desk.opens({"env": "A=2\n"}, {"env": "A=1\n"})
    desk.commits({}, "also empty")

    assert turn.comes() == {}
    assert empty.state == fro.state == "open"


def test_one_that_is_opened_again_is_left_open(desk: Desk, turn: Turn, fake: FakeForge) -> None:
    """A person has decided; there is no second comment either, and nobody asks each week."""
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)
    turn.comes()
    pull.state = "open"
    pull.comments.append("not at all")

    assert turn.comes() == {}
    assert "opened again" in turn.said[-1]
    fake.asked.clear()
    assert turn.comes() == {}

    assert pull.state == "open"
    assert len(pull.comments) == 2
    assert len(fake.gets()) == 1


def test_one_that_somebody_merges_meanwhile_is_done(desk: Desk, turn: Turn) -> None:
    """412: no comment, and nothing is left to do."""
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)

    def merged(line: str) -> None:
        if line.startswith("PATCH"):
            pull.merged, pull.state = True, "closed"

    turn.fake.before = merged

    assert turn.comes() == {}
    assert pull.comments == []
    assert turn.memory.closing == {}
    assert turn.comes() == {}


def test_one_that_changes_after_it_was_asked_for_is_left(desk: Desk, turn: Turn) -> None:
    """A sweep takes hours; the next one looks at it anew."""
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)
    settling = turn.settling()
    desk.pushes(desk.branch({"env": "A=7\n"}), f"refs/pull/{pull.number}/head")

    settling.settle()

    assert settling.closed == {}
    assert pull.state == "open"
    assert "has changed meanwhile" in turn.said[-1]
    assert turn.memory.left == {}


def test_a_look_changes_nothing(desk: Desk, turn: Turn, fake: FakeForge) -> None:
    """It says what would be closed."""
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)
    turn.settling()  # synced
    before, memory = desk.mirror.everything(), turn.memory

    closed = turn.comes(only_looks=True)

    assert list(closed) == [pull.number]
    assert fake.wrote() == []
    assert (desk.mirror.everything(), turn.memory) == (before, memory)


def test_one_that_is_too_large_is_named_and_the_next_sweep_goes_on(
    desk: Desk, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is remembered as any other that is left; those that it kept from their turn are not."""
    # of hexadecimal digits half is left
    monkeypatch.setattr(pulls, "MOST_TOGETHER", 400_000)
    monkeypatch.setattr(pulls, "MOST_ALONE", 400_000)
    film = random.Random(1).randbytes(1_000_000).hex()
    large = desk.opens({"film": film}).number
    merged = desk.opens({"compose.yml": edited(3)}).number
    desk.squashes(merged)

    first = turn.settling()
    first.settle()
    second = turn.settling()
    second.settle()

    assert first.closed == {}
    assert "more than 400000 bytes" in first.unread[large]
    assert "the next sweep goes on" in first.unread[merged]
    assert list(second.closed) == [merged]
    assert second.unread == {}
    assert turn.comes() == {}


def test_the_next_sweep_goes_on_also_where_main_has_moved(
    desk: Desk, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are looked at again then: who was kept from his turn comes before who kept him."""
    monkeypatch.setattr(pulls, "MOST_TOGETHER", 400_000)
    monkeypatch.setattr(pulls, "MOST_ALONE", 400_000)
    large = desk.opens({"film": random.Random(1).randbytes(1_000_000).hex()}).number
    merged = desk.opens({"compose.yml": edited(3)}).number
    desk.squashes(merged)
    first = turn.settling()
    first.settle()
    sure = desk.opens({"other": "x\n"}).number
    desk.merges(sure)

    second = turn.settling()
    second.settle()

    assert sorted(first.unread) == [large, merged]
    assert sorted(second.closed) == [merged, sure]
    assert list(second.unread) == [large]


def test_what_is_too_large_is_named_whatever_the_forge_does(
    desk: Desk, turn: Turn, fake: FakeForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is remembered, and nobody would ever hear of it."""
    monkeypatch.setattr(pulls, "MOST_TOGETHER", 800_000)
    monkeypatch.setattr(pulls, "MOST_ALONE", 400_000)
    merged = desk.opens({"compose.yml": edited(3)}).number
    large = desk.opens({"film": random.Random(1).randbytes(1_000_000).hex()}).number
    desk.squashes(merged)
    settling = turn.settling()
    fake.troubles = [Trouble("POST", 500)]

    with pytest.raises(web.ServerFault):
        settling.settle()

    assert list(settling.unread) == [large]


class Killed(BaseException):
    """The process is gone."""


STEPS = {
    "before it is written down": ("remember", 0),
    "before it is closed": ("PATCH", 0),
    "after it was closed": ("PATCH", 1),
    "before the comment": ("POST", 0),
    "after the comment": ("POST", 1),
    "at the end": ("remember", 1),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_moment_there_is_one_comment_in_the_end(
    desk: Desk, turn: Turn, step: str
) -> None:
    """The next sweep finishes what the dead one began."""
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)
    settling = turn.settling()
    at, after = STEPS[step]
    _kill(settling, at, bool(after))

    with pytest.raises(Killed):
        settling.settle()

    turn.comes()
    assert (pull.state, len(pull.comments)) == ("closed", 1)
    assert turn.memory.closing == {}
    assert turn.comes() == {}
    assert (pull.state, len(pull.comments)) == ("closed", 1)


def _kill(settling: Any, at: str, after: bool) -> None:
    """Let the process end before or after it does this for the first time."""
    forge, owner = settling.forge, settling

    def dying(act: Callable[..., Any]) -> Callable[..., Any]:
        def die(*args: Any, **more: Any) -> Any:
            if after:
                act(*args, **more)
            raise Killed

        return die

    if at == "remember":
        owner.remember = dying(owner.remember)
        return

    class Dying:
        """The forge, up to one request."""

        def __getattr__(self, name: str) -> Any:
            act = getattr(forge, name)
            return dying(act) if name == {"PATCH": "close", "POST": "say"}[at] else act

    owner.forge = Dying()


LOST = {
    "close, not done": (Trouble("PATCH", 500, times=1), web.ServerFault),
    "close, done": (Trouble("PATCH", 502, late=True, times=1), web.ServerFault),
    "comment, not done": (Trouble("POST", 500, times=1), web.ServerFault),
    "comment, done": (Trouble("POST", 502, late=True, times=1), web.ServerFault),
    "comment, done, and busy": (
        Trouble("POST", 503, headers={"Retry-After": "0"}, late=True, times=1),
        web.ServerFault,
    ),
    "close, forbidden": (Trouble("PATCH", 403, times=1), web.RightsFault),
    "comment, forbidden": (Trouble("POST", 403, times=1), web.RightsFault),
    "look, broken": (Trouble("GET.*pulls/", 500, times=1), web.ServerFault),
    "comments, broken": (Trouble("GET.*comments", 500, times=1), web.ServerFault),
}


@pytest.mark.parametrize("what", LOST)
def test_a_fault_in_the_middle_is_mended_by_the_next_sweep(
    desk: Desk, turn: Turn, fake: FakeForge, what: str
) -> None:
    """One comment, one close, and it is told once that it was closed."""
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)
    settling = turn.settling()
    trouble, kind = LOST[what]
    fake.troubles = [trouble]

    with pytest.raises(kind):
        settling.settle()

    trouble.times = 0
    turn.comes()
    assert (pull.state, len(pull.comments)) == ("closed", 1)
    assert turn.memory.closing == {}


def test_one_that_was_closed_by_somebody_else_gets_no_comment_of_ours(
    desk: Desk, turn: Turn, fake: FakeForge
) -> None:
    """A close that was refused is not under way any more."""
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)
    settling = turn.settling()
    fake.may_write = False
    with pytest.raises(web.RightsFault):
        settling.settle()
    fake.may_write = True
    pull.state = "closed"

    turn.comes()

    assert pull.comments == []


def test_one_that_is_removed_while_it_is_closed_is_forgotten(desk: Desk, turn: Turn) -> None:
    """There is nobody to tell any more."""
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)
    settling = turn.settling()
    _kill(settling, "PATCH", after=True)
    with pytest.raises(Killed):
        settling.settle()
    del desk.mirror.pulls[pull.number]

    assert turn.comes() == {}

    assert turn.memory.closing == {}


def test_what_is_sure_is_closed_where_other_commits_cannot_be_had(
    desk: Desk, turn: Turn, fake: FakeForge
) -> None:
    """One that cannot be fetched costs no other its turn."""
    merged = desk.opens({"compose.yml": edited(3)}).number
    desk.opens({"env": "A=2\n"})
    desk.merges(merged)
    settling = turn.settling()
    fake.troubles = [Trouble("GIT", 500)]

    with pytest.raises(SyncFault):
        settling.settle()

    assert list(settling.closed) == [merged]
    assert desk.mirror.closed() == {merged}


def test_one_that_the_forge_stumbles_over_is_in_no_others_way(
    desk: Desk, turn: Turn, fake: FakeForge
) -> None:
    """The others are closed, and it is told."""
    first, second, third = (desk.opens({name: "x\n"}).number for name in ("a", "b", "c"))
    for number in (first, second, third):
        desk.merges(number)
    settling = turn.settling()
    fake.troubles = [Trouble(f"(issues|pulls)/{first}", 500)]

    with pytest.raises(web.ServerFault, match=f"/{first}"):
        settling.settle()

    assert list(settling.closed) == [second, third]
    fake.troubles.clear()
    assert list(turn.comes()) == [first]


def test_where_no_comment_is_taken_no_other_is_closed(
    desk: Desk, turn: Turn, fake: FakeForge
) -> None:
    """Nobody should find his pull request closed without a word; also not a week later."""
    first, second = (desk.opens({name: "x\n"}).number for name in ("a", "b"))
    desk.merges(first)
    desk.merges(second)
    fake.troubles = [Trouble("POST", 500)]
    for _ in range(2):
        settling = turn.settling()
        with pytest.raises(web.ServerFault):
            settling.settle()
        assert desk.mirror.closed() == {first}
    fake.troubles.clear()

    assert list(turn.comes()) == [first, second]

    assert [len(desk.mirror.pulls[number].comments) for number in (first, second)] == [1, 1]
