"""Which pull requests upstream's main has: git itself merges, squashes and rebases them here."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from canon_sweep.core.pull import Found, Where
from canon_sweep.errors import SyncFault
from canon_sweep.mirror import changes, pulls
from mirror.desk import Checkout, Files
from mirror.servers import HttpServer
from mirror.world import Repo, World

COMPOSE = "".join(f"line {n}\n" for n in range(40))


@dataclass
class Desk:
    """Where a maintainer works on upstream, and others on their branches."""

    world: World
    checkout: Checkout

    def git(self, *args: str) -> str:
        return self.checkout.git(*args)

    def commits(self, files: Files, message: str = "change") -> str:
        """One more commit where we are."""
        return self.checkout.commits(files, message)

    def branches(self, *steps: Files, at: str = "main") -> str:
        """A branch called topic with these commits."""
        return self.checkout.branches(*steps, at=at)

    def opens(self, number: int, head: str) -> None:
        """The mirror gets a pull request."""
        self.checkout.pushes(self.world.mirror.path, head, f"refs/pull/{number}/head")

    def squashes(self, head: str) -> str:
        """Upstream takes a branch as one commit."""
        self.git("merge", "-q", "--squash", head)
        self.git("commit", "-q", "-m", "squashed")
        return self.checkout.head()

    def syncs(self) -> str:
        """Main is published and mirrored; its commit."""
        self.checkout.pushes(self.world.up.path, "main", "refs/heads/main")
        return self.world.sync().main

    def finds(self, **heads: str) -> dict[int, Found]:
        """What is found of these pull requests."""
        given = {int(name.removeprefix("n")): head for name, head in heads.items()}
        main = self.syncs()
        found = pulls.contained(self.world.clone, main, given, timeout=20)
        rest = {number: head for number, head in given.items() if number not in found}
        return found | pulls.changed(
            self.world.mirror_url,
            self.world.clone,
            main,
            rest,
            credentials=self.world.credentials,
            timeout=20,
        )


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    """A checkout of upstream's main."""
    desk = Desk(world, Checkout.of(world.up.path, tmp_path / "desk"))
    desk.commits({"compose.yml": COMPOSE, "env": "A=1\n", "logo.png": b"\0\1\2"})
    return desk


def edited(line: int, text: str = "other") -> str:
    """The compose file with one line changed."""
    return COMPOSE.replace(f"line {line}\n", f"{text} {line}\n")


def test_a_head_that_a_merge_brought_is_in_main(desk: Desk) -> None:
    """Its commit is the one that says so."""
    head = desk.branches({"compose.yml": edited(3)})
    desk.opens(7, head)
    desk.git("merge", "-q", "--no-ff", "-m", "merged", head)

    assert desk.finds(n7=head) == {7: Found(Where.BEHIND_MERGE, head)}


def test_a_head_that_main_was_moved_to_is_on_its_line(desk: Desk) -> None:
    """As the head of a branch without anything of its own is, that was made then or before."""
    head = desk.branches({"compose.yml": edited(3)})
    desk.opens(7, head)
    before = desk.git("rev-parse", "main")
    desk.git("merge", "-q", "--ff-only", head)

    assert desk.finds(n7=head, n8=before) == {
        7: Found(Where.ON_LINE, head),
        8: Found(Where.ON_LINE, before),
    }


def test_changes_that_were_squashed_are_found(desk: Desk) -> None:
    """Among other commits, of which some are beside the very lines."""
    head = desk.branches({"compose.yml": edited(3)}, {"env": "A=2\n"}, {"new/file": "x\n"})
    desk.opens(7, head)
    desk.commits({"compose.yml": edited(5)})
    commit = desk.squashes(head)
    desk.commits({"compose.yml": edited(5).replace("line 3\n", "other 3\n") + "more\n"})

    assert desk.finds(n7=head) == {7: Found(Where.CHANGES, commit)}
    refs = desk.world.clone / "refs"
    assert not [path for path in refs.rglob("*") if "pull" in str(path)]


