"""Names from outside."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core import names

HOSTILE = [
    "../../etc",
    "-x",
    "",
    ".",
    "..",
    "a/b",
    "a b",
    "A",
    "a;b",
    "$(x)",
    "a\n",
    "é",
    "a" * 64,
    "a..b",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_recipe_names_are_refused(name: str) -> None:
    """What becomes a folder cannot lead out of its parent."""
    problem = names.recipe_problem(name)

    assert problem
    assert "\n" not in problem


@pytest.mark.parametrize("name", ["bluesky-pds", "custom-html", "n8n", "matrix_synapse", "a.b"])
def test_real_recipe_names_pass(name: str) -> None:
    """The fleet's names are names."""
    assert names.recipe_problem(name) is None


BRANCHES = ["", "-x", "a..b", "a b", "*", "a\n", "\x1b[2J", "é", "a//b", "/a", "a/", "x.lock"]
BRANCHES += ["a.lock/b", ".a", "a/.b", "a.", "a@{1}", "refs/heads/main", "a:b", "a~1", "b" * 201]


@pytest.mark.parametrize("name", BRANCHES)
def test_a_hostile_branch_is_refused(name: str) -> None:
    """What is asked of a remote can be no pattern, no option and no other ref."""
    problem = names.branch_problem(name)

    assert problem
    assert problem.isprintable()


@pytest.mark.parametrize("name", ["main", "master", "release/v2", "1.x", "dev_2+fix", "a.b/c-d"])
def test_real_branches_pass(name: str) -> None:
    """What people call their branches is a branch."""
    assert names.branch_problem(name) is None


@given(st.text(max_size=80), st.text(max_size=20))
def test_a_stack_label_is_always_a_safe_name(recipe: str, seed: str) -> None:
    """At most four letters, a dash, six hex digits: as cc-ci names its apps."""
    label = names.stack_label(recipe, seed)

    assert re.fullmatch(r"[a-z0-9]{1,4}-[0-9a-f]{6}", label)
    assert names.stack_problem(names.stack_of_domain(f"{label}.ci.example.org")) is None


@given(st.text(max_size=300))
def test_printable_text_is_one_bounded_line(text: str) -> None:
    """A log line cannot be forged by a name in it."""
    shown = names.printable(text)

    assert "\n" not in shown
    assert "\x1b" not in shown
