"""From git to a folder: what the host cannot write, what a recipe must not have, odd names."""

from __future__ import annotations

import pygit2
from pygit2.enums import FileMode

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.job.prune import run_prune
from host import small_files
from stories.engines import doing
from stories.fleet import RUNS, Fleet, compose


def test_a_checkout_that_the_host_cannot_write_is_infra(fleet: Fleet) -> None:
    """At every try, and nothing is known of the recipe by it: with room again it is green."""
    fleet.publishes("notes", "1.0.0+1")
    files = {"compose.yml": compose(RUNS, "1.1.0+1"), "logo": "x" * 3_000_000}
    fleet.commits("notes", "1.1.0+1", files)

    with small_files(1_000_000):
        night = fleet.sweeps()

    assert night["notes"].outcome is Outcome.INFRA
    assert night["notes"].attempts == 2
    assert "File too large" in night["notes"].reason
    assert {attempt.outcome for attempt in fleet.state().ledger.read()} == {Outcome.INFRA}
    assert list((fleet.folder / "state" / "checkouts").iterdir()) == []
    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_what_is_put_up_again_is_what_was_read_at_first(fleet: Fleet) -> None:
    """A program that writes to its own checkout does not change what is under test."""
    fleet.publishes("notes", "1.0.0+1")
    checkouts = fleet.folder / "state" / "checkouts" / "notes"

    def spoils() -> None:
        (path,) = checkouts.glob("*/compose.yml")
        path.write_text("services: []")

    fleet.wrap = doing("wait_ready", spoils)

    entry = fleet.tests("notes")

    assert entry.outcome is Outcome.PROMOTED, entry.reason
    assert entry.deploys == 2


def test_a_refused_tree_is_red_for_its_own_reason_at_every_try(fleet: Fleet) -> None:
    """The rerun of a red finds what the first try found."""
    fleet.options["retries"] = 1
    fleet.publishes("notes", "1.0.0+1")
    repo = fleet.repo("notes")
    main = repo.references["refs/heads/main"]
    commit = repo[main.target]
    assert isinstance(commit, pygit2.Commit)
    builder = repo.TreeBuilder(commit.tree)
    builder.insert("out", repo.create_blob(b"/etc/passwd"), FileMode.LINK)
    by = pygit2.Signature("Ada", "ada@example.org", fleet.clock + 1)
    made = repo.create_commit(
        "refs/heads/main", by, by, "a link", builder.write(), [str(commit.id)]
    )
    repo.references.create("refs/tags/1.1.0+1", made)

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert entry.attempts == 2
    assert "a link 'out' that leads out of it" in entry.reason


def test_a_stray_tag_costs_nobody_anything(fleet: Fleet) -> None:
    """A no-break space, an emoji's joiner, Latin-1: the releases beside them are tested."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    head = str(fleet.repo("notes").references["refs/heads/main"].target)
    for name in ("a\xa0b", "v1-\U0001f469\u200d\U0001f4bb", "caf\udce9"):
        (fleet.upstream("notes") / "refs/tags" / name).write_text(head + "\n")

    night = fleet.sweeps()

    assert night.results.exit_code == 0
    assert night["notes"].outcome is Outcome.PROMOTED
    ignored = {entry.tag: entry.reason for entry in night["notes"].ignored_tags}
    assert set(ignored) == {r"a\xa0b", "v1-\U0001f469\\u200d\U0001f4bb", r"caf\xe9"}
    assert set(ignored.values()) == {"its name has a character that cannot be shown"}
    assert list(pygit2.Repository(str(fleet.mirror("notes"))).references) == [
        "refs/heads/main",
        "refs/tags/1.0.0+1",
        "refs/tags/1.1.0+1",
    ]
    assert fleet.sweeps()["notes"].code is Code.NO_NEW_VERSION


def test_a_recipe_may_follow_another_branch(fleet: Fleet) -> None:
    """What is reachable from the branch that is set is a release, and nothing else."""
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    repo = fleet.repo("notes")
    repo.references.create("refs/heads/v1", str(repo.references["refs/heads/main"].target))
    fleet.publishes("notes", "2.0.0+1")
    fleet.add("notes", branch="v1")

    night = fleet.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert fleet.canonical("notes").tag == "1.1.0+1"
    assert "other-head" not in {note.code for note in night["notes"].notes}
    fleet.recipes["notes"]["branch"] = "v9"
    assert fleet.sweeps()["notes"].code is Code.SYNC_ERROR
    del fleet.recipes["notes"]["branch"]
    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED
    assert fleet.canonical("notes").tag == "2.0.0+1"


def test_a_link_in_the_place_of_the_checkouts_is_not_followed(released: Fleet) -> None:
    """Whoever keeps them on a larger disk has other things there, and all in it would go."""
    large = released.folder / "large"
    (large / "notes").mkdir(parents=True)
    (large / "notes" / "letter").write_text("not ours")
    (released.folder / "state").mkdir()
    (released.folder / "state" / "checkouts").symlink_to(large)

    night = released.sweeps()
    pruning = run_prune(released.settings(), released.means(), dry_run=False)

    assert (large / "notes" / "letter").read_text() == "not ours"
    assert night["notes"].code is Code.INTERNAL_ERROR
    assert "checkouts is a link" in night["notes"].sentence
    assert "a disk of its own is mounted there" in night["notes"].sentence
    assert night.results.exit_code == pruning.exit_code == 1
    assert any("checkouts is a link" in text for text in pruning.left)