@pytest.mark.parametrize(
    "what",
    [
        {"logo.png": b"\0\7\7"},
        {"compose.yml": COMPOSE.replace("line 3\n", "   line 3\n")},
        {"compose.yml": COMPOSE.rstrip("\n")},
        {"compose.yml": COMPOSE.replace("\n", "\r\n")},
        {"na\u00efve file": "x"},
    ],
)
def test_whatever_a_file_is_its_changes_are_found(desk: Desk, what: dict[str, str | bytes]) -> None:
    """Binary, white space, line ends, odd names."""
    head = desk.branches(what)
    desk.opens(7, head)
    commit = desk.squashes(head)

    assert desk.finds(n7=head) == {7: Found(Where.CHANGES, commit)}


def test_a_removed_file_and_a_mode_are_changes_too(desk: Desk) -> None:
    """A delta without any line."""
    desk.git("checkout", "-q", "-B", "topic", "main")
    desk.git("rm", "-q", "env")
    desk.git("update-index", "--chmod=+x", "compose.yml")
    desk.git("commit", "-q", "-m", "x")
    head = desk.git("rev-parse", "HEAD")
    desk.git("checkout", "-q", "-f", "main")
    desk.opens(7, head)
    commit = desk.squashes(head)

    assert desk.finds(n7=head) == {7: Found(Where.CHANGES, commit)}


def test_commits_that_were_rebased_one_by_one_are_found(desk: Desk) -> None:
    """Each of them, in whatever order; the newest is named."""
    head = desk.branches({"compose.yml": edited(3)}, {"compose.yml": edited(3, "third")})
    desk.opens(7, head)
    desk.commits({"env": "A=2\n"})
    desk.git("cherry-pick", f"{head}~1", head)
    commit = desk.git("rev-parse", "HEAD")

    assert desk.finds(n7=head) == {7: Found(Where.CHANGES, commit)}


def test_a_rebased_branch_that_was_merged_is_found(desk: Desk) -> None:
    """The merge itself makes the changes."""
    head = desk.branches({"compose.yml": edited(3)}, {"compose.yml": edited(3, "third")})
    desk.opens(7, head)
    desk.commits({"env": "A=2\n"})
    desk.git("checkout", "-q", "-B", "rebased", "main")
    desk.git("cherry-pick", f"{head}~1", head)
    desk.git("checkout", "-q", "main")
    desk.git("merge", "-q", "--no-ff", "-m", "merged", "rebased")

    assert desk.finds(n7=head)[7].where is Where.CHANGES


Alike = Callable[[Desk], str]


def _half(desk: Desk) -> str:
    head = desk.branches({"compose.yml": edited(3), "env": "A=2\n"})
    desk.commits({"compose.yml": edited(3)})
    return head


def _more(desk: Desk) -> str:
    head = desk.branches({"compose.yml": edited(3)})
    desk.commits({"compose.yml": edited(3), "env": "A=2\n"})
    return head


def _elsewhere(desk: Desk) -> str:
    """The same line, added at another place."""
    head = desk.branches({"compose.yml": COMPOSE.replace("line 3\n", "line 3\nimage: x\n")})
    desk.commits({"compose.yml": COMPOSE.replace("line 30\n", "line 30\nimage: x\n")})
    return head


def _indented(desk: Desk) -> str:
    """In YAML that is another change; to git patch-id it is the same."""
    head = desk.branches({"compose.yml": COMPOSE.replace("line 3\n", "  line 3\n")})
    desk.commits({"compose.yml": COMPOSE.replace("line 3\n", "    line 3\n")})
    return head


def _binary(desk: Desk) -> str:
    """To git patch-id every change of a binary file is the same."""
    head = desk.branches({"logo.png": b"\0\7\7"})
    desk.commits({"logo.png": b"\0\7\x08"})
    return head


def _empty(desk: Desk) -> str:
    head = desk.branches({})
    desk.commits({}, "also empty")
    return head


def _to_and_fro(desk: Desk) -> str:
    head = desk.branches({"env": "A=2\n"}, {"env": "A=1\n"})
    desk.commits({}, "empty")
    return head


