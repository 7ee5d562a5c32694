"""Which versions a rule of the settings is for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from canon_sweep.core.versionrule import VersionRule, rule_of

VERSIONS = st.builds(
    lambda numbers, pre: Version(".".join(map(str, numbers)) + pre),
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
    st.sampled_from(["", "-rc1", "-beta2"]),
)


@pytest.mark.parametrize(
    ("text", "version", "holds"),
    [
        (">= 1.0.0", "1.0.0", True),
        (">= 1.0.0", "0.9.9", False),
        (">=1.0.0,<2", "1.9.0", True),
        (">=1.0.0,<2", "2.0.0", False),
        (" > 1 ", "1.0.1", True),
        ("== 1.2", "1.2.0", True),
        ("!= 1.2.0", "1.2.0", False),
        ("<= 10.0.0", "9.9.9", True),
        # where packaging's own specifiers say no to both
        ("< 1.0.0", "1.0.0-rc1", True),
        (">= 1.0.0-rc1", "1.0.0-rc1", True),
    ],
)
def test_a_rule_holds_as_releases_are_ordered(text: str, version: str, holds: bool) -> None:
    """By the part before the ``+``, numbers as numbers."""
    assert rule_of(text).holds(Version(version)) is holds


@given(bound=VERSIONS, version=VERSIONS)
def test_of_two_rules_that_share_a_bound_one_holds(bound: Version, version: Version) -> None:
    """No version falls between what is for the older and what is for the newer."""
    for one, other in (("<", ">="), (">", "<="), ("==", "!=")):
        first, second = rule_of(f"{one} {bound}"), rule_of(f"{other} {bound}")
        assert first.holds(version) is not second.holds(version)
        assert first.holds(None) is not second.holds(None)


def test_what_nobody_knows_the_version_of_is_newer_than_all() -> None:
    """As it is for the choice of its base: a pull request comes after every release."""
    assert rule_of(">= 1.0.0, != 2").holds(None)
    assert not rule_of("< 99").holds(None)
    assert not rule_of(">= 1, == 2").holds(None)


def test_without_a_rule_it_is_for_every_version() -> None:
    """Nothing said is no limit."""
    assert rule_of(None) == VersionRule()
    assert rule_of(None).holds(None)
    assert rule_of(None).holds(Version("1.0.0"))


@pytest.mark.parametrize(
    "text",
    ["", " ", ",", "1.0.0", ">= 1,", "~= 1.0", "=== 1", "= 1", "=> 1", "^1", ">= 1.*", ">= v", ">=",
     ">= 1.0.0+1", ">= 1.post1", ">= 1.dev1", "< 1!0", ">= 1 < 2", "\n", ">= " + "1" * 300],
)  # fmt: skip
def test_what_is_no_rule(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"\S"):
        rule_of(text)
