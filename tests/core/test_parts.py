"""A canonical of cc-ci's is whole if everything beside its record is of the same release."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from canon_sweep.core.foreign import Broken, Foreign, Mark, Snapshot
from canon_sweep.core.parts import (
    Part,
    State,
    Tagged,
    Unseen,
    is_whole,
    named_volumes,
    parts_of,
)
from core.examples import commit_of
from core.foreigners import BROKEN, TAG, THERE, VOLUME, last_good, record, snapshot, whole

OLD = "1.0.0+1"
TAGGED = Tagged(commit_of(TAG))


def part(parts: tuple[Part, ...], name: str) -> Part:
    """One of them."""
    return next(each for each in parts if each.name == name)


def test_a_whole_canonical_holds_part_by_part() -> None:
    """Record, tag, last_good, snapshot, volumes: each by its name."""
    parts = parts_of(whole(), TAGGED, THERE)

    assert [each.name for each in parts] == [
        "canonical.json", "tag", "last_good", "snapshot", "volumes",
    ]  # fmt: skip
    assert is_whole(parts)
    assert {each.why for each in parts} == {""}


def test_a_record_alone_is_no_canonical() -> None:
    """Nothing of it can be put back, and nobody knows its volumes."""
    parts = parts_of(Foreign("notes", record()), TAGGED, ())

    assert not is_whole(parts)
    assert part(parts, "last_good").state is State.MISSING
    assert part(parts, "snapshot").state is State.MISSING
    assert part(parts, "volumes").state is State.UNCHECKED


@pytest.mark.parametrize(
    ("changed", "name", "state", "cause"),
    [
        (replace(whole(), last_good=last_good(OLD)), "last_good", State.DIFFERS, f"of {OLD}"),
        (
            replace(whole(), last_good=last_good(commit="b" * 40)),
            "last_good", State.DIFFERS, "commit bbbbbbbbbbbb",
        ),
        (replace(whole(), last_good=BROKEN), "last_good", State.UNCHECKED, "cannot be read"),
        (replace(whole(), snapshot=snapshot(OLD)), "snapshot", State.DIFFERS, f"of {OLD}"),
        (replace(whole(), snapshot=BROKEN), "snapshot", State.UNCHECKED, "no text"),
        (
            replace(whole(), snapshot=replace(snapshot(), archives=frozenset())),
            "snapshot", State.MISSING, f"no copy of volume {VOLUME}",
        ),
        (replace(whole(), record=record(schema=1)), "canonical.json", State.DIFFERS, "a schema"),
    ],
)  # fmt: skip
def test_what_is_beside_another_release_is_told(
    changed: Foreign, name: str, state: State, cause: str
) -> None:
    """Putting the new version on old data is what would come of it."""
    parts = parts_of(changed, TAGGED, THERE)

    assert not is_whole(parts)
    assert part(parts, name).state is state
    assert cause in part(parts, name).why


def test_a_last_good_without_a_commit_is_of_the_same_release() -> None:
    """It says what it says."""
    found = replace(whole(), last_good=Mark(TAG))

    assert is_whole(parts_of(found, TAGGED, THERE))


@pytest.mark.parametrize(
    ("tag", "state", "cause"),
    [
        (Tagged(None), State.MISSING, "upstream has no release 1.1.0+1"),
        (Tagged("b" * 40), State.DIFFERS, "is not that of 1.1.0+1, bbbbbbbbbbbb"),
        (Unseen("upstream does not answer"), State.UNCHECKED, "upstream does not answer"),
    ],
)
def test_a_commit_that_is_not_the_tags_is_told(
    tag: Tagged | Unseen, state: State, cause: str
) -> None:
    """As where a record names main's."""
    parts = parts_of(whole(), tag, THERE)

    assert not is_whole(parts)
    assert part(parts, "tag").state is state
    assert cause in part(parts, "tag").why


@pytest.mark.parametrize(
    ("there", "state", "cause"),
    [
        ({"another"}, State.MISSING, f"{VOLUME} does not exist"),
        ((), State.MISSING, f"{VOLUME} does not exist"),
        (Unseen("Docker does not answer"), State.UNCHECKED, "Docker does not answer"),
    ],
)
def test_a_volume_that_nobody_has_seen_is_not_there(
    there: Collection[str] | Unseen, state: State, cause: str
) -> None:
    """Half an answer is no yes."""
    parts = parts_of(whole(), TAGGED, there)

    assert part(parts, "volumes").state is state
    assert cause in part(parts, "volumes").why
    assert not is_whole(parts)


def test_a_recipe_without_volumes_needs_none() -> None:
    """And no engine has to be asked."""
    found = replace(whole(), snapshot=snapshot(volumes=()))

    assert named_volumes(found) == ()
    assert is_whole(parts_of(found, TAGGED, Unseen("Docker does not answer")))


def test_no_record_is_nothing_to_judge_by() -> None:
    """One part, and it says so."""
    assert [each.state for each in parts_of(Foreign("notes"), TAGGED, ())] == [State.MISSING]
    broken = parts_of(Foreign("notes", record=BROKEN), TAGGED, ())
    assert [each.state for each in broken] == [State.UNCHECKED]


files: st.SearchStrategy[Mark | Broken | None] = st.sampled_from(
    [None, BROKEN, last_good(), last_good(OLD), last_good(commit="b" * 40), Mark(TAG)]
)
snapshots: st.SearchStrategy[Snapshot | Broken | None] = st.sampled_from(
    [None, BROKEN, snapshot(), snapshot(OLD), snapshot(volumes=())]
)


@given(files, snapshots, st.sampled_from([TAGGED, Tagged(None), Unseen("x")]), st.booleans())
def test_only_what_is_the_same_everywhere_is_whole(
    mark: Mark | Broken | None,
    found: Snapshot | Broken | None,
    tag: Tagged | Unseen,
    is_there: bool,
) -> None:
    """Each part names this release, or the canonical is not whole."""
    parts = parts_of(Foreign("notes", record(), mark, found), tag, {VOLUME} if is_there else ())

    is_same = isinstance(mark, Mark) and mark.version == TAG and mark.commit in ("", commit_of(TAG))
    is_kept = isinstance(found, Snapshot) and found.mark.version == TAG
    no_gap = not named_volumes(Foreign("notes", snapshot=found)) or is_there
    assert is_whole(parts) == (is_same and is_kept and tag == TAGGED and no_gap)
    assert all(each.why for each in parts if not each.holds)
