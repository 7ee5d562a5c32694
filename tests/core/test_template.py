"""Texts with placeholders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core import template

VALUES = {"recipe": "notes", "tag": "1.0.0+1", "base": ""}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{recipe}", "notes"),
        ("a{recipe}b{tag}c{base}d", "anotesb1.0.0+1cd"),
        ("{{recipe}}", "{recipe}"),
        ("{{{recipe}}}", "{notes}"),
        ('{{"a": "{tag}"}}', '{"a": "1.0.0+1"}'),
        ("", ""),
    ],
)
def test_placeholders_are_filled_in_and_doubled_braces_are_braces(text: str, filled: str) -> None:
    """JSON can be written, and nothing else has to be known of it."""
    assert template.problem(text, VALUES) is None
    assert template.fill(text, VALUES) == filled


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{recipes}", "'{recipes}' stands for nothing: there is {recipe}, {tag}, {base}"),
        ("{}", "'{}' stands for nothing"),
        ("{ recipe }", "'{ recipe }' stands for nothing"),
        ("a {", "has a lone {; a brace that is meant is written twice"),
        ("a } b", "has a lone }"),
        ("{{recipe}", "has a lone }"),
    ],
)
def test_what_stands_for_nothing_is_told(text: str, cause: str) -> None:
    """It would be taken as it is written, which nobody meant."""
    assert cause in (template.problem(text, VALUES) or "")


@given(st.text(alphabet="{}abc"), st.text())
def test_a_text_is_filled_in_or_has_a_problem(text: str, value: str) -> None:
    """And a value is never looked at for further placeholders."""
    values = {"a": value, "b": "{a}", "c": "}"}
    if template.problem(text, values) is None:
        template.fill(text, values)


@given(st.text())
def test_any_text_can_be_written(text: str) -> None:
    """With its braces doubled."""
    written = text.replace("{", "{{").replace("}", "}}")

    assert template.problem(written, ()) is None
    assert template.fill(written, {}) == text
