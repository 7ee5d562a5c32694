"""Which data is kept where not all of it fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.budget import (
    AtLeast,
    Budget,
    Share,
    Size,
    excess,
    outlook,
    reckoned,
    retained,
    share,
    size_of,
    total,
)
from canon_sweep.core.canonical import Canonical, KeptVolume
from canon_sweep.core.space import Mark


def record(recipe: str, *sizes: int | None, engine: str = "local") -> Canonical:
    """One with volumes of these sizes."""
    return Canonical(
        recipe=recipe,
        version="1.0.0+1",
        commit="c" * 40,
        engine=engine,
        stack=recipe,
        volumes=tuple(KeptVolume(name=f"{recipe}_{n}", bytes=s) for n, s in enumerate(sizes)),
        retained="volume",
    )


def test_without_a_budget_all_is_kept() -> None:
    """However much there is."""
    assert share("notes", 10**15, {"site": 10**15}, Budget()) == Share()


def test_what_fits_exactly_is_kept_and_a_byte_more_is_not() -> None:
    """It is the new data that is not; the figures are in the reason."""
    assert share("notes", 40, {"site": 60}, Budget(100)) == Share()

    found = share("notes", 41, {"site": 60}, Budget(100))

    assert not found.is_kept
    assert found.takes == ()
    assert found.why == (
        "its 41 bytes and the 60 bytes of the others are more than disk.budget, 100 bytes"
    )


def test_who_has_no_data_fits_everywhere() -> None:
    """Also where the budget was lowered below what is there."""
    assert share("notes", 0, {"site": 60}, Budget(10)) == Share()


def test_without_priorities_nobody_elses_data_goes() -> None:
    """Nor where only one of the two has one."""
    others: dict[str, Size] = {"site": 60}

    for priorities in ({}, {"notes": 9}, {"site": 0}, {"notes": 5, "site": 5}):
        assert share("notes", 50, others, Budget(100, priorities)).takes == ()


def test_the_less_important_gives_way() -> None:
    """The least important first, of these the largest, and none for nothing."""
    others: dict[str, Size] = {"a": 10, "b": 20, "c": 30, "d": 40}
    ranks = {"notes": 9, "a": 1, "b": 1, "c": 2, "d": 8}

    def takes(size: int) -> tuple[str, ...]:
        return share("notes", size, others, Budget(100, ranks)).takes

    assert takes(20) == ("b",)
    assert takes(30) == ("b", "a")
    # b and a alone would not do, and with c neither a nor b has to go with it
    assert takes(60) == ("b", "a", "c")
    assert takes(50) == ("b", "c")
    assert share("notes", 101, others, Budget(100, ranks)).takes == ()


def test_a_size_that_is_not_known_is_never_zero() -> None:
    """Of the new data: nobody can say that it fits.  Of others': the sum is at least the rest."""
    assert not share("notes", None, {}, Budget(100)).is_kept
    assert str(total({"a": 5, "b": None})) == "at least 5 bytes"
    assert size_of(record("notes", 5, None)) == AtLeast(5)
    assert not share("notes", AtLeast(5), {}, Budget(100)).is_kept


def test_what_is_known_of_a_canonical_counts_though_not_all_of_it_is() -> None:
    """Else ninety bytes were none because of one volume beside them that nobody could weigh."""
    sizes = retained([record("mail", 90, None)], [], "local")

    assert str(total(sizes)) == "at least 90 bytes"
    assert total(sizes).unknown == ("mail",)
    assert not share("notes", 11, sizes, Budget(100)).is_kept
    # how much would come free is not known: it is nobody's reason to take it
    assert share("notes", 11, sizes, Budget(100, {"notes": 9, "mail": 1})).takes == ()
    assert share("notes", 10, sizes, Budget(100)) == Share()


def test_a_size_that_is_not_known_costs_nobody_his_data() -> None:
    """It frees nobody knows how much; and the others' new data is judged by what is known."""
    ranks = {"notes": 9, "a": 1}

    assert share("notes", 50, {"a": None, "b": 60}, Budget(100, ranks)).takes == ()
    assert share("notes", 40, {"a": None, "b": 60}, Budget(100, ranks)) == Share()


def test_what_another_engine_keeps_is_not_on_this_disk() -> None:
    """And what cannot be read may keep anything."""
    records = [record("notes", 5, 6), record("site", 7, engine="swarm")]

    assert retained(records, ["mail"], "local") == {"notes": 11, "mail": None}


def test_a_harness_that_retains_too_much_is_only_told() -> None:
    """Nobody's data is weighed against its."""
    there = total({"notes": 30, "site": None})

    assert excess(there, Budget(30)) == ""
    assert excess(there, Budget()) == ""
    assert "retain at least 30 bytes, more than disk.budget, 29 bytes" in excess(there, Budget(29))


def test_what_was_given_up_takes_no_room() -> None:
    """The record remembers how much it was."""
    without = record("notes", 5, 6).without_data("over the budget")

    assert size_of(without) == 0
    assert (without.retained, without.secrets) == ("record-only", ())
    assert sum(volume.bytes or 0 for volume in without.unkept) == 11
    assert "run --retry notes" in without.data_lost