def _unrelated(desk: Desk) -> str:
    desk.git("checkout", "-q", "--orphan", "topic")
    desk.commits({"compose.yml": COMPOSE}, "another beginning")
    head = desk.git("rev-parse", "HEAD")
    desk.git("checkout", "-q", "-f", "main")
    return head


def _ahead(desk: Desk) -> str:
    """One commit was squashed, and then the branch went on."""
    first = desk.branches({"compose.yml": edited(3)})
    desk.squashes(first)
    return desk.branches({"env": "A=9\n"}, at=first)


@pytest.mark.parametrize(
    "alike", [_half, _more, _elsewhere, _indented, _binary, _empty, _to_and_fro, _unrelated, _ahead]
)
def test_what_is_only_alike_is_not_found(desk: Desk, alike: Alike) -> None:
    """Half of it, more than it, elsewhere, nothing, another history."""
    head = alike(desk)
    desk.opens(7, head)

    assert desk.finds(n7=head) == {7: Found(Where.NOWHERE)}


def test_changes_that_main_took_back_are_not_sure(desk: Desk) -> None:
    """Somebody may want them again."""
    head = desk.branches({"compose.yml": edited(3)})
    desk.opens(7, head)
    commit = desk.squashes(head)
    desk.git("revert", "--no-edit", commit)

    assert desk.finds(n7=head) == {7: Found(Where.UNSURE)}


def test_changes_that_main_went_on_from_are_found(desk: Desk) -> None:
    """The same line was changed once more."""
    head = desk.branches({"compose.yml": edited(3)})
    desk.opens(7, head)
    commit = desk.squashes(head)
    desk.commits({"compose.yml": edited(3, "third")})

    assert desk.finds(n7=head) == {7: Found(Where.CHANGES, commit)}


