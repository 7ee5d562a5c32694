"""When a mirror would lose more than releases are withdrawn."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.loss import loss

NAMES = st.text("abc", min_size=1, max_size=3)
TAGS = st.sets(NAMES)


def at(oid: str, names: Iterable[str]) -> dict[str, str]:
    """Tags with these names, all of one object."""
    return dict.fromkeys(names, oid)


@given(TAGS, TAGS)
def test_nothing_is_asked_where_nothing_goes(mirrored: set[str], new: set[str]) -> None:
    """New tags, and a mirror that is new itself, are everyday."""
    assert loss(at("1", mirrored), at("1", mirrored | new), related=True) is None
    assert loss({}, at("1", new), related=True) is None


@given(TAGS, TAGS)
def test_two_withdrawn_tags_are_everyday_while_others_stay(
    mirrored: set[str], other: set[str]
) -> None:
    """A maintainer takes a bad release back, and the one before it."""
    gone = sorted(mirrored)[:2]
    kept = (mirrored - set(gone)) | other

    assert loss(at("1", mirrored), at("1", kept), related=True) is None or not kept


@given(TAGS, TAGS)
def test_another_history_is_never_taken_in_silence(mirrored: set[str], new: set[str]) -> None:
    """Whatever tags it shows; one that is overwritten is lost as well."""
    assert loss(at("1", mirrored), at("2", new), related=False) is not None
    lost = f"{len(mirrored)} of {len(mirrored)} tag"
    assert lost in str(loss(at("1", mirrored), at("2", mirrored), related=False))


def test_a_quarter_is_the_bound() -> None:
    """Three of twelve are let go, three of eleven are not."""
    twelve = [f"{number}.0.0+1" for number in range(12)]

    assert loss(at("1", twelve), at("1", twelve[3:]), related=True) is None
    assert loss(at("1", twelve[1:]), at("1", twelve[4:]), related=True) is not None


def test_the_sentence_says_what_would_be_lost() -> None:
    """How many, and which first."""
    why = loss(at("1", "abcd"), {}, related=True)

    assert why == "it shows no tags; the mirror would lose 4 of 4 tags (a, b, c, …)"


def test_one_tag_is_not_several() -> None:
    """The sentence is read by people."""
    assert str(loss(at("1", "a"), {}, related=True)).endswith("lose 1 of 1 tag (a)")


def test_a_tag_that_stays_may_be_lost_as_well() -> None:
    """One that is moved says something else from now on; one that main leaves is no release."""
    six = at("1", "abcdef")

    assert loss(six, six | at("2", "ab"), related=True) is None
    assert loss(six, six, related=True, adrift=set("ab")) is None
    moved = loss(six, six | at("2", "abcde"), related=True)
    assert moved == (
        "it moved more than a quarter of its tags; the mirror would lose 5 of 6 tags (a, b, c, …)"
    )
    adrift = str(loss(six, six | at("2", "a"), related=True, adrift=set("bc")))
    assert adrift.startswith("its main is set back, or another branch")
    assert adrift.endswith("lose 3 of 6 tags (a, b, c) from its main")
