"""The list of used recipes, however it is written down."""

from __future__ import annotations

import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.ccci.used import Used, read


def names(page: str) -> list[str]:
    """The recipes of a page."""
    return [each.name for each in read(textwrap.dedent(page)) if each.name]


@pytest.mark.parametrize(
    "line",
    [
        "- mumble",
        "* mumble",
        "+ `mumble`",
        "1. mumble",
        "12) **mumble**",
        "- [x] mumble",
        "- [ ] [mumble](https://git.example.org/mumble)",
        "- [`mumble`](https://git.example.org/mumble)",
        "- **[mumble](../mumble)** the voice",
        "- mumble: voice",
        "- mumble, voice",
        "- mumble (voice)",
        "- mumble - voice",
        "- mumble \N{EM DASH} voice",
        "  - mumble  ",
        "- mumble # voice",
    ],
)
def test_a_bullet_names_a_recipe(line: str) -> None:
    """In every way that a page has for it."""
    assert read(line) == (Used("mumble", 1),)


def test_a_table_names_recipes() -> None:
    """In the column that says so, else in the first."""
    assert names(
        """
        | # | Recipe | since |
        |---|:-----:|---|
        | 1 | mumble | 2025 |
        | 2 | [n8n](x) | 2025 |

        | what |
        | --- |
        | ghost |
        """
    ) == ["mumble", "n8n", "ghost"]


def test_what_is_no_recipe_is_told() -> None:
    """A line that might name one is nothing to pass over."""
    found = read("- mumble\n- see the other page\n- Nextcloud\n- mumble\n\nSome text: a - b.\n")

    assert [(each.name, each.line) for each in found] == [("mumble", 1), ("", 2), ("", 3)]


def test_examples_in_a_fence_are_none() -> None:
    """They show how the page is written."""
    assert names("```\n- ghost\n| a |\n|---|\n| b |\n```\n- mumble\n") == ["mumble"]


@pytest.mark.parametrize(
    "line",
    ["- " * 100_000 + "x", "|" + "-" * 200_000 + "x|", "- " + "a" * 200_000 + "!", "[" * 200_000],
)
def test_a_long_line_takes_no_time(line: str) -> None:
    """Whatever is repeated in it."""
    started = time.process_time()

    read(f"| a |\n{line}\n{line}\n")

    assert time.process_time() - started < 10


@given(st.text(alphabet="-*|` \n[]()abc1.:#\t", max_size=200) | st.text(max_size=100))
def test_any_page_can_be_read(page: str) -> None:
    """Whatever stands in it."""
    found = [each.name for each in read(page) if each.name]

    assert len(found) == len(set(found))
