"""The order in which recipes have their turn."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.attempts import Attempt, Outcome
from canon_sweep.core.turn import in_turn
from core.examples import NOW, attempt

WEEK = timedelta(days=7)
NAMES = ["app", "blog", "chat"]


def ended(recipe: str, outcome: Outcome, *, quick: bool = False) -> Attempt:
    one = attempt("1.0.0+1", outcome, ago=timedelta(hours=1))
    key = msgspec.structs.replace(one.key, recipe=recipe)
    return msgspec.structs.replace(one, key=key, quick=quick)


def test_who_used_up_the_time_comes_last() -> None:
    """A recipe that was broken off does not take the next run's whole time first."""
    broken = ended("app", Outcome.OUT_OF_TIME)

    assert in_turn(["chat", "app", "blog"], [broken], {}) == ("blog", "chat", "app")
    assert in_turn(NAMES, [broken], {"app": NOW - WEEK}) == ("blog", "chat", "app")


def test_who_has_waited_longest_comes_first() -> None:
    """Whatever it was that he was put off for; then by name."""
    since = {"chat": NOW - 2 * WEEK, "blog": NOW - WEEK}

    assert in_turn([*NAMES, "zoo"], [], since) == ("chat", "blog", "app", "zoo")
    assert in_turn(NAMES, [], dict.fromkeys(NAMES, NOW)) == tuple(NAMES)


def test_only_the_last_cold_attempt_counts() -> None:
    """Once it ended by itself, it has its place again; a quick run says nothing of it."""
    broken = ended("app", Outcome.OUT_OF_TIME)

    assert in_turn(NAMES, [broken, ended("app", Outcome.PROMOTED)], {}) == tuple(NAMES)
    assert in_turn(NAMES, [broken, ended("app", Outcome.PASSED, quick=True)], {})[-1] == "app"
    assert in_turn(NAMES, [ended("app", Outcome.OUT_OF_TIME, quick=True)], {}) == tuple(NAMES)


attempts = st.builds(
    ended, st.sampled_from([*NAMES, "other"]), st.sampled_from(Outcome), quick=st.booleans()
)


@given(
    st.sets(st.sampled_from(NAMES)),
    st.lists(attempts, max_size=8),
    st.dictionaries(st.sampled_from([*NAMES, "other"]), st.just(NOW)),
)
def test_everybody_has_one_turn(
    names: set[str], many: list[Attempt], since: dict[str, datetime]
) -> None:
    """Nobody is left out or taken twice, and each of the parts is sorted."""
    turn = in_turn(names, many, since)

    assert sorted(turn) == sorted(names)
    late = {
        name
        for name in names
        if [a.outcome for a in many if a.key.recipe == name and not a.quick][-1:]
        == [Outcome.OUT_OF_TIME]
    }
    waited = names & since.keys()
    parts = (waited - late, names - waited - late, waited & late, late - waited)
    assert turn == tuple(name for part in parts for name in sorted(part))
