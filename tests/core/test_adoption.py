"""Which of another tool's records are followed, and what is said of the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from canon_sweep.core.adoption import (
    Known,
    Standing,
    disowned,
    followed,
    gone,
    marker_of,
    not_followed,
    standing,
)
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.decision import Code, Decision, Facts, decide
from canon_sweep.core.foreign import Mark
from core.examples import NOW, POLICY, canonical, facts, known
from core.foreigners import TAG, VOLUME, record

OLD, NEW = "1.0.0+1", "1.2.0+1"
RELEASES = known(OLD, TAG)

records = st.sampled_from([record(), record(OLD), record(commit="b" * 40), record(schema=1)])
markers = st.none() | records.map(lambda mark: marker_of("notes", mark, NOW))
promotions = st.none() | st.sampled_from([canonical(TAG), canonical(OLD)])
knowns = st.builds(Known, markers, promotions)


@given(records, knowns)
def test_what_is_followed_is_what_was_written_down(mark: Mark, what: Known) -> None:
    """By its release and its commit, whatever else has changed; and never an engine's of ours."""
    known_releases = {
        (each.version, each.commit) for each in (what.marker, what.promoted) if each is not None
    }

    is_known = (mark.version, mark.commit) in known_releases and not mark.is_ours
    assert standing(mark, what).is_followed == is_known
    assert (followed(mark, what) is not None) == is_known
    assert (not_followed("notes", mark, what, RELEASES) is None) == is_known


def test_what_a_run_has_proven_is_not_called_adopted() -> None:
    """Also where a marker of it is left."""
    both = Known(marker_of("notes", record(), NOW), canonical(TAG))
    adopted = followed(record(), Known(both.marker), (VOLUME,))

    assert standing(record(), both) is Standing.PROMOTED
    assert followed(record(), both) == canonical(TAG)
    assert adopted is not None
    assert adopted.is_adopted
    assert [volume.name for volume in adopted.volumes] == [VOLUME]


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        (record(), "canon-sweep adopt notes takes it over if it is whole, and nothing has to be"),
        (record(OLD), "canon-sweep adopt notes takes it over if it is whole"),
        (record(commit="b" * 40), "its commit is not the tag's"),
        (record(NEW), "upstream has no such release on main"),
        (record(schema=1), "it lies beside what another tool keeps, and is not of it"),
    ],
)
def test_a_record_that_is_not_followed_says_why_and_what_to_do(mark: Mark, why: str) -> None:
    """Whether its release is the latest, an older one, or none that upstream has."""
    note = not_followed("notes", mark, Known(), RELEASES)

    assert note is not None
    assert note.code == "not-followed"
    assert why in note.text
    unknown = not_followed("notes", mark, Known(), None)
    assert unknown is not None
    assert unknown.text.endswith("is not followed")


def test_a_record_that_is_gone_is_told_if_it_was_followed() -> None:
    """And not where there never was one."""
    note = gone(Known(marker_of("notes", record(), NOW)))

    assert gone(Known()) is None
    assert note is not None
    assert note.text == f"another tool's record is gone: it was of {TAG} when adopted"


def test_a_record_in_a_folder_of_ours_has_its_tags_commit() -> None:
    """One of another tool's that names main's is not followed; a run's own is `tag-moved`."""
    bare = Canonical(recipe="notes", version=TAG, commit="b" * 40)
    right = Canonical(recipe="notes", version=TAG, commit=RELEASES.known[-1].commit)

    note = disowned(bare, RELEASES)

    assert note is not None
    assert "was made by another tool: its commit, bbbbbbbbbbbb, is not the tag's" in note.text
    assert disowned(right, RELEASES) is None
    assert disowned(canonical(TAG, commit="b" * 40), RELEASES) is None
    assert disowned(bare, known(OLD)) is None


def test_an_adopted_canonical_decides_as_any_other_and_is_called_so() -> None:
    """Trigger by version; the sentence says whose it is."""
    adopted = followed(record(), Known(marker_of("notes", record(), NOW)))
    same, newer = facts(OLD, TAG), facts(OLD, TAG, NEW)

    def decided(known_facts: Facts) -> Decision:
        return decide(replace(known_facts, canonical=adopted), POLICY, NOW)

    assert decided(same).code is Code.NO_NEW_VERSION
    assert decided(same).sentence == f"{TAG} is the canonical, adopted from another tool"
    assert decided(newer).code is Code.NEW_RELEASE
    assert decided(newer).sentence == f"{NEW} is newer than the adopted canonical {TAG}"
    assert decided(facts(OLD)).code is Code.CANONICAL_AHEAD
