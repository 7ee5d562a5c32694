"""What a replaced canonical leaves, and what no promotion may take away."""

from __future__ import annotations

from itertools import combinations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.canonical import Canonical, KeptVolume
from canon_sweep.core.kept import discarded, named_by
from core.examples import canonical

# few names, so that records often share one; each set of them is a single draw
NAMES = "abcde"
some = st.sampled_from(
    [frozenset(names) for size in range(len(NAMES) + 1) for names in combinations(NAMES, size)]
)


def keeping(volumes: frozenset[str], secrets: frozenset[str], stack: str = "") -> Canonical:
    """A record that names these."""
    return msgspec.structs.replace(
        canonical("1.0.0+1"),
        volumes=tuple(KeptVolume(name=name, bytes=1) for name in sorted(volumes)),
        secrets=tuple(sorted(secrets)),
        stack=stack,
    )


records = st.builds(keeping, some, some, st.sampled_from(["", "s", "t"]))


@given(st.none() | records, st.none() | records, st.lists(records, max_size=4))
def test_what_any_record_names_is_never_discarded(
    before: Canonical | None, after: Canonical | None, others: list[Canonical]
) -> None:
    """Two records that name one volume: replacing one leaves the other's data."""
    volumes, secrets = discarded(before, after, others)

    for record in [*others, *([after] if after else [])]:
        assert volumes.isdisjoint(volume.name for volume in record.volumes)
        assert secrets.isdisjoint(record.secrets)


@given(st.none() | records, st.none() | records, st.lists(records, max_size=4))
def test_nothing_is_left_behind_and_nothing_else_is_touched(
    before: Canonical | None, after: Canonical | None, others: list[Canonical]
) -> None:
    """Whatever the old record names is either still named or discarded."""
    volumes, secrets = discarded(before, after, others)
    old, new = (
        named_by([before] if before else []),
        named_by([*([after] if after else []), *others]),
    )

    assert volumes <= old.volumes
    assert secrets <= old.secrets
    assert old.volumes <= volumes | new.volumes
    assert old.secrets <= secrets | new.secrets


@given(st.none() | records, records)
def test_a_canonical_that_stands_loses_nothing(before: Canonical | None, after: Canonical) -> None:
    """The same record again, or the first one, discards nothing."""
    assert discarded(after, after, []) == (frozenset(), frozenset())
    assert discarded(None, after, [] if before is None else [before]) == (frozenset(), frozenset())


@given(st.lists(records, max_size=4))
def test_the_order_of_the_records_has_no_influence(many: list[Canonical]) -> None:
    """A set of names is a set of names; the record without a stack names none."""
    assert named_by(many) == named_by(reversed(many))
    assert "" not in named_by(many).stacks
    assert {record.stack for record in many} <= named_by(many).stacks | {""}


def test_a_canonical_that_is_taken_back_leaves_all_that_no_other_names() -> None:
    """Without a successor, what is shared stays and the rest goes."""
    old = keeping(frozenset({"a", "b"}), frozenset({"s"}))
    other = keeping(frozenset({"b"}), frozenset())

    assert discarded(old, None, [other]) == (frozenset({"a"}), frozenset({"s"}))
