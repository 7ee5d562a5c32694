"""A tag's place in the order."""

from __future__ import annotations

import operator
import string
import subprocess
import sys
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core import tagpattern
from canon_sweep.core.version import MAX_TAG, IgnoredTag, TagRule, Version

RULE = TagRule(prereleases=True)

numbers = st.integers(min_value=0, max_value=20)
triples = st.tuples(numbers, numbers, numbers)
stages = st.sampled_from(["alpha", "beta", "rc"])
pres = st.none() | st.tuples(stages, st.integers(min_value=0, max_value=20))
LETTERS = string.digits + string.ascii_letters
# what a regular expression would say in one line, in a third of the time
apps = st.builds(operator.add, st.sampled_from(LETTERS), st.text(f"{LETTERS}._~-", max_size=8))


def tag_of(triple: tuple[int, int, int], pre: tuple[str, int] | None, app: str) -> str:
    middle = "" if pre is None else f"-{pre[0]}.{pre[1]}"
    return ".".join(map(str, triple)) + middle + "+" + app


tags = st.builds(tag_of, triples, pres, apps)


def version(tag: str) -> Version:
    read = RULE.read(tag)
    assert isinstance(read, Version), read
    return read


@given(st.lists(tags, min_size=3, max_size=3))
def test_the_order_is_total(three: list[str]) -> None:
    """Any two versions compare, one way only, and three never in a circle."""
    a, b, c = map(version, three)

    assert (a < b) + (b < a) + (a == b) == 1
    assert (a <= b) == (not b < a)
    if a <= b <= c:
        assert a <= c


@given(tags, tags)
def test_versions_are_equal_only_if_their_tags_are(one: str, two: str) -> None:
    """``+X`` and ``+x``, ``+1_0`` and ``+1-0`` are different releases."""
    assert (version(one) == version(two)) == (one == two)


Part = tuple[tuple[int, int, int], tuple[str, int] | None]
parts = st.tuples(triples, pres)


@given(parts, apps, parts, apps)
def test_the_order_agrees_with_semantic_versioning(
    one: Part, app_one: str, two: Part, app_two: str
) -> None:
    """Whatever the app's version, the recipe's own version decides."""
    final = ("~", 0)  # sorts after every stage's name
    left, right = (one[0], one[1] or final), (two[0], two[1] or final)
    if left == right:
        return

    a, b = version(tag_of(*one, app_one)), version(tag_of(*two, app_two))

    assert (a < b) == (left < right)


@given(st.text(max_size=300))
def test_no_tag_is_fatal(text: str) -> None:
    """Whatever a ref is called, it is a version or it is ignored with a reason."""
    read = RULE.read(text)

    assert isinstance(read, Version) or read.reason


@given(st.lists(tags, max_size=8))
def test_sorting_is_deterministic(many: list[str]) -> None:
    """The order in which a remote lists its tags has no influence."""
    forward = sorted(map(version, many))
    backward = sorted(map(version, reversed(many)))

    assert [v.tag for v in forward] == [v.tag for v in backward]


@pytest.mark.parametrize(
    "ascending",
    [
        ["1.0.0+v9", "1.0.0+v10"],
        ["1.0.0+1.9.0", "1.0.0+1.10.0"],
        ["1.0.0-alpha+1", "1.0.0-beta.2+1", "1.0.0-rc1+1", "1.0.0-rc10+1", "1.0.0+0"],
        ["2.0.0+RELEASE.2023-01-01", "10.0.0+29.0.7-fpm"],
        ["3.0.0+v2.0.0", "3.0.1+v2.0.0"],
    ],
)
def test_known_orders(ascending: list[str]) -> None:
    """Numbers inside an app's version count as numbers."""
    for older, newer in pairwise(ascending):
        assert version(older) < version(newer)


@pytest.mark.parametrize(
    "tag",
    [
        "v1.0.3", "v2.4.8", "1.14.1-rootless_1", "20191109", "1.0.0", "1.0+1", "1!1.0.0+1",
        "1.0.0-1+1", "1.0.0-post1+1", "1.0.0-dev1+1", "01.0.0+1", "1.0.0+", "1.0.0+a b",
        "1.0.0+a+b", "-upload-pack=x",
        "1.0.0+$(touch${IFS}/tmp/x)", "1.0.0+../../etc", "1.0.0+x\n", "\u0661.0.0+1",
        "1.0.0+" + "9" * 300, "9" * 300 + ".0.0+1",
    ],
)  # fmt: skip
def test_irregular_tags_are_ignored_with_a_reason(tag: str) -> None:
    """A stray tag would otherwise outrank every real release."""
    read = RULE.read(tag)

    assert isinstance(read, IgnoredTag)
    assert read.reason