NAMES = ("a", "b", "c", "d", "e", "f")
names = st.sampled_from(NAMES)
sizes = st.integers(0, 100) | st.none()
fleets = st.dictionaries(names, sizes)
ranks = st.dictionaries(names, st.integers(0, 3))


@given(names, sizes, fleets, st.integers(1, 300), ranks)
def test_a_share_is_always_the_same_and_never_takes_what_it_may_not(
    recipe: str, size: int | None, fleet: dict[str, int | None], limit: int, rank: dict[str, int]
) -> None:
    """Only known sizes of a lower priority, no more than needed, and only where that helps."""
    others = {other: s for other, s in fleet.items() if other != recipe}
    budget = Budget(limit, rank)

    found = share(recipe, size, others, budget)

    backwards = dict(reversed(others.items()))
    assert found == share(recipe, size, backwards, Budget(limit, dict(reversed(rank.items()))))
    for other in found.takes:
        assert others[other]
        assert rank[other] < rank[recipe]
    if not found.is_kept:
        assert found.takes == ()
        assert size is None or total(others).bytes + size > limit
        return
    left = {other: s for other, s in others.items() if other not in found.takes}
    if size:
        assert total(left).bytes + size <= limit
        for spared in found.takes:
            assert total(left | {spared: others[spared]}).bytes + size > limit


@given(st.lists(st.tuples(names, sizes), max_size=40), st.integers(1, 300), ranks)
def test_the_budget_holds_after_every_promotion(
    promotions: list[tuple[str, int | None]], limit: int, rank: dict[str, int]
) -> None:
    """Whatever is promoted in whatever order; and every record is kept."""
    budget = Budget(limit, rank)
    records: dict[str, Canonical] = {}
    for recipe, size in promotions:
        new = record(recipe, *([] if size == 0 else [size]))
        others = {name: size_of(each) for name, each in records.items() if name != recipe}
        found = share(recipe, size_of(new), others, budget)
        for other in found.takes:
            records[other] = records[other].without_data("it went")
        records[recipe] = new if found.is_kept else new.without_data(found.why)

        assert total({name: size_of(each) for name, each in records.items()}).bytes <= limit
        assert not total({name: size_of(each) for name, each in records.items()}).unknown
    assert records.keys() == {recipe for recipe, _ in promotions}


@pytest.mark.parametrize("share_of_budget", [1.5, 3.0])
@given(st.lists(st.integers(1, 50), min_size=3, max_size=21))
def test_a_fleet_that_is_too_large_ends_at_or_below_the_budget(
    share_of_budget: float, fleet: list[int]
) -> None:
    """What fits is kept, in turn; of the rest there are records."""
    limit = int(sum(fleet) / share_of_budget)
    if not limit:
        return
    kept: dict[str, int | None] = {}
    for number, size in enumerate(fleet):
        found = share(f"r{number}", size, kept, Budget(limit))
        kept[f"r{number}"] = size if found.is_kept else 0
        assert total(kept).bytes <= limit
    # nobody was turned away who would fit
    rest = limit - total(kept).bytes
    assert all(kept[f"r{n}"] == size or size > rest for n, size in enumerate(fleet))


def test_of_two_that_one_could_be_spared_it_is_the_more_important() -> None:
    """And not both: what is left has to be enough."""
    others: dict[str, Size] = {"a": 10, "b": 10, "c": 30}

    found = share("notes", 40, others, Budget(55, {"notes": 9, "a": 1, "b": 2, "c": 3}))

    assert found.takes == ("a", "c")


def test_what_is_known_of_data_that_is_to_come_is_told() -> None:
    """Nobody takes an assumption for a measure, nor what was broken off for a whole test."""
    assert reckoned(Mark(30, 30)) == "up to 30 bytes in its last tests"
    assert reckoned(Mark(30, 20, known=False)) == (
        "at least 20 bytes in its last tests, 30 bytes assumed"
    )
    assert reckoned(Mark(30, 30, known=False)) == "at least 30 bytes in its last tests"
    assert reckoned(Mark(30, 0, known=False)) == "unknown, 30 bytes assumed"


def test_who_has_no_canonical_is_reckoned_with_what_its_tests_had() -> None:
    """It has a place to the byte, or the figures are told."""
    others: dict[str, Size] = {"site": 60, "wiki": AtLeast(10)}

    assert outlook("notes", Mark(30, 30), others, Budget(100)) == Share()
    assert outlook("notes", Mark(31, 0, known=False), others, Budget(100)).why == (
        "its data (unknown, 31 bytes assumed) and the at least 70 bytes of the others are more"
        " than disk.budget, 100 bytes"
    )
    assert outlook("notes", Mark(10**15, 0, known=False), others, Budget()) == Share()


def test_a_canonical_gives_way_to_what_is_known_alone() -> None:
    """By priority, as it will; what is assumed is no reason, whatever the operator prefers."""
    others: dict[str, Size] = {"site": 60}
    budget = Budget(100, {"notes": 9, "site": 1})

    assert outlook("notes", Mark(50, 50), others, budget).takes == ("site",)
    assert outlook("notes", Mark(50, 50, known=False), others, budget).takes == ()
    assert not outlook("notes", Mark(50, 50, known=False), others, budget).is_kept
