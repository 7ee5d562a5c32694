"""Which pull request is merged: what is not sure is not."""

from __future__ import annotations

import pytest

from canon_sweep.core.pull import (
    Closing,
    Found,
    Looked,
    Pull,
    Where,
    comment,
    concerns,
    mark,
    verdict,
)

HEAD = "1" * 40
COMMIT = "2" * 40
PULL = Pull(7, HEAD, "main")
DRAFT = Pull(7, HEAD, "main", is_draft=True)


@pytest.mark.parametrize(
    ("pull", "where", "is_merged"),
    [
        (PULL, Where.ON_LINE, True),
        (PULL, Where.BEHIND_MERGE, True),
        (PULL, Where.CHANGES, True),
        (PULL, Where.UNSURE, False),
        (PULL, Where.NOWHERE, False),
        (DRAFT, Where.ON_LINE, False),
        (DRAFT, Where.BEHIND_MERGE, True),
        (DRAFT, Where.CHANGES, True),
        (Pull(7, HEAD, "dev"), Where.BEHIND_MERGE, False),
        (Pull(7, HEAD, "main", is_open=False), Where.BEHIND_MERGE, False),
    ],
)
def test_only_what_is_sure_is_merged(pull: Pull, where: Where, is_merged: bool) -> None:
    """And each verdict has its reason."""
    judged = verdict(pull, Found(where, COMMIT))

    assert judged.is_merged is is_merged
    assert judged.why
    assert (COMMIT[:12] in judged.why) is is_merged


def test_only_open_ones_against_main_are_looked_at() -> None:
    """What goes into another branch is between those who share it."""
    assert concerns(PULL)
    assert not concerns(Pull(7, HEAD, "refs/heads/main"))
    assert not concerns(Pull(7, HEAD, "main", is_open=False))


@pytest.mark.parametrize("where", [Where.BEHIND_MERGE, Where.CHANGES])
def test_the_comment_names_the_commit_and_says_what_to_do(where: Where) -> None:
    """Whoever reads it knows nothing of this program."""
    text = comment(Found(where, COMMIT), "https://up.example/notes")

    assert COMMIT in text
    # of upstream's own branches nothing is said: it may have no main
    assert "`main`, which follows upstream (https://up.example/notes), has" in text
    assert "open it again" in text
    assert "(" not in comment(Found(where, COMMIT), "").partition("\n")[0]


def test_a_mark_is_one_heads_own() -> None:
    """A pull request that went on is another one."""
    assert mark(HEAD) != mark(COMMIT)


def test_what_was_looked_at_is_known_beside_the_same_main_only() -> None:
    """Main goes on, and so do heads."""
    looked = Looked("m", COMMIT, {7: HEAD})

    assert looked.knows(PULL, COMMIT)
    assert not looked.knows(PULL, HEAD)
    assert not looked.knows(Pull(7, COMMIT, "main"), COMMIT)
    assert not looked.knows(Pull(8, HEAD, "main"), COMMIT)
    assert not looked.is_empty
    assert Looked("m", COMMIT).is_empty
    assert not Looked("m", closing={7: Closing(HEAD, "", "")}).is_empty
