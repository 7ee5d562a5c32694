"""What nothing names, and what a person has to decide."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.canonical import KeptVolume
from canon_sweep.core.kept import Named, named_by
from canon_sweep.core.stray import (
    Kind,
    Maker,
    Thing,
    made_by_others,
    not_ours,
    strays,
    things,
)
from core.examples import canonical

STACK = "note-1a2b3c_ci_localhost"
LEFT = "note-4d5e6f_ci_localhost"
NONE = Named(frozenset(), frozenset(), frozenset())
RECORD = msgspec.structs.replace(
    canonical("1.0.0+1"),
    stack=STACK,
    volumes=(KeptVolume(name=f"{STACK}_data", bytes=1),),
    secrets=(f"{STACK}_pw_v1",),
)
RECORDS = named_by([RECORD])


def volume(name: str, stack: str = LEFT, maker: Maker = Maker.US) -> Thing:
    """A volume that says it is of a stack."""
    return Thing(Kind.VOLUME, name, stack, maker)


def test_what_a_record_names_is_no_stray_and_what_none_names_is() -> None:
    """The whole of it, in one look."""
    there = [
        volume(f"{STACK}_data", STACK),
        Thing(Kind.SECRET, f"{STACK}_pw_v1", STACK),
        volume(f"{LEFT}_data"),
        Thing(Kind.SECRET, f"{LEFT}_pw_v1", LEFT),
        Thing(Kind.SERVICE, f"{LEFT}_app", LEFT),
        Thing(Kind.NETWORK, f"{LEFT}_default", LEFT),
    ]

    found = strays(there, RECORDS, NONE)

    assert [f"{stray.what} {stray.why}" for stray in found] == [
        f"stack {LEFT} (network {LEFT}_default, service {LEFT}_app) is up, but no run is on",
        f"secret {LEFT}_pw_v1 belongs to no record",
        f"volume {LEFT}_data belongs to no record",
    ]
    assert not any(stray.doubt for stray in found)


def test_what_the_journal_names_is_no_stray() -> None:
    """A run that is on, or one that was killed: recovery knows what of it is to stay."""
    journal = Named(frozenset({f"{STACK}_old"}), frozenset(), frozenset({LEFT}))
    there = [
        volume(f"{LEFT}_data"),
        volume(f"snapshot.{LEFT}_data", f"snapshot.{LEFT}"),
        Thing(Kind.CONTAINER, "x", LEFT),
        volume(f"{STACK}_old", STACK),
    ]

    assert strays(there, NONE, journal) == ()


def test_what_another_canon_sweep_has_made_is_counted_and_not_looked_at() -> None:
    """Its records are elsewhere: a demo must not take down the host's canonicals."""
    there = [volume(f"{LEFT}_data", maker=Maker.ANOTHER), volume(f"{LEFT}_more")]

    assert [stray.things for stray in strays(there, NONE, NONE)] == [(there[1],)]
    assert made_by_others(there) == 1


@pytest.mark.parametrize(
    ("thing", "doubt"),
    [
        (volume(f"{LEFT}_data", maker=Maker.UNSAID), "which canon-sweep has made it"),
        (volume("precious"), "of ours has such a name"),
        (volume(f"snapshot.{STACK}_data", f"snapshot.{STACK}"), "which of the two is true"),
        (volume(f"{STACK}_more", STACK), "its record does not name it"),
        (Thing(Kind.SERVICE, f"{STACK}_app", STACK), "it is a canonical's"),
        (Thing(Kind.SERVICE, "x", "../x"), "no stack of ours has such a name"),
        (Thing(Kind.NETWORK, "x", LEFT, Maker.UNSAID), "which canon-sweep has made it"),
    ],
)
def test_a_doubt_is_a_persons_to_decide(thing: Thing, doubt: str) -> None:
    """It may be somebody's, or the only copy of a canonical's data."""
    (stray,) = strays([thing], RECORDS, NONE)

    assert doubt in stray.doubt


def test_while_a_record_cannot_be_read_no_volume_is_a_stray() -> None:
    """It may name any of them, and the stack of any of them."""
    there = [volume(f"{LEFT}_data"), Thing(Kind.SERVICE, f"{LEFT}_app", LEFT)]

    (stray,) = strays(there, NONE, NONE, ["mail"])

    assert stray.what.startswith(f"stack {LEFT}")
    assert "until mail can be read" in stray.doubt


def test_where_all_is_ours_only_names_tell() -> None:
    """As on the local engine, which has no labels."""
    there = things([LEFT], [f"{STACK}_data", f"{LEFT}_data"], [f"{STACK}_pw_v1"])

    assert [str(part) for stray in strays(there, RECORDS, NONE) for part in stray.things] == [
        f"stack {LEFT}",
        f"volume {LEFT}_data",
    ]


def test_a_stack_with_somebody_elses_parts_is_told_by_them() -> None:
    """Data stays where it is, and is nobody's concern then."""
    there = {Thing(Kind.SERVICE, f"{LEFT}_app", LEFT)}
    leftovers = (f"service {LEFT}_app", "service theirs", "volume v", "remains of stack x")

    assert not_ours(leftovers, there) == ("service theirs",)


names = st.sampled_from([f"{stack}_{key}" for stack in (STACK, LEFT) for key in ("a", "b")])
kinds = st.sampled_from(list(Kind))
there = st.lists(st.builds(Thing, kinds, names, st.sampled_from([STACK, LEFT]), st.just(Maker.US)))


@given(there, st.frozensets(names), st.frozensets(names), st.frozensets(st.just(LEFT)))
def test_nothing_that_is_named_is_ever_to_be_removed(
    found: list[Thing], volumes: frozenset[str], secrets: frozenset[str], stacks: frozenset[str]
) -> None:
    """Whoever names it, a record or the journal."""
    named = Named(volumes, secrets, stacks)
    for records, journal in ((named, NONE), (NONE, named)):
        removed = [s for s in strays(found, records, journal) if not s.doubt]
        gone = {part for stray in removed for part in stray.things}

        assert not any(part.kind is Kind.VOLUME and part.name in volumes for part in gone)
        assert not any(part.kind is Kind.SECRET and part.name in secrets for part in gone)
        assert not any(part.stack in stacks and not part.kind.is_data for part in gone)
