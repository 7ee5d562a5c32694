"""When a mirror would lose more than releases are withdrawn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.loss import loss

TAGS = st.sets(st.text("abc", min_size=1, max_size=3))


@given(TAGS, TAGS)
def test_nothing_is_asked_where_nothing_goes(mirrored: set[str], new: set[str]) -> None:
    """New tags, and a mirror that is new itself, are everyday."""
    assert loss(mirrored, mirrored | new, related=True) is None
    assert loss((), new, related=True) is None


@given(TAGS, TAGS)
def test_two_withdrawn_tags_are_everyday_while_others_stay(
    mirrored: set[str], other: set[str]
) -> None:
    """A maintainer takes a bad release back, and the one before it."""
    gone = sorted(mirrored)[:2]
    kept = (mirrored - set(gone)) | other

    assert loss(mirrored, kept, related=True) is None or not kept


@given(TAGS, TAGS)
def test_another_history_is_never_taken_in_silence(mirrored: set[str], new: set[str]) -> None:
    """Whatever tags it shows."""
    assert loss(mirrored, new, related=False) is not None


def test_a_quarter_is_the_bound() -> None:
    """Three of twelve are let go, three of eleven are not."""
    twelve = [f"{number}.0.0+1" for number in range(12)]

    assert loss(twelve, twelve[3:], related=True) is None
    assert loss(twelve[1:], twelve[4:], related=True) is not None


def test_the_sentence_says_what_would_be_lost() -> None:
    """How many, and which first."""
    why = loss(["a", "b", "c", "d"], [], related=True)

    assert why == "it shows no tags; the mirror would lose 4 of 4 tags (a, b, c, …)"


def test_one_tag_is_not_several() -> None:
    """The sentence is read by people."""
    assert str(loss(["a"], [], related=True)).endswith("lose 1 of 1 tag (a)")
