"""The values of secrets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.modifier import Making
from canon_sweep.core.secret import Secret
from canon_sweep.engine.secret import random_value


@given(st.integers(1, 200), st.text(st.characters(codec="ascii"), min_size=1))
def test_a_value_has_the_length_and_the_letters_that_are_asked_for(
    length: int, letters: str
) -> None:
    """And no others."""
    value = random_value(Secret("st_key_v1", Making(length, letters)))

    assert len(value) == length
    assert set(value) <= set(letters)


def test_no_two_values_are_alike() -> None:
    """Each deployment has its own."""
    secret = Secret("st_key_v1")

    assert len({random_value(secret) for _ in range(20)}) == 20
