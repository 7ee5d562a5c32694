"""Each habit of the wild is promoted, and its near miss is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from recipes.catalogue import Habit, habits
from recipes.operator import Operator, at_work

pytestmark = pytest.mark.swarm

CATALOGUE = habits()


@pytest.fixture
def operator(habit: Habit, docker_host: str, tmp_path: Path) -> Iterator[Operator]:
    """Whoever runs the host that the recipe of the habit is tested on."""
    with at_work(docker_host, tmp_path, habit) as operator:
        yield operator


@pytest.mark.parametrize("habit", CATALOGUE, ids=lambda habit: habit.name)
def test_a_habit_of_the_wild_is_promoted(habit: Habit, operator: Operator) -> None:
    """It means what its author and Docker say."""
    operator.publishes(habit.good)

    entry = operator.sweeps({})

    assert entry.outcome is Outcome.PROMOTED, entry.reason


@pytest.mark.parametrize("habit", CATALOGUE, ids=lambda habit: habit.name)
def test_its_near_miss_is_not(habit: Habit, operator: Operator) -> None:
    """One thing is wrong, and the reason names it."""
    miss = habit.about.near_miss
    operator.publishes(habit.bad)

    entry = operator.sweeps(miss.settings)

    assert entry.outcome == miss.outcome, entry.reason
    assert re.search(miss.reason, entry.reason, re.DOTALL), entry.reason
    assert miss.deploys in (None, entry.deploys)
