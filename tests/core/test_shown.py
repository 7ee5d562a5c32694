"""A harness's own promotion counts only as far as its files show it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from canon_sweep.core.foreign import Foreign, Mark, Snapshot
from canon_sweep.core.parts import Unseen
from canon_sweep.core.shown import not_shown
from core.examples import commit_of
from core.foreigners import (
    BROKEN,
    START,
    TAG,
    THERE,
    VOLUME,
    WRITTEN,
    last_good,
    record,
    snapshot,
    whole,
)

OLD = "1.0.0+1"
BEFORE = (START - timedelta(days=7)).isoformat()
STALE = "is of 2026-06-07 03:00:00, before the test began"
UNDATED = "does not say when it was written"


def missing(found: Foreign, there: Collection[str] | Unseen = THERE) -> tuple[str, ...]:
    """What is missing of a promotion of the release under test."""
    return not_shown(found, there, TAG, commit_of(TAG), START)


def test_a_promotion_with_all_its_parts_is_one() -> None:
    """Record, last_good and snapshot of this release, newer than the start, and the volumes."""
    assert missing(whole()) == ()


def test_what_was_written_in_the_second_of_the_start_is_not_older() -> None:
    """A ts has no fractions of a second."""
    at = START.replace(microsecond=0).isoformat()
    found = Foreign("notes", record(ts=at), last_good(ts=at), snapshot(ts=at))

    assert missing(found) == ()


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (replace(whole(), record=None), "canonical.json is not there"),
        (replace(whole(), record=BROKEN), "canonical.json cannot be read: it is no text"),
        (replace(whole(), record=record(OLD)), f"canonical.json names {OLD}, not {TAG}"),
        (
            replace(whole(), record=record(commit="b" * 40)),
            f"canonical.json names commit bbbbbbbbbbbb, the tag is {commit_of(TAG)[:12]}",
        ),
        (replace(whole(), record=record(ts=BEFORE)), f"canonical.json {STALE}"),
        (
            replace(whole(), record=record(ts="soon")),
            f"canonical.json {UNDATED}: its ts 'soon' is no moment",
        ),
        (replace(whole(), record=record(ts=None)), f"canonical.json {UNDATED}"),
        (
            replace(whole(), record=record(schema=1)),
            "canonical.json has a schema, which only canon-sweep itself writes",
        ),
        (replace(whole(), last_good=None), "last_good is not there"),
        (replace(whole(), last_good=last_good(OLD)), f"last_good names {OLD}, not {TAG}"),
        (replace(whole(), last_good=last_good(ts=BEFORE)), f"last_good {STALE}"),
        (replace(whole(), snapshot=None), "snapshot/meta.json is not there"),
        (replace(whole(), snapshot=snapshot(OLD)), f"snapshot/meta.json names {OLD}, not {TAG}"),
        (
            replace(whole(), snapshot=snapshot(commit=None)),
            f"snapshot/meta.json names no commit, the tag is {commit_of(TAG)[:12]}",
        ),
        (
            replace(whole(), snapshot=replace(snapshot(), archives=frozenset())),
            f"snapshot/volumes/{VOLUME}.tar is not there",
        ),
    ],
)  # fmt: skip
def test_each_part_that_is_missing_has_its_line(changed: Foreign, line: str) -> None:
    """And there is no other line."""
    assert missing(changed) == (line,)


def test_a_volume_that_is_gone_or_that_nobody_can_see_is_missing() -> None:
    """A doubt is no yes."""
    unseen = Unseen("Docker does not answer")

    assert missing(whole(), ()) == (f"volume {VOLUME} does not exist",)
    (line,) = missing(whole(), unseen)
    assert line == "nobody can say whether its volumes exist: Docker does not answer"
    assert missing(replace(whole(), snapshot=snapshot(volumes=())), unseen) == ()


def test_a_last_good_that_is_a_line_names_the_version_alone() -> None:
    """The file's own time stands for when it was written."""
    assert missing(replace(whole(), last_good=Mark(TAG, at=WRITTEN))) == ()
    assert missing(replace(whole(), last_good=Mark(TAG, at=START - timedelta(1)))) != ()


def test_everything_that_is_missing_is_told_at_once() -> None:
    """Whoever mends it sees all of it."""
    assert len(missing(Foreign("notes"))) == 3


marks = st.sampled_from([record(), record(OLD), record(commit="b" * 40), record(ts=BEFORE)])
snapshots = st.sampled_from(
    [snapshot(), snapshot(OLD), snapshot(ts=BEFORE), replace(snapshot(), archives=frozenset())]
)


@given(marks, marks, snapshots, st.booleans())
def test_only_a_whole_new_canonical_is_a_promotion(
    one: Mark, other: Mark, copy: Snapshot, is_there: bool
) -> None:
    """Any older or other part makes it none."""
    found = Foreign("notes", one, other, copy)

    is_new = one == record() and other == record() and copy == snapshot()
    assert (missing(found, {VOLUME} if is_there else ()) == ()) == (is_new and is_there)
