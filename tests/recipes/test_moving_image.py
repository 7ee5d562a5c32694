"""Which image was proven is in the record and in the log, and whether its registry was asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.image import CODE
from engine.registry import Registry
from recipes.catalogue import habits
from recipes.operator import Operator, at_work

pytestmark = pytest.mark.swarm

(HABIT,) = (habit for habit in habits() if habit.name == "moving-image")


@pytest.fixture
def operator(docker_host: str, tmp_path: Path) -> Iterator[Operator]:
    """Whoever has a recipe with a moving image."""
    with at_work(docker_host, tmp_path, HABIT) as operator:
        yield operator


def registry(operator: Operator) -> Registry:
    """Where its image comes from."""
    assert operator.registry is not None
    return operator.registry


def name(operator: Operator) -> str:
    """What the recipe calls its image."""
    return f"{registry(operator).host}/app:1"


def test_the_digest_that_was_proven_is_in_the_record_and_in_the_log(operator: Operator) -> None:
    """What users get is what was proven, and years later one can still say what that was."""
    operator.publishes(HABIT.good)

    entry = operator.sweeps({})

    (image,) = entry.images
    record = operator.record
    assert record is not None
    assert record.images == {image.name: image.digest} == {name(operator): operator.now["1"]}
    assert f"image {image.name} is {image.digest}\n" in operator.log(record.run_id)
    assert CODE not in {note.code for note in entry.notes}


def test_a_registry_that_cannot_be_asked_is_a_note_of_the_result(operator: Operator) -> None:
    """Green all the same, with what is here; the report says what nobody knows."""
    operator.publishes(HABIT.good)
    operator.pulls("1")
    registry(operator).stop()

    entry = operator.sweeps({})

    assert entry.outcome is Outcome.PROMOTED, entry.reason
    (note,) = (note for note in entry.notes if note.code == CODE)
    assert name(operator) in note.text
    assert "could not be asked" in note.text


def test_an_image_that_is_gone_says_nothing_of_the_recipe(operator: Operator) -> None:
    """It is infra, so that the next run asks again, and nothing is put up."""
    operator.publishes(HABIT.good)
    operator.pulls("1")
    registry(operator).withdraw("app:1", operator.now["1"])

    entry = operator.sweeps({})

    assert (entry.outcome, entry.deploys) == (Outcome.INFRA, 0)
    assert f"image {name(operator)} is not in its registry" in entry.reason