@pytest.mark.parametrize(
    ("bound", "value"),
    [("MOST_FILES", 1), ("MOST_BYTES", 10), ("MOST_COMMITS", 1), ("MOST_SECONDS", -1)],
)
def test_beyond_what_anybody_looks_at_nothing_is_sure(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    """Nobody's pull request takes all of a sweep's time."""
    head = desk.branches({"compose.yml": edited(3), "env": "A=2\n"})
    desk.opens(7, head)
    desk.squashes(head)
    desk.commits({"other": "x"})
    monkeypatch.setattr(changes, bound, value)

    assert desk.finds(n7=head) == {7: Found(Where.UNSURE)}


def test_what_is_too_large_on_the_way_is_not_merged_either(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is packed small, and gone in the branch's end: anybody may push one."""
    monkeypatch.setattr(changes, "MOST_BYTES", 2 * len(COMPOSE))
    head = desk.branches({"compose.yml": 3 * COMPOSE}, {"compose.yml": edited(3)})
    desk.opens(7, head)
    desk.commits({"compose.yml": edited(20)})

    assert desk.finds(n7=head) == {7: Found(Where.UNSURE)}


@pytest.mark.parametrize("head", ["", "main", "--all", "0" * 40, "f" * 64, "..", "\0"])
def test_a_head_that_is_no_commit_is_not_sure(desk: Desk, head: str) -> None:
    """A forge may say whatever it likes."""
    good = desk.branches({"compose.yml": edited(3)})
    desk.opens(8, good)

    found = desk.finds(n7=head, n8=good)

    assert found == {7: Found(Where.UNSURE), 8: Found(Where.NOWHERE)}


def test_a_head_that_was_pushed_to_meanwhile_is_not_sure(desk: Desk) -> None:
    """What the mirror has now is not what the forge has told."""
    head = desk.branches({"compose.yml": edited(3)})
    desk.opens(7, desk.branches({"env": "A=3\n"}))

    assert desk.finds(n7=head) == {7: Found(Where.UNSURE)}


MEBIBYTE = 1024 * 1024


def noise(seed: int, size: int = 2 * MEBIBYTE) -> bytes:
    """What no packing makes smaller."""
    return random.Random(seed).randbytes(size)


@pytest.fixture
def narrow(desk: Desk, http: HttpServer, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A mirror of whose pull requests a mebibyte may come, and half of one alone."""
    desk.world.mirror_url = http.url(desk.world.mirror.path)
    desk.world.credentials = http.credentials
    monkeypatch.setattr(pulls, "MOST_TOGETHER", MEBIBYTE)
    monkeypatch.setattr(pulls, "MOST_ALONE", MEBIBYTE // 2)
    return desk


def test_a_head_that_is_too_large_costs_itself_only(narrow: Desk) -> None:
    """It is unsure and says why; what of the others is merged is found all the same."""
    large = narrow.branches({"film": noise(1)})
    squashed = narrow.branches({"compose.yml": edited(3)})
    other = narrow.branches({"env": "A=9\n"})
    for number, head in enumerate((large, squashed, other), start=7):
        narrow.opens(number, head)
    commit = narrow.squashes(squashed)

    found = narrow.finds(n7=large, n8=squashed, n9=other)

    why = f"its commits have more than {MEBIBYTE // 2} bytes"
    assert found == {
        7: Found(Where.UNSURE, why=why),
        8: Found(Where.CHANGES, commit),
        9: Found(Where.NOWHERE),
    }


def test_heads_that_are_too_large_together_are_looked_at_one_by_one(narrow: Desk) -> None:
    """None of them is too large alone."""
    heads = [narrow.branches({"film": noise(n, 2 * MEBIBYTE // 5)}) for n in range(3)]
    for number, head in enumerate(heads, start=7):
        narrow.opens(number, head)

    found = narrow.finds(n7=heads[0], n8=heads[1], n9=heads[2])

    # for the third nothing is left
    assert found == {7: Found(Where.NOWHERE), 8: Found(Where.NOWHERE)}


def test_however_many_are_too_large_what_comes_has_a_bound(narrow: Desk) -> None:
    """Those for whom nothing is left are left out, and nothing is said of them."""
    heads = [narrow.branches({"film": noise(n)}) for n in range(2)]
    heads.append(narrow.branches({"env": "A=9\n"}))
    for number, head in enumerate(heads, start=7):
        narrow.opens(number, head)

    found = narrow.finds(n7=heads[0], n8=heads[1], n9=heads[2])

    assert sorted(found) == [7, 8]
    assert all(each.where is Where.UNSURE and each.why for each in found.values())


def test_what_is_fetched_does_not_stay(desk: Desk, http: HttpServer) -> None:
    """Anybody may open a pull request: nothing of one comes into the clone."""
    desk.world.mirror_url = http.url(desk.world.mirror.path)
    desk.world.credentials = http.credentials
    head = desk.branches({"compose.yml": edited(3)})
    desk.opens(7, head)
    desk.syncs()

    assert desk.finds(n7=head) == {7: Found(Where.NOWHERE)}

    clone = Repo(desk.world.clone)
    assert head not in clone.git("cat-file", "--batch-all-objects", "--batch-check")
    assert clone.is_whole()
    assert not list((desk.world.clone.parent / "tmp").glob("run-*"))


def test_a_mirror_that_cannot_be_read_is_said_so(desk: Desk) -> None:
    """And what main leads to is known without it."""
    head = desk.branches({"compose.yml": edited(3)})
    main = desk.syncs()
    desk.world.mirror_url = "file:///nowhere/at/all"

    with pytest.raises(SyncFault, match="nowhere"):
        pulls.changed(
            desk.world.mirror_url, desk.world.clone, main, {7: head}, credentials={}, timeout=20
        )


def test_a_clone_that_is_gone_is_said_so(desk: Desk) -> None:
    """It has to be synced first, and only a sync makes it."""
    with pytest.raises(SyncFault, match="does not say"):
        pulls.contained(desk.world.clone, "1" * 40, {7: "2" * 40}, timeout=20)

    assert not desk.world.clone.exists()


def test_a_clone_that_is_broken_is_left_to_a_sync(desk: Desk) -> None:
    """What is remembered of it would be wrong of one that was made again behind its back."""
    main = desk.syncs()
    shutil.rmtree(desk.world.clone / "objects")

    with pytest.raises(SyncFault, match="does not say"):
        pulls.contained(desk.world.clone, main, {7: main}, timeout=20)

    assert not (desk.world.clone / "objects").exists()
    assert desk.syncs() == main