def test_numbers_of_any_length_are_numbers() -> None:
    """A time as a version number outranks what is smaller, and is no stray tag."""
    ascending = [
        "999999999.0.0+1", "1000000000.0.0+1", "1000000000.20260614030000.0+1",
        "1000000000.20260614030000.0+10000000000", "9" * 190 + ".0.0+1",
    ]  # fmt: skip

    for older, newer in pairwise(ascending):
        assert version(older) < version(newer)
    stamped = TagRule(prereleases=True).read("1.0.0-rc20260614030000+1")
    assert isinstance(stamped, Version)
    assert stamped < version("1.0.0+1")


def test_prereleases_are_no_releases_unless_the_recipe_says_so() -> None:
    """A release candidate is tested only where that is asked for."""
    assert isinstance(TagRule().read("1.0.0-rc1+1"), IgnoredTag)
    assert isinstance(TagRule(prereleases=True).read("1.0.0-rc1+1"), Version)


def test_a_recipe_may_widen_the_pattern() -> None:
    """Two-part versions with a ``v`` count where the recipe's tagPattern says so."""
    rule = TagRule(r"v(?P<version>[0-9]+\.[0-9]+)(?:\+(?P<app>.*))?")

    older, newer = rule.read("v2.9"), rule.read("v2.10")

    assert isinstance(older, Version)
    assert isinstance(newer, Version)
    assert older < newer
    assert isinstance(rule.read("1.0.0+1"), IgnoredTag)


@pytest.mark.parametrize(
    "pattern",
    ["(", r"v.*", r"(?=v)(?P<version>.*)", r"(?P<version>.*)-(?P=version)", "(?P<version>\ud800)"],
)
def test_a_pattern_that_cannot_work_is_a_problem(pattern: str) -> None:
    """A tagPattern is checked with the configuration, not in the middle of a sweep."""
    assert tagpattern.problem(pattern)
    assert tagpattern.problem(r"(?P<version>.*)") is None


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?P<version>(a+)+)",
        r"(?P<version>(a|a)*)",
        r"(?P<version>(a|aa)+)",
        r"(?P<version>a*a*a*a*a*a*a*a*a*a*)",
        r"(?P<version>(.*)*)",
        r"(?P<version>(a?){50}a{50})",
    ],
)
def test_no_tag_keeps_a_pattern_busy(pattern: str) -> None:
    """Python's own matching would be at it for years, and nobody could stop it."""
    assert tagpattern.problem(pattern) is None
    tags = [f"{'a' * length}!" for length in range(1, MAX_TAG)]
    program = f"from canon_sweep.core.version import TagRule; rule = TagRule({pattern!r})\n"
    program += f"for tag in {tags!r}: assert rule.read(tag).reason"

    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


@given(st.text(st.characters(exclude_categories=[]), max_size=250))
@pytest.mark.parametrize("rule", [TagRule(), TagRule(pattern=r"(?P<version>.+)")])
def test_whatever_is_ignored_can_be_shown_and_stored(rule: TagRule, tag: str) -> None:
    """Bytes that are no text, and what steers a terminal, are escaped in the record."""
    read = rule.read(tag)

    if isinstance(read, IgnoredTag):
        assert read.tag.isprintable()
        assert read.reason.isprintable()
        msgspec.json.encode(read)


@pytest.mark.parametrize("tag", ["caf\udce9", "1.0.0\x1b[31m+1", "\udce9" * 201])
def test_a_hostile_tag_is_ignored_in_plain_characters(tag: str) -> None:
    """Each is named in the results, so each must be able to stand there."""
    read = TagRule().read(tag)

    assert isinstance(read, IgnoredTag)
    assert read.tag.isascii()
    assert read.tag.isprintable()
    msgspec.json.encode(read)


def test_a_pattern_of_letters_by_class_is_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    """Python means to read it in another way some day, and said so with a line of our source."""
    assert tagpattern.problem("(?P<version>[[:digit:].]+)") is None
    assert not recwarn.list
    assert TagRule("v(?P<version>[[:digit:].]+)").read("v1.0").tag == "v1.0"
